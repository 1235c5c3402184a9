/*
** open.c - open and creat: flags, rights of a descriptor, refusals.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "fact.h"

static char longest[NAME_MAX + 1], too_long[NAME_MAX + 2];
static char long_path[PATH_MAX + 16];

static void create(void) {
  int fd;
  char buf[8];
  SECTION("creating");
  FACT(open("a", O_RDONLY));
  FACT(open("a", O_RDWR));
  FACT(fd = open("a", O_RDWR | O_CREAT, 0666));
  show("a");
  FACT(write(fd, "hello", 5));
  FACT(lseek(fd, 0, SEEK_CUR));
  FACT(read(fd, buf, 8));
  FACT(lseek(fd, 1, SEEK_SET));
  FACT(read(fd, buf, 8));
  FACT(close(fd));
  FACT(close(fd));
  FACT(open("a", O_RDWR | O_CREAT | O_EXCL, 0666));
  FACT(fd = open("b", O_RDWR | O_CREAT | O_EXCL, 0600));
  show("b");
  FACT(close(fd));
  FACT(fd = open("none", O_RDWR | O_CREAT, 0));
  FACT(write(fd, "x", 1));
  FACT(close(fd));
  FACT(open("none", O_RDONLY));
  FACT(open("none", O_WRONLY));
  show("none");
  FACT(fd = open("bits", O_RDWR | O_CREAT, 07777));
  HOLDS((fchmod(fd, 0755), close(fd) == 0));
  show("bits");
  FACT(fd = creat("a", 0600));
  show("a");
  FACT(read(fd, buf, 1));
  FACT(close(fd));
}

static void truncation(void) {
  int fd, other;
  SECTION("O_TRUNC and O_APPEND");
  put_file("t", "0123456789");
  FACT(fd = open("t", O_RDONLY));
  FACT(other = open("t", O_WRONLY | O_TRUNC));
  FACT(lseek(fd, 0, SEEK_END));
  FACT(write(other, "new", 3));
  FACT(lseek(fd, 0, SEEK_END));
  close(fd);
  close(other);
  TEXT(content_of("t"));
  FACT(fd = open("t", O_WRONLY | O_APPEND));
  FACT(lseek(fd, 0, SEEK_CUR));
  FACT(write(fd, "er", 2));
  FACT(lseek(fd, 0, SEEK_CUR));
  FACT(lseek(fd, 0, SEEK_SET));
  FACT(write(fd, "!", 1));
  FACT(lseek(fd, 0, SEEK_CUR));
  close(fd);
  TEXT(content_of("t"));
}

static void rights(void) {
  int fd;
  char buf[4] = "abc";
  SECTION("what a descriptor may");
  put_file("r", "text");
  FACT(fd = open("r", O_RDONLY));
  FACT(write(fd, buf, 1));
  FACT(pwrite(fd, buf, 1, 0));
  FACT(ftruncate(fd, 0));
  close(fd);
  FACT(fd = open("r", O_WRONLY));
  FACT(read(fd, buf, 1));
  FACT(pread(fd, buf, 1, 0));
  FACT(read(fd, buf, 0));
  FACT(write(fd, buf, 0));
  close(fd);
  FACT(read(fd, buf, 1));
  FACT(write(fd, buf, 1));
  FACT(lseek(fd, 0, SEEK_SET));
  FACT(read(-1, buf, 1));
  FACT(fsync(-1));
  TEXT(content_of("r"));
}

static void directories(void) {
  int fd;
  char buf[4];
  SECTION("directories");
  FACT(mkdir("d", 0755));
  FACT(open("d", O_RDWR));
  FACT(open("d", O_WRONLY));
  FACT(open("d", O_RDONLY | O_CREAT, 0644));
  FACT(open("d", O_RDONLY | O_CREAT | O_EXCL, 0644));
  FACT(open("d", O_RDONLY | O_TRUNC));
  FACT(fd = open("d", O_RDONLY));
  FACT(read(fd, buf, 4));
  FACT(close(fd));
  FACT(fd = open("d", O_RDONLY | O_DIRECTORY));
  FACT(close(fd));
  FACT(fd = open("d/", O_RDONLY));
  FACT(close(fd));
  FACT(open("r", O_RDONLY | O_DIRECTORY));
  FACT(open("r/", O_RDONLY));
  FACT(open("r/x", O_RDONLY));
  FACT(open("r/x", O_RDWR | O_CREAT, 0644));
  FACT(open("r/.", O_RDONLY));
  FACT(open("r/..", O_RDONLY));
  FACT(open("no/x", O_RDWR | O_CREAT, 0644));
  FACT(open("no/", O_RDWR | O_CREAT, 0644));
  FACT(open("", O_RDONLY));
  FACT(open("", O_RDWR | O_CREAT, 0644));
  FACT(fd = open("./d/../d//./new", O_RDWR | O_CREAT, 0644));
  FACT(close(fd));
  show("d/new");
  FACT(fd = open(".", O_RDONLY));
  FACT(close(fd));
  FACT(open(".", O_RDWR));
}

static void names(void) {
  int fd;
  SECTION("long names");
  memset(longest, 'n', NAME_MAX);
  memset(too_long, 'n', NAME_MAX + 1);
  FACT(fd = open(longest, O_RDWR | O_CREAT, 0644));
  FACT(close(fd));
  FACT(unlink(longest));
  FACT(open(too_long, O_RDWR | O_CREAT, 0644));
  FACT(open(too_long, O_RDONLY));
  for (int i = 0; i < PATH_MAX + 8; i += 2) memcpy(long_path + i, "./", 2);
  memcpy(long_path + PATH_MAX - 2, "t", 2);
  FACT(strlen(long_path));
  FACT(open(long_path, O_RDONLY));
  memcpy(long_path + PATH_MAX - 2, ".//t", 5);
  FACT(open(long_path, O_RDONLY));
  memcpy(long_path + PATH_MAX - 3, "/t", 3);
  FACT(fd = open(long_path, O_RDONLY));
  FACT(close(fd));
  FACT(fd = open("name with\nany \x01\xff byte", O_RDWR | O_CREAT, 0644));
  FACT(close(fd));
  FACT(unlink("name with\nany \x01\xff byte"));
}

static void lowest(void) {
  int a, b, c;
  SECTION("the lowest descriptor that is free");
  FACT(a = open("t", O_RDONLY));
  FACT(b = open("t", O_RDONLY));
  FACT(c = open("t", O_RDONLY));
  FACT(close(b));
  FACT(open("t", O_RDONLY) == b);
  FACT(close(a));
  FACT(close(b));
  FACT(open("t", O_RDONLY) == a);
  FACT(close(a));
  FACT(close(c));
}

static void unlinked(void) {
  int fd;
  char buf[16] = "";
  struct stat st;
  SECTION("unlinked while open");
  FACT(fd = open("u", O_RDWR | O_CREAT | O_EXCL, 0644));
  FACT(unlink("u"));
  FACT(open("u", O_RDONLY));
  FACT(write(fd, "still here", 10));
  FACT(fstat(fd, &st));
  FACT(st.st_nlink);
  FACT(st.st_size);
  FACT(pread(fd, buf, 15, 0));
  TEXT(buf);
  FACT(close(fd));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  create();
  truncation();
  rights();
  directories();
  names();
  lowest();
  unlinked();
  return 0;
}
