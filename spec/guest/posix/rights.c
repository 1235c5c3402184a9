/*
** rights.c - umask, chmod, access, chown: what a user may do with files.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "fact.h"

static void masks(void) {
  SECTION("umask");
  FACT(umask(027));
  FACT(umask(0777));
  FACT(umask(027));
  FACT(close(open("a", O_RDWR | O_CREAT, 0666)));
  show("a");
  FACT(mkdir("d", 0777));
  show("d");
  FACT(mkdir("sticky", 01777));
  show("sticky");
  FACT(umask(022));
}

static void modes(void) {
  int fd;
  SECTION("chmod and fchmod");
  FACT(chmod("a", 0));
  show("a");
  FACT(chmod("a", 07777));
  show("a");
  FACT(chmod("a", 0100644));
  show("a");
  FACT(fd = open("a", O_RDONLY));
  FACT(fchmod(fd, 0400));
  show("a");
  FACT(close(fd));
  FACT(fchmod(fd, 0400));
  FACT(chmod("no", 0400));
  FACT(chmod("", 0400));
  FACT(chmod("a/x", 0400));
  FACT(chmod("d", 02755));
  show("d");
  FACT(mkdir("d/inherits", 0755));
  show("d/inherits");
  FACT(chmod("d", 0755));
}

static void files(void) {
  int fd;
  SECTION("files without rights");
  put_file("f", "secret");
  FACT(chmod("f", 0200));
  FACT(open("f", O_RDONLY));
  FACT(open("f", O_RDWR));
  FACT(fd = open("f", O_WRONLY));
  FACT(close(fd));
  FACT(chmod("f", 0400));
  FACT(open("f", O_WRONLY));
  FACT(open("f", O_RDONLY | O_TRUNC));
  FACT(fd = open("f", O_RDONLY));
  FACT(chmod("f", 0));
  char c;
  FACT(read(fd, &c, 1));
  FACT(close(fd));
  FACT(chmod("f", 0044));
  FACT(open("f", O_RDONLY));
  FACT(chmod("f", 0644));
  TEXT(content_of("f"));
}

static void tests(void) {
  SECTION("access");
  FACT(access("f", F_OK));
  FACT(access("f", R_OK | W_OK));
  FACT(access("f", X_OK));
  FACT(chmod("f", 0500));
  FACT(access("f", R_OK | X_OK));
  FACT(access("f", W_OK));
  FACT(access("f", 64));
  FACT(access("no", F_OK));
  FACT(access("f/x", F_OK));
  FACT(access("", F_OK));
  FACT(access(".", R_OK | W_OK | X_OK));
  FACT(eaccess("f", R_OK));
  FACT(faccessat(AT_FDCWD, "f", W_OK, AT_EACCESS));
  FACT(chmod("f", 0644));
}

static void directories(void) {
  struct stat st;
  SECTION("directories without rights");
  put_file("d/f", "inside");
  FACT(chmod("d", 0600));
  FACT(stat("d/f", &st));
  FACT(open("d/f", O_RDONLY));
  FACT(open("d/new", O_RDWR | O_CREAT, 0644));
  FACT(mkdir("d/new", 0755));
  FACT(unlink("d/f"));
  FACT(access("d/f", F_OK));
  FACT(access("d/..", F_OK));
  FACT(chdir("d"));
  FACT(close(open("d", O_RDONLY)));
  FACT(chmod("d", 0300));
  FACT(open("d", O_RDONLY));
  FACT(stat("d/f", &st));
  FACT(close(open("d/new", O_RDWR | O_CREAT, 0644)));
  FACT(unlink("d/new"));
  FACT(chmod("d", 0500));
  FACT(open("d/new", O_RDWR | O_CREAT, 0644));
  FACT(open("d/f", O_RDWR | O_CREAT, 0644));
  FACT(mkdir("d/new", 0755));
  FACT(mkdir("d/f", 0755));
  FACT(symlink("x", "d/new"));
  FACT(link("f", "d/new"));
  FACT(unlink("d/f"));
  FACT(unlink("d/no"));
  FACT(rename("d/f", "g"));
  FACT(rename("f", "d/g"));
  FACT(rmdir("d/inherits"));
  FACT(chmod("d/f", 0600));
  FACT(chmod("d", 0));
  FACT(rename("d", "e"));
  FACT(rename("e", "d"));
  FACT(chmod("d", 0755));
  FACT(unlink("d/f"));
}

static void owners(void) {
  int fd;
  struct stat st;
  SECTION("chown");
  FACT(stat("f", &st));
  HOLDS(st.st_uid == getuid());
  HOLDS(st.st_gid == getgid());
  FACT(chown("f", getuid(), getgid()));
  FACT(chown("f", (uid_t)-1, (gid_t)-1));
  FACT(chown("f", 0, (gid_t)-1));
  FACT(chown("f", (uid_t)-1, 0));
  FACT(chown("no", (uid_t)-1, (gid_t)-1));
  FACT(symlink("no", "dangling"));
  FACT(chown("dangling", getuid(), getgid()));
  FACT(lchown("dangling", getuid(), getgid()));
  FACT(fd = open("f", O_RDONLY));
  FACT(fchown(fd, getuid(), getgid()));
  FACT(fchown(fd, 0, 0));
  FACT(close(fd));
  FACT(fchown(fd, getuid(), getgid()));
  FACT(chmod("f", 06755));
  FACT(chown("f", getuid(), getgid()));
  show("f");
  FACT(chmod("f", 06755));
  FACT(fd = open("f", O_WRONLY));
  FACT(write(fd, "x", 1));
  FACT(close(fd));
  show("f");
  HOLDS(getuid() == geteuid());
  HOLDS(getgid() == getegid());
}

int main(int argc, char **argv) {
  begin(argc, argv);
  masks();
  modes();
  files();
  tests();
  directories();
  owners();
  return 0;
}
