/*
** links.c - symbolic links: where they are followed and where not.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "fact.h"

static char buf[PATH_MAX];

static const char *target(const char *path) {
  ssize_t n = readlink(path, buf, sizeof buf - 1);
  if (n < 0) return NULL;
  buf[n] = 0;
  return buf;
}

static void simple(void) {
  int fd;
  char small[3];
  struct stat st;
  SECTION("symlink and readlink");
  put_file("file", "content");
  FACT(symlink("file", "link"));
  TEXT(target("link"));
  FACT(lstat("link", &st));
  HOLDS(S_ISLNK(st.st_mode));
  FACT(st.st_size);
  FACT(st.st_mode & 07777);
  TEXT(content_of("link"));
  HOLDS(same_node("link", "file"));
  FACT(readlink("link", small, 3));
  FACT(readlink("file", buf, 10));
  FACT(readlink("no", buf, 10));
  FACT(readlink("file/x", buf, 10));
  FACT(readlink("", buf, 10));
  FACT(symlink("other", "link"));
  FACT(symlink("x", "file"));
  FACT(symlink("", "empty"));
  FACT(symlink("x", ""));
  FACT(symlink("x", "no/link"));
  FACT(symlink("x", "new/"));
  FACT(symlink("any text: ../\n //", "odd"));
  TEXT(target("odd"));
  FACT(open("link", O_RDONLY | O_NOFOLLOW));
  FACT(open("link", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
  FACT(fd = open("file", O_RDONLY | O_NOFOLLOW));
  FACT(close(fd));
  FACT(unlink("link"));
  TEXT(content_of("file"));
}

static void dangling(void) {
  int fd;
  SECTION("links to nothing");
  FACT(symlink("later", "early"));
  FACT(open("early", O_RDONLY));
  FACT(access("early", F_OK));
  FACT(open("early", O_RDWR | O_CREAT | O_EXCL, 0644));
  FACT(mkdir("early", 0755));
  FACT(fd = open("early", O_RDWR | O_CREAT, 0644));
  FACT(close(fd));
  show("later");
  FACT(symlink("no/later", "lost"));
  FACT(open("lost", O_RDWR | O_CREAT, 0644));
  FACT(open("early/", O_RDONLY));
  FACT(rename("early", "renamed"));
  TEXT(target("renamed"));
  show("later");
}

static void directories(void) {
  int fd;
  struct stat st;
  SECTION("links to directories");
  FACT(mkdir("d", 0755));
  FACT(mkdir("d/e", 0755));
  put_file("d/e/f", "deep");
  FACT(symlink("d/e", "to"));
  TEXT(content_of("to/f"));
  TEXT(content_of("to/../e/f"));
  FACT(lstat("to/", &st));
  HOLDS(S_ISDIR(st.st_mode));
  FACT(lstat("to", &st));
  HOLDS(S_ISLNK(st.st_mode));
  FACT(fd = open("to", O_RDONLY | O_DIRECTORY));
  FACT(close(fd));
  FACT(open("to", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  FACT(rmdir("to"));
  FACT(rmdir("to/"));
  FACT(unlink("to/"));
  FACT(mkdir("to/g", 0755));
  show("d/e/g");
  FACT(symlink("../f", "d/e/g/up"));
  TEXT(content_of("to/g/up"));
  FACT(unlink("to"));
  show("d/e");
}

static void loops(void) {
  char path[64], before[64];
  struct stat st;
  SECTION("loops and chains");
  FACT(symlink("b", "a"));
  FACT(symlink("a", "b"));
  FACT(open("a", O_RDONLY));
  FACT(open("a/x", O_RDONLY));
  FACT(stat("a", &st));
  FACT(lstat("a", &st));
  FACT(open("a", O_RDWR | O_CREAT, 0644));
  FACT(symlink("self/x", "self"));
  FACT(stat("self", &st));
  strcpy(before, "file");
  for (int i = 0; i < 45; i++) {
    snprintf(path, sizeof path, "chain%d", i);
    if (symlink(before, path)) printf("%s: %s\n", path, errno_name(errno));
    strcpy(before, path);
  }
  TEXT(content_of("chain7"));
  TEXT(content_of("chain39"));
  TEXT(content_of("chain40"));
  TEXT(content_of("chain44"));
}

static void hard(void) {
  SECTION("links of links");
  FACT(symlink("file", "soft"));
  FACT(linkat(AT_FDCWD, "soft", AT_FDCWD, "softer", 0));
  TEXT(target("softer"));
  show("soft");
  FACT(linkat(AT_FDCWD, "soft", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW));
  HOLDS(same_node("followed", "file"));
  show("followed");
  FACT(chmod("soft", 0600));
  show("file");
  FACT(truncate("soft", 3));
  TEXT(content_of("file"));
  FACT(symlink("soft", "new"));
  FACT(rename("new", "file"));
  FACT(access("file", F_OK));
  TEXT(target("file"));
}

static void absolute(const char *top) {
  char text[PATH_MAX];
  SECTION("absolute targets");
  put_file("root", "from the top");
  snprintf(text, sizeof text, "%s/root", top);
  FACT(symlink(text, "d/abs"));
  TEXT(content_of("d/abs"));
  memset(text, 'x', sizeof text);
  text[PATH_MAX - 1] = 0;
  FACT(symlink(text, "long"));
  text[PATH_MAX - 2] = 0;
  FACT(strlen(text));
  FACT(open("long", O_RDONLY));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  simple();
  dangling();
  directories();
  loops();
  hard();
  absolute(argv[1]);
  return 0;
}
