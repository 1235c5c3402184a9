/*
** listing.c - opendir, readdir, seekdir, scandir: each name once.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <dirent.h>

#include "fact.h"

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What is left of a listing, sorted. */
static void show_rest(DIR *dir) {
  char *names[64];
  int n = 0;
  errno = 0;
  for (struct dirent *e; n < 64 && (e = readdir(dir));)
    names[n++] = strdup(e->d_name);
  printf("errno %s, names", errno_name(errno));
  qsort(names, (size_t)n, sizeof *names, by_name);
  for (int i = 0; i < n; i++) {
    printf(" %s", names[i]);
    free(names[i]);
  }
  printf("\n");
}

static void show_all(const char *path) {
  DIR *dir;
  POINTER(dir = opendir(path));
  if (!dir) return;
  show_rest(dir);
  FACT(closedir(dir));
}

static void simple(void) {
  SECTION("names");
  show_all(".");
  put_file("file", "");
  FACT(mkdir("dir", 0755));
  FACT(symlink("file", "link"));
  FACT(link("file", "hard"));
  show_all(".");
  show_all("dir");
  FACT(rename("hard", "dir/moved"));
  show_all(".");
  show_all("dir/");
  show_all("no");
  show_all("file");
  show_all("");
}

static void types(void) {
  DIR *dir;
  struct stat st;
  int wrong = 0, inodes = 0, seen = 0;
  SECTION("d_type and d_ino are those of lstat");
  POINTER(dir = opendir("."));
  for (struct dirent *e; (e = readdir(dir)); seen++) {
    if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW)) wrong++;
    if (e->d_type != DT_UNKNOWN && e->d_type != IFTODT(st.st_mode)) wrong++;
    if (e->d_ino == st.st_ino) inodes++;
  }
  FACT(seen);
  FACT(wrong);
  FACT(inodes);
  FACT(closedir(dir));
}

static void descriptors(void) {
  DIR *dir;
  int fd;
  SECTION("fdopendir, dirfd");
  FACT(fd = open("dir", O_RDONLY));
  POINTER(dir = fdopendir(fd));
  HOLDS(dirfd(dir) == fd);
  FACT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  show_rest(dir);
  FACT(closedir(dir));
  FACT(close(fd));
  POINTER(fdopendir(fd));
  FACT(fd = open("file", O_RDONLY));
  POINTER(fdopendir(fd));
  FACT(close(fd));
}

/* Every place that telldir gave leads to the same name again. */
static void places(void) {
  enum { COUNT = 40 };
  DIR *dir;
  long at[COUNT + 2];
  char names[COUNT + 2][NAME_MAX + 1];
  int n = 0, wrong = 0;
  SECTION("telldir, seekdir, rewinddir");
  FACT(mkdir("many", 0755));
  for (int i = 0; i < COUNT; i++) {
    char path[32];
    snprintf(path, sizeof path, "many/%d", i);
    put_file(path, "");
  }
  POINTER(dir = opendir("many"));
  for (;;) {
    long here = telldir(dir);
    struct dirent *e = readdir(dir);
    if (!e || n == COUNT + 2) break;
    at[n] = here;
    snprintf(names[n++], sizeof names[0], "%s", e->d_name);
  }
  FACT(n);
  for (int i = 0; i < n; i++) {
    int k = (i * 17 + 5) % n;
    seekdir(dir, at[k]);
    struct dirent *e = readdir(dir);
    if (!e || strcmp(e->d_name, names[k])) wrong++;
  }
  FACT(wrong);
  rewinddir(dir);
  for (int i = 0; i < n; i++) {
    struct dirent *e = readdir(dir);
    if (!e || strcmp(e->d_name, names[i])) wrong++;
  }
  FACT(wrong);
  POINTER(readdir(dir));
  put_file("many/added", "");
  rewinddir(dir);
  for (n = 0; readdir(dir);) n++;
  FACT(n);
  FACT(closedir(dir));
}

/* Names that stay are seen once, though others go meanwhile. */
static void removal(void) {
  enum { COUNT = 1000 };
  static unsigned char seen[COUNT];
  DIR *dir;
  int lost = 0, twice = 0, n = 0;
  SECTION("names that are removed while they are listed");
  FACT(mkdir("large", 0755));
  for (int i = 0; i < COUNT; i++) {
    char path[32];
    snprintf(path, sizeof path, "large/%d", i);
    put_file(path, "");
  }
  POINTER(dir = opendir("large"));
  for (struct dirent *e; (e = readdir(dir));) {
    if (e->d_name[0] == '.') continue;
    int i = atoi(e->d_name);
    if (seen[i]++) twice++;
    if (unlinkat(dirfd(dir), e->d_name, 0)) lost++;
    n++;
  }
  FACT(n);
  FACT(lost);
  FACT(twice);
  FACT(closedir(dir));
  FACT(rmdir("large"));
}

static void removed(void) {
  DIR *dir;
  SECTION("a directory that is removed while it is listed");
  FACT(mkdir("short", 0755));
  POINTER(dir = opendir("short"));
  FACT(rmdir("short"));
  show_rest(dir);
  FACT(closedir(dir));
}

static int with_digit_1(const struct dirent *e) {
  return strchr(e->d_name, '1') != NULL;
}

static int none(const struct dirent *e) {
  (void)e;
  return 0;
}

static void sorted(void) {
  struct dirent **list;
  int n;
  SECTION("scandir");
  FACT(n = scandir("many", &list, with_digit_1, alphasort));
  for (int i = 0; i < n; i++) {
    printf("%s%s", i ? " " : "", list[i]->d_name);
    free(list[i]);
  }
  printf("\n");
  free(list);
  FACT(n = scandir("many", &list, none, alphasort));
  free(list);
  FACT(scandir("no", &list, NULL, alphasort));
  FACT(scandir("file", &list, NULL, NULL));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  simple();
  types();
  descriptors();
  places();
  removal();
  removed();
  sorted();
  return 0;
}
