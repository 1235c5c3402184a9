/*
** names.c - link, unlink, rename, mkdir, rmdir, remove.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "fact.h"

static int links_of(const char *path) {
  struct stat st;
  return stat(path, &st) ? -1 : (int)st.st_nlink;
}

static void links(void) {
  int fd;
  SECTION("link and unlink");
  put_file("a", "one");
  FACT(link("a", "b"));
  HOLDS(same_node("a", "b"));
  FACT(links_of("a"));
  FACT(link("a", "b"));
  FACT(link("no", "c"));
  FACT(link("a", "no/c"));
  FACT(link("a", "a/c"));
  FACT(link("a/", "c"));
  FACT(link("", "c"));
  FACT(link("a", ""));
  FACT(mkdir("d", 0755));
  FACT(link("d", "e"));
  FACT(link("a", "d"));
  FACT(link("a", "d/c"));
  FACT(links_of("d/c"));
  put_file("b", "changed");
  TEXT(content_of("d/c"));
  FACT(unlink("a"));
  FACT(unlink("a"));
  FACT(links_of("b"));
  TEXT(content_of("b"));
  FACT(fd = open("b", O_RDONLY));
  FACT(unlink("b"));
  FACT(unlink("d/c"));
  struct stat st;
  FACT(fstat(fd, &st));
  FACT(st.st_nlink);
  FACT(close(fd));
  FACT(unlink("d"));
  FACT(unlink("no/x"));
  FACT(unlink(""));
  put_file("f", "");
  FACT(unlink("f/"));
  FACT(unlink("f/x"));
  FACT(unlink("f"));
}

static void directories(void) {
  SECTION("mkdir and rmdir");
  FACT(links_of("d"));
  FACT(mkdir("d", 0755));
  FACT(mkdir("d/e", 0700));
  show("d/e");
  FACT(links_of("d"));
  FACT(mkdir("d/e/f", 0777));
  show("d/e/f");
  FACT(mkdir("d/slash/", 0755));
  show("d/slash");
  FACT(mkdir("no/e", 0755));
  FACT(mkdir("", 0755));
  FACT(mkdir(".", 0755));
  FACT(mkdir("..", 0755));
  FACT(mkdir("/", 0755));
  put_file("f", "");
  FACT(mkdir("f", 0755));
  FACT(mkdir("f/e", 0755));
  FACT(mkdir("f/", 0755));
  FACT(rmdir("d"));
  FACT(rmdir("d/e"));
  FACT(rmdir("f"));
  FACT(rmdir("f/x"));
  FACT(rmdir("no"));
  FACT(rmdir(""));
  FACT(rmdir("d/e/."));
  FACT(rmdir("d/e/.."));
  FACT(rmdir("d/e/f/"));
  FACT(rmdir("d/e"));
  FACT(links_of("d"));
  FACT(rmdir("d/slash"));
  FACT(rmdir("d"));
  FACT(access("d", F_OK));
}

static void gone(void) {
  int fd;
  struct stat st;
  SECTION("in a directory that is gone");
  FACT(mkdir("gone", 0755));
  FACT(fd = open("gone", O_RDONLY | O_DIRECTORY));
  FACT(rmdir("gone"));
  FACT(fstat(fd, &st));
  FACT(st.st_nlink);
  FACT(openat(fd, "x", O_RDWR | O_CREAT, 0644));
  FACT(mkdirat(fd, "x", 0755));
  FACT(openat(fd, ".", O_RDONLY) > 0);
  FACT(openat(fd, "x", O_RDONLY));
  FACT(close(fd));
}

static void rename_files(void) {
  int fd;
  char buf[8] = "";
  SECTION("rename of files");
  put_file("x", "of x");
  put_file("y", "of y");
  FACT(rename("x", "z"));
  FACT(access("x", F_OK));
  TEXT(content_of("z"));
  FACT(fd = open("y", O_RDONLY));
  FACT(rename("z", "y"));
  TEXT(content_of("y"));
  FACT(read(fd, buf, 7));
  TEXT(buf);
  FACT(close(fd));
  FACT(rename("y", "y"));
  TEXT(content_of("y"));
  FACT(link("y", "same"));
  FACT(rename("y", "same"));
  FACT(links_of("y"));
  FACT(links_of("same"));
  FACT(unlink("same"));
  FACT(rename("no", "w"));
  FACT(rename("y", "no/w"));
  FACT(rename("y", "y/w"));
  FACT(rename("y", ""));
  FACT(rename("", "y"));
  FACT(rename("y", "w/"));
  FACT(rename("y/", "w"));
  FACT(rename("y", "."));
  FACT(rename(".", "w"));
}

static void rename_directories(void) {
  SECTION("rename of directories");
  FACT(mkdir("p", 0755));
  FACT(mkdir("p/q", 0755));
  put_file("p/q/f", "deep");
  FACT(mkdir("r", 0755));
  FACT(rename("p/q", "r/s"));
  TEXT(content_of("r/s/f"));
  FACT(links_of("p"));
  FACT(links_of("r"));
  HOLDS(same_node("r/s/..", "r"));
  FACT(rename("r", "r/s/t"));
  FACT(rename("r", "r/t"));
  FACT(rename("p", "y"));
  FACT(rename("y", "p"));
  FACT(rename("p", "r"));
  FACT(rename("p", "r/s"));
  FACT(rename("r/s", "r"));
  FACT(rename("p", "r/empty/"));
  FACT(rename("r/s", "r/empty"));
  TEXT(content_of("r/empty/f"));
  FACT(mkdir("none", 0755));
  FACT(rename("r/", "none/"));
  TEXT(content_of("none/empty/f"));
  FACT(rename("none/empty/..", "other"));
  FACT(rename("none/.", "other"));
}

static void removal(void) {
  SECTION("remove");
  FACT(remove("none"));
  FACT(remove("none/empty/f"));
  FACT(remove("none/empty"));
  FACT(remove("none"));
  FACT(remove("none"));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  links();
  directories();
  gone();
  rename_files();
  rename_directories();
  removal();
  return 0;
}
