/*
** random.c - a long row of calls taken by chance; args: seed, calls, tell.
**
** Runs natively too, and says the same: after every hundred calls a number
** made from all results, and at the end one made from the tree.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include "both.h"

#include <sys/syscall.h>
#include <sys/uio.h>

#define FDS 12 /* descriptors 3 and up */

static uint64_t state;
static uint32_t told = 1;
static int tell;
/* Rooms that were reserved are holes to Linux, and data here: a run has
** either those or the search for holes. */
static int reserves;

static uint32_t chance(uint32_t below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33) % below;
}

static void result(const char *what, long a, long b, long long got) {
  int number = got < 0 ? errno : 0;
  long long all[4] = { a, b, got, number };
  told = hash_bytes(told, all, sizeof(all));
  if (tell) printf("%s %ld %ld = %lld %d\n", what, a, b, got, number);
}

static void result_bytes(const void *p, long n) {
  if (n > 0) told = hash_bytes(told, p, n);
  if (tell && n > 0) printf("  bytes %08x\n", hash_bytes(1, p, n));
}

/* A name of one of few, some levels deep. */
static const char *a_path(void) {
  static char paths[4][64];
  static unsigned turn;
  char *p = paths[turn++ & 3];
  unsigned depth = chance(3);
  *p = 0;
  for (unsigned i = 0; i < depth; i++)
    sprintf(p + strlen(p), "%c/", "abcL"[chance(4)]);
  sprintf(p + strlen(p), "%c", "abcdefLM"[chance(8)]);
  if (!chance(40)) strcat(p, "/");
  if (!chance(60)) strcat(p, "/..");
  return p;
}

static int a_descriptor(void) { return 3 + chance(FDS); }

/* Mostly small, often at the edge of a page or of the head. */
static long an_offset(void) {
  static const long edges[] = { 0, 2048, 4096, 8192, 65536, 1 << 20, 12288 };
  if (chance(3)) {
    long edge = edges[chance(7)];
    return edge + (long)chance(5) - 2;
  }
  return chance(chance(4) ? 20000 : 3000000);
}

static long a_size(void) {
  static const long edges[] = { 1, 16, 100, 2048, 4096, 8192, 65536 };
  long edge = edges[chance(7)] + (long)chance(3) - 1;
  return chance(2) ? (long)chance(300) : edge;
}

static char data[70000];

static void fill(long n) {
  unsigned from = chance(1000);
  for (long i = 0; i < n; i++) data[i] = (char)(i * 7 + from + (i >> 8));
}

/* -- Calls with descriptors ---------------------------------------------- */

static void do_open(void) {
  static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR, O_RDWR };
  static const int more[] = { O_CREAT, O_CREAT, O_CREAT, O_EXCL | O_CREAT,
                              O_TRUNC, O_APPEND, O_NOFOLLOW, O_DIRECTORY };
  int how = modes[chance(5)], fd;
  const char *path = a_path();
  for (unsigned i = chance(4); i; i--) how |= more[chance(8)];
  if ((how & O_CREAT) && (how & O_DIRECTORY)) how &= ~O_DIRECTORY;
  fd = chance(20) ? open(path, how, 0700)
                  : open(".", O_TMPFILE | O_RDWR, 0600);
  if (fd >= 3 + FDS) {
    close(fd);
    fd = 99;
  }
  if (tell) printf("open %s: ", path);
  result("open", how & 3, 0, fd);
}

static void do_read(void) {
  int fd = a_descriptor();
  long size = a_size(), n = read(fd, data, size);
  result("read", fd, size, n);
  result_bytes(data, n);
}

static void do_pread(void) {
  int fd = a_descriptor();
  long size = a_size(), off = an_offset(), n = pread(fd, data, size, off);
  result("pread", fd, off, n);
  result_bytes(data, n);
}

static void do_write(void) {
  int fd = a_descriptor();
  long size = a_size();
  fill(size);
  result("write", fd, size, write(fd, data, size));
}

