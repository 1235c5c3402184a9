/*
** directory.c - the working directory, and paths made absolute.
**
** Paths are shown from the program's own directory on.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <libgen.h>

#include "fact.h"

static char buf[PATH_MAX], top[PATH_MAX];

static const char *from_top(const char *path) {
  size_t n = strlen(top);
  if (path && !strncmp(path, top, n)) return path[n] ? path + n : ".";
  return path;
}

#define HERE() TEXT(from_top(getcwd(buf, sizeof buf)))

static void changes(void) {
  int fd, file;
  SECTION("chdir and getcwd");
  FACT(mkdir("a", 0755));
  FACT(mkdir("a/b", 0755));
  FACT(symlink("a/b", "link"));
  put_file("file", "text");
  FACT(chdir("a"));
  HERE();
  FACT(chdir("b/"));
  HERE();
  FACT(chdir("../.."));
  HERE();
  FACT(chdir("link"));
  HERE();
  FACT(chdir(".."));
  HERE();
  FACT(chdir(top));
  FACT(chdir("no"));
  FACT(chdir("file"));
  FACT(chdir("file/x"));
  FACT(chdir(""));
  HERE();
  FACT(chdir("/"));
  HERE();
  FACT(chdir(".."));
  HERE();
  FACT(chdir(top));
  SECTION("fchdir");
  FACT(fd = open("a/b", O_RDONLY | O_DIRECTORY));
  FACT(file = open("file", O_RDONLY));
  FACT(fchdir(fd));
  HERE();
  FACT(fchdir(file));
  FACT(fchdir(99));
  FACT(chdir(top));
  FACT(close(fd));
  FACT(close(file));
  SECTION("getcwd's buffer");
  POINTER(getcwd(buf, 0));
  POINTER(getcwd(buf, strlen(top)));
  POINTER(getcwd(buf, strlen(top) + 1));
  char *made = getcwd(NULL, 0);
  TEXT(from_top(made));
  free(made);
}

static void moved(void) {
  struct stat st;
  SECTION("a working directory that moves");
  FACT(chdir("a/b"));
  FACT(rename("../../a", "../../c"));
  HERE();
  FACT(rename("../b", "../../d"));
  HERE();
  FACT(stat("../file", &st));
  SECTION("and goes");
  FACT(rmdir("../d"));
  HERE();
  FACT(stat(".", &st));
  FACT(st.st_nlink);
  FACT(open("new", O_RDWR | O_CREAT, 0644));
  FACT(stat("..", &st));
  FACT(chdir(".."));
  HERE();
  FACT(chdir(top));
}

static void real(void) {
  char *made, outer[PATH_MAX];
  SECTION("realpath");
  FACT(mkdir("e", 0755));
  FACT(mkdir("e/f", 0755));
  FACT(symlink("../file", "e/up"));
  FACT(symlink("e/f", "short"));
  FACT(symlink("loop", "loop"));
  TEXT(from_top(realpath("file", outer)));
  TEXT(from_top(realpath(".", outer)));
  TEXT(from_top(realpath("e/../e/./f//", outer)));
  TEXT(from_top(realpath("e/up", outer)));
  TEXT(from_top(realpath("short/..", outer)));
  TEXT(from_top(realpath("e/no", outer)));
  TEXT(from_top(realpath("no/x", outer)));
  TEXT(from_top(realpath("file/", outer)));
  TEXT(from_top(realpath("file/..", outer)));
  TEXT(from_top(realpath("loop", outer)));
  TEXT(from_top(realpath("", outer)));
  TEXT(realpath("/", outer));
  TEXT(realpath("/..", outer));
  TEXT(realpath(NULL, outer));
  made = realpath("short", NULL);
  TEXT(from_top(made));
  free(made);
}

static void names(void) {
  static const char *const paths[] = { "/usr/lib", "/usr/", "usr", "/", ".",
                                       "..", "", "a/b/", "/a", "a//b//" };
  SECTION("basename and dirname");
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    char one[32], two[32];
    strcpy(one, paths[i]);
    strcpy(two, paths[i]);
    printf("%s: %s %s\n", paths[i], dirname(one), basename(two));
  }
}

int main(int argc, char **argv) {
  begin(argc, argv);
  if (!getcwd(top, sizeof top)) return 2;
  changes();
  moved();
  real();
  names();
  return 0;
}
