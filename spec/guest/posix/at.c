/*
** at.c - the calls that take a directory's descriptor.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "fact.h"

static int d, f;
static struct stat st;
static char buf[64];

static const char *target(int dir, const char *path) {
  ssize_t n = readlinkat(dir, path, buf, sizeof buf - 1);
  if (n < 0) return NULL;
  buf[n] = 0;
  return buf;
}

static void opening(const char *top) {
  char path[PATH_MAX];
  int fd;
  SECTION("openat");
  put_file("file", "in the top");
  FACT(mkdir("d", 0755));
  FACT(d = open("d", O_RDONLY | O_DIRECTORY));
  FACT(f = open("file", O_RDONLY));
  FACT(fd = openat(d, "new", O_RDWR | O_CREAT, 0644));
  FACT(close(fd));
  show("d/new");
  FACT(openat(d, "file", O_RDONLY));
  FACT(fd = openat(d, "../file", O_RDONLY));
  FACT(close(fd));
  FACT(fd = openat(AT_FDCWD, "file", O_RDONLY));
  FACT(close(fd));
  snprintf(path, sizeof path, "%s/file", top);
  FACT(fd = openat(d, path, O_RDONLY));
  FACT(close(fd));
  FACT(fd = openat(-1, path, O_RDONLY));
  FACT(close(fd));
  FACT(fd = openat(f, path, O_RDONLY));
  FACT(close(fd));
  FACT(openat(f, "file", O_RDONLY));
  FACT(openat(f, "", O_RDONLY));
  FACT(openat(-1, "file", O_RDONLY));
  FACT(openat(99, "file", O_RDONLY));
  FACT(fd = openat(d, ".", O_RDONLY));
  FACT(close(fd));
}

static void making(void) {
  SECTION("mkdirat, linkat, symlinkat, renameat, unlinkat");
  FACT(mkdirat(d, "sub", 0755));
  FACT(mkdirat(d, "sub", 0755));
  FACT(mkdirat(f, "sub", 0755));
  FACT(mkdirat(-1, "sub", 0755));
  FACT(linkat(AT_FDCWD, "file", d, "hard", 0));
  HOLDS(same_node("file", "d/hard"));
  FACT(linkat(d, "hard", d, "sub/hard", 0));
  FACT(linkat(d, "hard", d, "x", 0x10000000));
  FACT(symlinkat("../file", d, "soft"));
  FACT(symlinkat("x", f, "soft"));
  TEXT(target(d, "soft"));
  TEXT(target(AT_FDCWD, "d/soft"));
  TEXT(target(d, "hard"));
  TEXT(target(f, "x"));
  TEXT(content_of("d/soft"));
  FACT(renameat(d, "hard", AT_FDCWD, "moved"));
  FACT(renameat(d, "hard", AT_FDCWD, "moved"));
  FACT(renameat(AT_FDCWD, "moved", d, "sub"));
  FACT(renameat(d, "sub", f, "x"));
  FACT(unlinkat(d, "sub", 0));
  FACT(unlinkat(d, "sub", AT_REMOVEDIR));
  FACT(unlinkat(d, "sub/hard", AT_REMOVEDIR));
  FACT(unlinkat(d, "sub/hard", 0));
  FACT(unlinkat(d, "sub", AT_REMOVEDIR));
  FACT(unlinkat(d, "sub", 0x10000000));
  FACT(unlinkat(d, "no", 0));
  FACT(unlinkat(f, "no", 0));
}

static void looking(void) {
  SECTION("fstatat");
  FACT(fstatat(d, "soft", &st, 0));
  FACT(st.st_size);
  FACT(fstatat(d, "soft", &st, AT_SYMLINK_NOFOLLOW));
  FACT(st.st_size);
  FACT(fstatat(d, "", &st, 0));
  FACT(fstatat(d, "no", &st, 0));
  FACT(fstatat(d, "soft", &st, 0x10000000));
  FACT(fstatat(f, "", &st, AT_EMPTY_PATH));
  FACT(st.st_size);
  FACT(fstatat(d, "new", &st, AT_EMPTY_PATH));
  FACT(st.st_size);
  FACT(fstatat(-1, "new", &st, 0));
  SECTION("faccessat, fchmodat");
  FACT(faccessat(d, "new", F_OK, 0));
  FACT(faccessat(d, "new", R_OK | W_OK, 0));
  FACT(faccessat(d, "new", X_OK, 0));
  FACT(faccessat(d, "new", R_OK, AT_EACCESS));
  FACT(faccessat(d, "no", F_OK, 0));
  FACT(faccessat(d, "new", 64, 0));
  FACT(fchmodat(d, "new", 0600, 0));
  show("d/new");
  FACT(fchmodat(d, "no", 0600, 0));
  FACT(fchmodat(f, "new", 0600, 0));
  FACT(fchownat(d, "new", (uid_t)-1, (gid_t)-1, 0));
  FACT(fchownat(d, "soft", getuid(), getgid(), AT_SYMLINK_NOFOLLOW));
}

/* The place of a descriptor is the directory, not its name. */
static void moved(void) {
  int fd;
  SECTION("a directory that is renamed, then removed");
  FACT(rename("d", "e"));
  FACT(fd = openat(d, "new", O_RDONLY));
  FACT(close(fd));
  FACT(mkdir("e/deep", 0755));
  FACT(fd = openat(d, "deep", O_RDONLY));
  FACT(rename("e/deep", "deep"));
  FACT(openat(fd, "../file", O_RDONLY) > 0);
  FACT(unlinkat(d, "new", 0));
  FACT(unlinkat(d, "soft", 0));
  FACT(rmdir("e"));
  FACT(openat(d, "x", O_RDWR | O_CREAT, 0644));
  FACT(fstatat(d, "..", &st, 0));
  FACT(symlinkat("x", d, "y"));
  FACT(linkat(AT_FDCWD, "file", d, "y", 0));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  opening(argv[1]);
  making();
  looking();
  moved();
  return 0;
}