static void do_pwrite(void) {
  int fd = a_descriptor();
  long size = a_size(), off = an_offset();
  fill(size);
  if (tell) printf("size %ld: ", size);
  result("pwrite", fd, off, pwrite(fd, data, size, off));
}

static void do_vector(void) {
  int fd = a_descriptor();
  struct iovec v[3] = { { data, a_size() / 3 }, { data + 30000, 0 },
                        { data + 40000, a_size() / 3 } };
  fill(sizeof(data));
  if (chance(2)) {
    result("writev", fd, v[0].iov_len, writev(fd, v, 3));
  } else {
    result("preadv", fd, v[0].iov_len, preadv(fd, v, 3, an_offset()));
    result_bytes(data, sizeof(data));
  }
}

static void do_lseek(void) {
  static const int from[] = { SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA,
                              SEEK_HOLE };
  int fd = a_descriptor(), whence = from[chance(reserves ? 3 : 5)];
  long off = an_offset() - (chance(3) ? 0 : 5000);
  struct stat st;
  if (!fstat(fd, &st) && S_ISDIR(st.st_mode)) return;
  if (tell) printf("whence %d: ", whence);
  result("lseek", fd, off, lseek(fd, off, whence));
}

static void do_ftruncate(void) {
  int fd = a_descriptor();
  long size = an_offset();
  result("ftruncate", fd, size, ftruncate(fd, size));
}

static void do_fallocate(void) {
  int fd = a_descriptor(), mode = reserves ? chance(4) : 3;
  long off = an_offset(), size = a_size() * 3;
  if (tell) printf("mode %d size %ld: ", mode, size);
  result("fallocate", fd, off,
         syscall(SYS_fallocate, fd, mode, (off_t)off, (off_t)size));
}

static void do_fstat(void) {
  int fd = a_descriptor(), r;
  struct stat st;
  r = fstat(fd, &st);
  result("fstat", fd, 0, r);
  if (r) return;
  result("  mode", st.st_mode, st.st_nlink, 0);
  if (!S_ISDIR(st.st_mode)) result("  size", st.st_size, st.st_blocks, 0);
}

static void do_close(void) {
  int fd = a_descriptor();
  result("close", fd, 0, close(fd));
}

static void do_dup(void) {
  int from = a_descriptor(), to = a_descriptor();
  switch (chance(3)) {
    case 0: result("dup2", from, to, dup2(from, to)); break;
    case 1: result("dup3", from, to, dup3(from, to, O_CLOEXEC)); break;
    default:
      to = fcntl(from, F_DUPFD, 3);
      if (to >= 3 + FDS) close(to);
      result("F_DUPFD", from, 0, to);
  }
}

static void do_fcntl(void) {
  int fd = a_descriptor(), flags = fcntl(fd, F_GETFL);
  result("F_GETFD", fd, 0, fcntl(fd, F_GETFD));
  result("F_GETFL", fd, 0, flags < 0 ? flags : flags & (3 | O_APPEND));
  if (chance(2)) fcntl(fd, F_SETFL, chance(2) ? O_APPEND : 0);
  else fcntl(fd, F_SETFD, chance(2));
}

/* -- Calls with names ---------------------------------------------------- */

static void do_rename(void) {
  const char *from = a_path(), *to = a_path();
  unsigned how = chance(6);
  if (tell) printf("%s %s: ", from, to);
  result("rename", how, 0,
         how < 3 ? syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, how)
                 : rename(from, to));
}

static void do_link(void) {
  const char *from = a_path(), *to = a_path();
  if (tell) printf("%s %s: ", from, to);
  result("link", 0, 0, chance(2) ? link(from, to)
                                 : linkat(AT_FDCWD, from, AT_FDCWD, to,
                                          AT_SYMLINK_FOLLOW));
}

static void do_symlink(void) {
  const char *to = a_path(), *path = a_path();
  result("symlink", 0, 0, symlink(to, path));
}

