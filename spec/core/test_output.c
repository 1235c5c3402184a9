/*
** test_output.c - outputs where the file system, or the kernel, lacks what
** they rest on: files without a name, /proc, names that are free.
**
** The linker puts the functions below in the place of the C library's.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

GUEST(puts_and_exits,
      "mov $3, %edi\n mov $0x21000, %esi\n mov $3, %edx\n xor %ecx, %ecx\n"
      "gate 2\n mov $7, %edi\n finish",
      ".ascii \"new\"");
GUEST(puts_and_faults,
      "mov $3, %edi\n mov $0x21000, %esi\n mov $3, %edx\n xor %ecx, %ecx\n"
      "gate 2\n hlt",
      ".ascii \"new\"");

static const zvm_isolation both[] = {ZVM_ISOLATION_PROCESS,
                                     ZVM_ISOLATION_INLINE};
static char directory[] = "/tmp/zvm-output-XXXXXX";
static char path[64];


/* -- What can be missing ------------------------------------------------- */

static int without_tmpfile; /* an errno, or 0 */
static bool without_proc;
static int same_names; /* so many numbers in a row are the same */
static int without_rename;
static int unnamed; /* files without a name that were opened */
static int unread;  /* an errno, or 0 */
static int unsaved; /* what closing a file of `directory` says, or 0 */

int __real_openat(int dir, const char *name, int flags, ...);
int __wrap_openat(int dir, const char *name, int flags, ...);
int __real_faccessat(int dir, const char *name, int mode, int flags);
int __wrap_faccessat(int dir, const char *name, int mode, int flags);
int __real_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b);
ssize_t __real_getrandom(void *to, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *to, size_t size, unsigned flags);


int __real_linkat(int from, const char *a, int to, const char *b, int flags);
int __wrap_linkat(int from, const char *a, int to, const char *b, int flags);
ssize_t __real_pread(int fd, void *to, size_t size, off_t at);
ssize_t __wrap_pread(int fd, void *to, size_t size, off_t at);
int __real_close(int fd);
int __wrap_close(int fd);


int __wrap_openat(int dir, const char *name, int flags, ...) {
  va_list ap;
  va_start(ap, flags);
  mode_t mode = va_arg(ap, mode_t);
  va_end(ap);
  if ((flags & O_TMPFILE) == O_TMPFILE) {
    unnamed++;
    if (without_tmpfile != 0) {
      errno = without_tmpfile;
      return -1;
    }
  }
  return __real_openat(dir, name, flags, mode);
}


int __wrap_faccessat(int dir, const char *name, int mode, int flags) {
  if (!without_proc)
    return __real_faccessat(dir, name, mode, flags);
  errno = ENOENT;
  return -1;
}


int __wrap_linkat(int from, const char *a, int to, const char *b, int flags) {
  if (!without_proc)
    return __real_linkat(from, a, to, b, flags);
  errno = ENOENT;
  return -1;
}


ssize_t __wrap_pread(int fd, void *to, size_t size, off_t at) {
  if (unread == 0)
    return __real_pread(fd, to, size, at);
  errno = unread;
  return -1;
}


int __wrap_close(int fd) {
  int flags = fcntl(fd, F_GETFL);
  struct stat st;
  bool fails = unsaved != 0 && flags >= 0 && (flags & O_ACCMODE) == O_WRONLY &&
               fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
  int result = __real_close(fd);
  if (!fails)
    return result;
  errno = unsaved;
  return -1;
}


int __wrap_renameat(int from, const char *a, int to, const char *b) {
  if (without_rename == 0)
    return __real_renameat(from, a, to, b);
  errno = without_rename;
  return -1;
}


ssize_t __wrap_getrandom(void *to, size_t size, unsigned flags) {
  if (same_names-- <= 0)
    return __real_getrandom(to, size, flags);
  memset(to, 0x5a, size);
  return (ssize_t)size;
}


/* -- Runs ---------------------------------------------------------------- */

static zvm_report report;
static zvm_error error;
static int64_t os;


static zvm_session *session(zvm_module *m, zvm_isolation isolation) {
  zvm_channel_options ch = {.alias = "/dev/f",
                            .source = ZVM_SOURCE_FILE,
                            .mode = ZVM_MODE_WRITE,
                            .path = path,
                            .limits = {0, 0, 9, 9}};
  zvm_session_options opt = {
      .channels = &ch, .channels_count = 1, .isolation = isolation};
  return zvm_session_new(m, &opt, &error);
}


static bool run(const unsigned char *pages, zvm_isolation isolation) {
  zvm_module *m = guest(pages);
  zvm_session *s = session(m, isolation);
  bool ran = s != NULL && zvm_session_run(s, &report, &error) == ZVM_OK;
  os = ran ? report.channels[3].os : -1;
  zvm_session_free(s);
  zvm_module_free(m);
  return ran;
}


static int names(void) {
  DIR *d = opendir(directory);
  int n = -2;
  while (readdir(d) != NULL)
    n++;
  (void)closedir(d);
  return n;
}


static bool holds(const char *text) {
  char got[32] = "";
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  ssize_t n = read(fd, got, sizeof got - 1);
  (void)close(fd);
  return n >= 0 && strcmp(got, text) == 0;
}


static void put_old(void) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  (void)!write(fd, "old", 3);
  (void)close(fd);
}


static mode_t mode_of(void) {
  struct stat st;
  return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}


