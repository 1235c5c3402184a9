/*
** calls.c - each call on each sort of path: results, errnos and effects.
**
** Runs natively too, and says the same. Arguments: the part, 0 for all; how
** many pairs of rename to pass over, plus one; anything, to see all.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include "both.h"

#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>

static char long_name[256], longer_name[257], long_path[PATH_MAX + 10];

static const char *const paths[] = {
  "file", "twin", "empty", "full", "lfile", "ldir", "lempty", "lnone",
  "loop", "lslash", "lfslash", "lup", "lchain", "secret", "readonly",
  "frozen", "hidden", "none", "file/", "empty/", "full/", "none/", "lfile/",
  "ldir/", "lempty/", "lnone/", "loop/", "lslash/", "file/x", "none/x",
  "full/inner", "full/sub", "full/none", "full/sub/x", "ldir/inner",
  "ldir/none", "lnone/x", "frozen/x", "frozen/new", "hidden/x", "hidden/new",
  "", ".", "..", "full/.", "full/..", "file/.", "none/.", "empty/.",
  "empty/..", "full/sub/..", "full/../file", "./file", "lup/scene/file",
  "full//inner", "lempty/new", "lslash/inner", long_name, longer_name,
  long_path,
};

#define PATHS (sizeof(paths) / sizeof(*paths))

static void make_file(const char *path, const char *text, mode_t mode) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) exit(97);
  fchmod(fd, mode);
  close(fd);
}

static void make_scene(void) {
  umask(0);
  mkdir("scene", 0755);
  if (chdir("scene")) exit(96);
  make_file("file", "hello", 0644);
  link("file", "twin");
  mkdir("empty", 0755);
  mkdir("full", 0755);
  make_file("full/inner", "in", 0600);
  mkdir("full/sub", 0755);
  symlink("file", "lfile");
  symlink("full", "ldir");
  symlink("empty", "lempty");
  symlink("none", "lnone");
  symlink("loop", "loop");
  symlink("full/", "lslash");
  symlink("file/", "lfslash");
  symlink("..", "lup");
  symlink("lfile", "lchain");
  make_file("secret", "s", 0);
  make_file("readonly", "r", 0444);
  mkdir("frozen", 0755);
  make_file("frozen/x", "x", 0644);
  chmod("frozen", 0555);
  mkdir("hidden", 0755);
  make_file("hidden/x", "x", 0644);
  chmod("hidden", 0600);
  umask(022);
}

static const char *shown(const char *path) {
  return path == long_name     ? "LONG"
         : path == longer_name ? "LONGER"
         : path == long_path   ? "LONGPATH"
                               : path;
}

static uint32_t before;
static int changed = 1;

/* The result, and whether anything else is so now. */
static void say(const char *what, const char *one, const char *other,
                long result) {
  int number = result < 0 ? errno : 0;
  uint32_t after = hash_tree("../scene", 1);
  if (after != before) changed = 1;
  printf("%s %s %s = %ld %d %08x%s\n", what, shown(one), shown(other), result,
         number, after == before ? 0 : after,
         both_tell ? " (as above)" : "");
}

/* The scene is made anew only where something happened to it. */
static void begin(void) {
  if (changed) {
    remove_tree("scene");
    make_scene();
    if (!before) before = hash_tree("../scene", 1);
  } else if (chdir("scene")) {
    exit(95);
  }
  changed = 0;
}

static void end(void) {
  for (int fd = 3; fd < 10; fd++) close(fd);
  if (chdir("..")) exit(94);
}

/* -- Calls with one path ------------------------------------------------- */

static long with_stat(const char *p) {
  struct stat st;
  int r = stat(p, &st);
  return r ? r : (long)st.st_mode;
}

static long with_lstat(const char *p) {
  struct stat st;
  int r = lstat(p, &st);
  return r ? r : (long)st.st_mode;
}