static void do_remove(void) {
  const char *path = a_path();
  if (tell) printf("%s: ", path);
  switch (chance(4)) {
    case 0: result("rmdir", 0, 0, rmdir(path)); break;
    default: result("unlink", 0, 0, unlink(path));
  }
}

static void do_mkdir(void) {
  const char *path = a_path();
  if (tell) printf("%s: ", path);
  result("mkdir", 0, 0, mkdir(path, chance(8) ? 0777 : 0555));
}

static void do_chmod(void) {
  static const mode_t modes[] = { 0700, 0777, 0500, 0644, 0300, 0700 };
  const char *path = a_path();
  mode_t mode = modes[chance(6)];
  if (tell) printf("%s: ", path);
  result("chmod", mode, 0, chmod(path, mode));
}

static void do_truncate(void) {
  const char *path = a_path();
  long size = an_offset();
  if (tell) printf("%s: ", path);
  result("truncate", size, 0, truncate(path, size));
}

static void do_stat(void) {
  const char *path = a_path();
  struct stat st;
  int r = chance(2) ? stat(path, &st) : lstat(path, &st);
  if (tell) printf("%s: ", path);
  result("stat", 0, 0, r);
  if (!r) result("  mode", st.st_mode, st.st_nlink, 0);
  if (!r && !S_ISDIR(st.st_mode))
    result("  size", st.st_size, S_ISREG(st.st_mode) ? st.st_blocks : 0, 0);
}

static void do_list(void) {
  const char *path = a_path();
  size_t count;
  char **names = names_of(path, &count);
  if (tell) printf("%s: ", path);
  result("list", count, 0, names ? 0 : -1);
  for (size_t i = 0; names && i < count; i++)
    result_bytes(names[i], strlen(names[i]));
  if (names) free_names(names, count);
}

static void do_chdir(void) {
  const char *path = a_path();
  char *after, here[PATH_MAX];
  if (tell) printf("%s: ", path);
  result("chdir", 0, 0, chance(3) ? chdir(path) : fchdir(a_descriptor()));
  if (!chance(3)) chdir("..");
  after = getcwd(here, sizeof(here));
  result("getcwd", 0, 0, after ? 0 : -1);
  if (after && (after = strstr(here, "/both"))) {
    after = strchr(after + 1, '/');
    if (after) result_bytes(after, strlen(after));
  }
}

static void (*const calls[])(void) = {
  do_open, do_open, do_open, do_open, do_read, do_pread, do_write, do_write,
  do_pwrite, do_pwrite, do_vector, do_lseek, do_ftruncate, do_fallocate,
  do_fstat, do_close, do_dup, do_fcntl, do_rename, do_rename, do_link,
  do_symlink, do_remove, do_remove, do_mkdir, do_mkdir, do_chmod,
  do_truncate, do_stat, do_stat, do_list, do_chdir,
};

int main(int argc, char **argv) {
  long count = argc > 2 ? atol(argv[2]) : 1000;
  int top;
  state = argc > 1 ? atol(argv[1]) : 1;
  tell = argc > 3;
  reserves = state & 1;
  enter_directory();
  umask(0);
  top = open(".", O_RDONLY | O_DIRECTORY);
  top = fcntl(top, F_DUPFD, 50);
  close(3);
  for (long i = 1; i <= count; i++) {
    struct stat here, above;
    calls[chance(sizeof(calls) / sizeof(*calls))]();
    /* Above is nothing of ours. */
    fstatat(top, "..", &above, 0);
    if (stat(".", &here) || here.st_ino == above.st_ino || !chance(20))
      fchdir(top);
    if (i % 100 == 0) printf("%ld %08x\n", i, told);
    fflush(stdout);
  }
  fchdir(top);
  both_tell = tell;
  printf("tree %08x\n", hash_tree(".", 1));
  leave_directory();
  return 0;
}