/* All of it, where this and that is missing. */
static void works(const char *where) {
  printf("# %s\n", where);
  for (int i = 0; i < 2; i++) {
    put_old();
    (void)chmod(path, 0604);
    ok(run(puts_and_exits, both[i]) && report.code == 7 && holds("new") &&
           os == 0 && names() == 1,
       "an exit replaces the file");
    is(mode_of(), 0604, "which keeps its rights");
    (void)unlink(path);
    ok(run(puts_and_exits, both[i]) && holds("new") && names() == 1,
       "or makes it");
    put_old();
    ok(run(puts_and_faults, both[i]) && report.state == ZVM_STATE_FAULT &&
           holds("old") && names() == 1,
       "a fault leaves the old one and nothing else");
    (void)unlink(path);
    ok(run(puts_and_faults, both[i]) && names() == 0, "or nothing at all");
  }
}


/* -- Cases --------------------------------------------------------------- */

static void names_that_are_taken(void) {
  /* The name of the first try is there already. */
  char taken[96];
  (void)snprintf(taken, sizeof taken, "%s/.zvm-5a5a5a5a5a5a5a5a", directory);
  (void)close(open(taken, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  for (int i = 0; i < 2; i++) {
    without_tmpfile = i == 0 ? 0 : EOPNOTSUPP;
    put_old();
    same_names = 2;
    ok(run(puts_and_exits, both[0]) && holds("new") && names() == 2,
       "a temporary name that is taken is left alone");
  }
  same_names = 1000;
  put_old();
  ok(!run(puts_and_exits, both[0]) && error.status == ZVM_E_CHANNEL &&
         strstr(error.text, "partial = true") != NULL && names() == 2,
     "and if all are, the channel cannot be opened");
  without_tmpfile = 0;
  same_names = 1000;
  ok(run(puts_and_exits, both[0]) && os == EEXIST && holds("old") &&
         names() == 2,
     "or its file cannot take its name, which the report says");
  same_names = 0;
  (void)unlink(taken);
  (void)unlink(path);
}


static void renames_that_fail(void) {
  without_rename = EIO;
  for (int i = 0; i < 4; i++) {
    without_tmpfile = i < 2 ? 0 : EISDIR;
    put_old();
    ok(run(puts_and_exits, both[i % 2]) && os == EIO && holds("old") &&
           report.state == ZVM_STATE_EXIT && names() == 1,
       "a file that cannot be replaced is an error in the report");
  }
  without_rename = without_tmpfile = 0;
  (void)unlink(path);
}


/* Some file systems write when a file is closed, and only say then. */
static void files_that_are_not_saved(void) {
  for (int i = 0; i < 4; i++) {
    without_tmpfile = i < 2 ? 0 : EISDIR;
    unsaved = 0;
    put_old();
    unsaved = EDQUOT;
    ok(run(puts_and_exits, both[i % 2]) && os == EDQUOT && holds("old") &&
           names() == 1,
       "a file that could not be written to its end replaces none");
    (void)unlink(path);
    ok(run(puts_and_exits, both[i % 2]) && os == EDQUOT && names() == 0,
       "nor is there a new one");
  }
  unsaved = without_tmpfile = 0;
}


/* By this process: it is the one whose functions these are. */
static void content_that_cannot_be_read(void) {
  zvm_module *m = guest(puts_and_exits);
  zvm_channel_options ch = {.alias = "/dev/f",
                            .source = ZVM_SOURCE_FILE,
                            .mode = ZVM_MODE_WRITE,
                            .type = ZVM_TYPE_RGET_RPUT,
                            .etag = ZVM_ETAG_MD5,
                            .path = path,
                            .limits = {0, 0, 9, 9}};
  zvm_session_options opt = {.channels = &ch,
                             .channels_count = 1,
                             .isolation = ZVM_ISOLATION_INLINE};
  zvm_session *s = zvm_session_new(m, &opt, &error);
  unread = EIO;
  ok(zvm_session_run(s, &report, &error) == ZVM_OK &&
         report.state == ZVM_STATE_EXIT && report.channels[3].has_etag &&
         !report.channels[3].has_final_etag && report.channels[3].os == EIO,
     "content that cannot be read has no etag, and the report says why");
  unread = 0;
  zvm_session_free(s);
  zvm_module_free(m);
  (void)unlink(path);
}


/* A forked child frees what it has copies of. */
static void children(void) {
  without_tmpfile = EOPNOTSUPP;
  zvm_module *m = guest(puts_and_exits);
  zvm_session *s = session(m, ZVM_ISOLATION_PROCESS);
  pid_t pid = fork();
  if (pid == 0) {
    zvm_session_free(s);
    _exit(0);
  }
  (void)waitpid(pid, NULL, 0);
  ok(zvm_session_run(s, &report, &error) == ZVM_OK &&
         report.channels[3].os == 0 && holds("new"),
     "a child's copy of a session takes no file away");
  zvm_session_free(s);
  s = session(m, ZVM_ISOLATION_PROCESS);
  zvm_session_free(s);
  is(names(), 1, "one that never ran leaves none");
  zvm_module_free(m);
  without_tmpfile = 0;
  (void)unlink(path);
}


int main(void) {
  if (mkdtemp(directory) == NULL)
    return 1;
  (void)snprintf(path, sizeof path, "%s/f", directory);
  works("with files that have no name");
  ok(unnamed > 0, "they were asked for");
  int before = open_descriptors();
  static const int errors[] = {EOPNOTSUPP, EISDIR, EINVAL};
  for (int i = 0; i < 3; i++) {
    without_tmpfile = errors[i];
    works("without such files");
  }
  without_tmpfile = 0;
  without_proc = true;
  works("without /proc");
  without_proc = false;
  names_that_are_taken();
  renames_that_fail();
  files_that_are_not_saved();
  children();
  content_that_cannot_be_read();
  is(open_descriptors(), before, "no descriptor stays open");
  (void)rmdir(directory);
  return tap_done();
}