static long with_fstatat(const char *p) {
  struct stat st;
  int r, fd = open("full", O_RDONLY);
  r = fstatat(fd, p, &st, AT_EMPTY_PATH);
  return r ? r : (long)st.st_mode;
}

static long with_fstatat_file(const char *p) {
  struct stat st;
  int r, fd = open("file", O_RDONLY);
  r = fstatat(fd, p, &st, AT_SYMLINK_NOFOLLOW);
  return r ? r : (long)st.st_mode;
}

static long with_exists(const char *p) { return access(p, F_OK); }
static long with_read(const char *p) { return access(p, R_OK); }
static long with_write(const char *p) { return access(p, W_OK); }
static long with_execute(const char *p) { return access(p, X_OK); }
static long with_read_write(const char *p) { return access(p, R_OK | W_OK); }
static long with_mkdir(const char *p) { return mkdir(p, 0777); }
static long with_mkdir_sticky(const char *p) { return mkdir(p, 01700); }
static long with_rmdir(const char *p) { return rmdir(p); }
static long with_unlink(const char *p) { return unlink(p); }
static long with_remove(const char *p) { return remove(p); }
static long with_symlink(const char *p) { return symlink("target", p); }
static long with_symlink_empty(const char *p) { return symlink("", p); }
static long with_symlink_to(const char *p) { return symlink(p, "new"); }
static long with_link_from(const char *p) { return link(p, "new"); }
static long with_link_to(const char *p) { return link("file", p); }
static long with_link_dir(const char *p) { return link("full", p); }

static long with_linkat(const char *p) {
  return linkat(AT_FDCWD, p, AT_FDCWD, "new", AT_SYMLINK_FOLLOW);
}

static long with_readlink(const char *p) {
  char b[300] = "";
  ssize_t n = readlink(p, b, 4);
  return n < 0 ? n : n * 1000 + b[0];
}

static long with_truncate(const char *p) { return truncate(p, 3); }
static long with_truncate_up(const char *p) { return truncate(p, 5000); }
static long with_truncate_bad(const char *p) { return truncate(p, -1); }
static long with_chmod(const char *p) { return chmod(p, 0741); }
static long with_chmod_high(const char *p) { return chmod(p, 07777); }
static long with_chown(const char *p) { return chown(p, getuid(), getgid()); }
static long with_chown_none(const char *p) { return chown(p, -1, -1); }
static long with_chown_away(const char *p) { return chown(p, 0, -1); }
static long with_chgrp_away(const char *p) { return chown(p, -1, 0); }

static long with_lchown(const char *p) {
  return lchown(p, getuid(), getgid());
}

static long times_of(const char *p, int flags) {
  struct timespec t[2] = { { 1000000000, 5 }, { 1200000000, 999999999 } };
  struct stat st;
  int r = utimensat(AT_FDCWD, p, t, flags);
  if (r) return r;
  r = flags ? lstat(p, &st) : stat(p, &st);
  if (r) return r;
  return st.st_atim.tv_sec == 1000000000 && st.st_atim.tv_nsec == 5 &&
         st.st_mtim.tv_sec == 1200000000 && st.st_mtim.tv_nsec == 999999999;
}

static long with_times(const char *p) { return times_of(p, 0); }

static long with_own_times(const char *p) {
  return times_of(p, AT_SYMLINK_NOFOLLOW);
}

static long with_times_now(const char *p) {
  return utimensat(AT_FDCWD, p, NULL, 0);
}

static long with_times_omit(const char *p) {
  struct timespec t[2] = { { 1, UTIME_OMIT }, { 1, UTIME_NOW } };
  return utimensat(AT_FDCWD, p, t, 0);
}

static long with_times_bad(const char *p) {
  struct timespec t[2] = { { 1, 1000000000 }, { 1, 0 } };
  return utimensat(AT_FDCWD, p, t, 0);
}

static long with_chdir(const char *p) {
  int here = open(".", O_RDONLY | O_DIRECTORY), r = chdir(p), number = errno;
  char b[PATH_MAX];
  long len = 0;
  if (!r) len = getcwd(b, sizeof(b)) ? (long)strlen(b) : -2;
#ifdef __ILP32__
  if (len > 0) len += strlen("/dev/shm") - strlen("/tmp");
#endif
  if (fchdir(here)) exit(94);
  close(here);
  errno = number;
  return r ? r : len;
}

static long with_mknod(const char *p) { return mknod(p, 0640, 0); }
static long with_mknod_dir(const char *p) { return mknod(p, S_IFDIR, 0); }
static long with_mknod_bad(const char *p) { return mknod(p, 0170000, 0); }

static long with_opendir(const char *p) {
  DIR *d = opendir(p);
  long n = 0;
  if (!d) return -1;
  while (readdir(d)) n++;
  closedir(d);
  return n;
}

static long with_statvfs(const char *p) {
  struct statvfs st;
  int r = statvfs(p, &st);
  return r ? r : (long)st.f_namemax;
}

static long with_realpath(const char *p) {
  char b[PATH_MAX];
  if (p == long_path) return 0; /* glibc shortens it before it looks */
  return realpath(p, b) ? 0 : -1;
}

static long with_rmdir_at(const char *p) {
  int fd = open("full", O_RDONLY);
  return unlinkat(fd, p, AT_REMOVEDIR);
}

static long with_unlinkat(const char *p) {
  int fd = open("full", O_PATH);
  return unlinkat(fd, p, 0);
}

static long with_unlinkat_closed(const char *p) { return unlinkat(77, p, 0); }
static long with_mkdirat_closed(const char *p) { return mkdirat(77, p, 0); }

static long with_openat(const char *p) {
  int fd = open("full", O_PATH | O_DIRECTORY);
  return openat(fd, p, O_RDWR | O_CREAT, 0666);
}

static long with_faccessat(const char *p) {
  return syscall(SYS_faccessat2, AT_FDCWD, p, R_OK, AT_SYMLINK_NOFOLLOW);
}

static const struct {
  const char *name;
  long (*call)(const char *path);
} calls[] = {
#define CALL(name) { #name, with_##name }
  CALL(stat), CALL(lstat), CALL(fstatat), CALL(fstatat_file), CALL(exists),
  CALL(read), CALL(write), CALL(execute), CALL(read_write), CALL(mkdir),
  CALL(mkdir_sticky), CALL(rmdir), CALL(unlink), CALL(remove), CALL(symlink),
  CALL(symlink_empty), CALL(symlink_to), CALL(link_from), CALL(link_to),
  CALL(link_dir), CALL(linkat), CALL(readlink), CALL(truncate),
  CALL(truncate_up), CALL(truncate_bad), CALL(chmod), CALL(chmod_high),
  CALL(chown), CALL(chown_none), CALL(chown_away), CALL(chgrp_away),
  CALL(lchown), CALL(times), CALL(own_times), CALL(times_now),
  CALL(times_omit), CALL(times_bad), CALL(chdir), CALL(mknod),
  CALL(mknod_dir), CALL(mknod_bad), CALL(opendir), CALL(statvfs),
  CALL(realpath), CALL(rmdir_at), CALL(unlinkat), CALL(unlinkat_closed),
  CALL(mkdirat_closed), CALL(openat), CALL(faccessat),
};

static void try_calls(void) {
  for (size_t c = 0; c < sizeof(calls) / sizeof(*calls); c++)
    for (size_t p = 0; p < PATHS; p++) {
      long result;
      begin();
      result = calls[c].call(paths[p]);
      say(calls[c].name, paths[p], "", result);
      end();
    }
}

/* -- open, with all flags ------------------------------------------------ */

static const int flags[] = { O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY,
                             O_NOFOLLOW, O_PATH };
static const char letters[] = "cetdnp";

static void try_open(const char *path, int mode, unsigned set) {
  char name[20] = "open:";
  int how = mode, fd;
  name[5] = "rwb"[mode];
  for (unsigned i = 0, n = 6; i < 6; i++)
    if (set >> i & 1) {
      how |= flags[i];
      name[n++] = letters[i];
    }
  /* What kernels of different ages think of differently. */
  if ((how & O_CREAT) && (how & O_DIRECTORY)) return;
  if ((how & O_EXCL) && !(how & O_CREAT)) return;
  begin();
  fd = open(path, how, 0777);
  say(name, path, "", fd);
  if (fd >= 0) {
    char c = 'x';
    printf("  get %d put %d flags %o\n", (int)read(fd, &c, 1),
           (int)write(fd, &c, 1),
           fcntl(fd, F_GETFL) & (O_ACCMODE | O_PATH | O_DIRECTORY));
  }
  end();
}

static void try_opens(void) {
  for (size_t p = 0; p < PATHS; p++)
    for (int mode = O_RDONLY; mode <= O_RDWR; mode++)
      for (unsigned set = 0; set < 64; set++) try_open(paths[p], mode, set);
}

/* -- rename -------------------------------------------------------------- */

static void try_rename(const char *from, const char *to, unsigned how) {
  static const char *const names[] = { "rename", "noreplace", "exchange" };
  long result;
  begin();
  result = how ? syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, how)
               : rename(from, to);
  say(names[how], from, to, result);
  end();
}

/* Every `step`th pair, for those in a hurry. */
static void try_renames(unsigned step) {
  unsigned at = 0;
  for (size_t p = 0; p < PATHS; p++)
    for (size_t q = 0; q < PATHS; q++)
      for (unsigned how = 0; how < 3; how++)
        if (at++ % step == 0) try_rename(paths[p], paths[q], how);
}

/* Names that have gone while somebody is there. */
static void try_gone(void) {
  char c;
  int fd, dir;
  begin();
  say("mkdir", "gone", "", mkdir("gone", 0777));
  dir = open("gone", O_RDONLY | O_DIRECTORY);
  say("chdir", "gone", "", chdir("gone"));
  say("rmdir", "../gone", "", rmdir("../gone"));
  say("create", "x", "", open("x", O_CREAT | O_RDWR, 0666));
  say("mkdir", "x", "", mkdir("x", 0777));
  say("link", "../file", "x", link("../file", "x"));
  say("symlink", "a", "x", symlink("a", "x"));
  say("rename", "../file", "x", rename("../file", "x"));
  say("openat", "x", "", openat(dir, "x", O_CREAT | O_RDWR, 0666));
  say("stat", ".", "", with_stat("."));
  say("stat", "..", "", with_stat(".."));
  say("stat", "../file", "", with_stat("../file"));
  say("getcwd", "", "", getcwd((char[99]){ 0 }, 99) ? 0 : -1);
  say("rmdir", ".", "", rmdir("."));
  say("chdir", "..", "", chdir(".."));
  say("opendir", "gone", "", with_opendir("gone"));
  fd = open("file", O_RDWR);
  say("unlink", "file", "", unlink("file"));
  say("write", "file", "", write(fd, "J", 1));
  say("pread", "file", "", pread(fd, &c, 1, 0));
  say("read", "twin", "", with_stat("twin"));
  close(open("twin", O_WRONLY | O_TRUNC));
  say("pread", "file", "", pread(fd, &c, 1, 0));
  end();
}

int main(int argc, char **argv) {
  int only = argc > 1 ? atoi(argv[1]) : 0;
  int step = argc > 2 ? atoi(argv[2]) : 1;
  both_tell = argc > 3;
  memset(long_name, 'n', 255);
  memset(longer_name, 'n', 256);
  for (size_t i = 0; i < PATH_MAX; i++) long_path[i] = "./"[i & 1];
  enter_directory();
  if (!only || only == 1) try_calls();
  if (!only || only == 2) try_opens();
  if (!only || only == 3) try_renames(step);
  if (!only || only == 4) try_gone();
  leave_directory();
  return 0;
}
