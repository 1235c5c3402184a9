/*
** image_ops.c - does to the file system what its arguments say, in order.
**
**   list PATH           a line for each file at and below PATH
**   cat PATH            its contents
**   write PATH TEXT     in place of what is there; append PATH TEXT, at its end
**   mkdir PATH, unlink PATH, chmod MODE PATH, touch SECONDS NANOSECONDS PATH
**   link FROM TO, symlink TARGET PATH
**   hole PATH SIZE      a file that is a hole
**   deep PATH COUNT     directories named d in each other
**   exit CODE, _exit CODE, abort
**
** A line of a list: type, mode, links, size, seconds.nanoseconds, a sum of the
** contents, name and target, with tabs between. What fails is told on stdout.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 65536

static void tell(const char *what, const char *path) {
  printf("%s %s: %s\n", what, path, strerror(errno));
}

static unsigned sum_of(const char *path) {
  static unsigned char bytes[CHUNK];
  unsigned long long sum = 0;
  ssize_t n;
  int fd = open(path, O_RDONLY);
  if (fd < 0) return 1;
  while ((n = read(fd, bytes, CHUNK)) > 0)
    for (ssize_t i = 0; i < n; i++) sum = (sum * 31 + bytes[i]) % 4294967291u;
  close(fd);
  return n < 0 ? 2 : (unsigned)sum;
}

static char type_of(mode_t mode) {
  return S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : S_ISREG(mode) ? 'f' : '?';
}

static void list_one(const char *path) {
  char target[4096] = "";
  struct stat st;
  if (lstat(path, &st)) {
    tell("list", path);
    return;
  }
  if (S_ISLNK(st.st_mode)) readlink(path, target, sizeof(target) - 1);
  if (S_ISDIR(st.st_mode)) st.st_size = 0;
  printf("%c\t%o\t%u\t%lld\t%lld.%09ld\t%u\t%s\t%s\n", type_of(st.st_mode),
         st.st_mode & 07777, (unsigned)st.st_nlink, (long long)st.st_size,
         (long long)st.st_mtim.tv_sec, (long)st.st_mtim.tv_nsec,
         S_ISREG(st.st_mode) ? sum_of(path) : 0, path, target);
}

static void list(const char *path) {
  struct dirent *entry;
  struct stat st;
  DIR *dir;
  list_one(path);
  if (lstat(path, &st) || !S_ISDIR(st.st_mode)) return;
  if (!(dir = opendir(path))) {
    tell("opendir", path);
    return;
  }
  while ((entry = readdir(dir))) {
    char below[4096];
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    snprintf(below, sizeof(below), "%s/%s", strcmp(path, "/") ? path : "",
             entry->d_name);
    list(below);
  }
  closedir(dir);
}

static int cat(const char *path) {
  static char bytes[CHUNK];
  ssize_t n;
  int fd = open(path, O_RDONLY);
  if (fd < 0) return -1;
  while ((n = read(fd, bytes, CHUNK)) > 0) fwrite(bytes, 1, (size_t)n, stdout);
  close(fd);
  return n < 0 ? -1 : 0;
}

static int write_text(const char *path, int flags, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT | flags, 0666);
  if (fd < 0) return -1;
  ssize_t n = write(fd, text, strlen(text));
  return close(fd) || n != (ssize_t)strlen(text) ? -1 : 0;
}

static int hole(const char *path, const char *size) {
  int fd = open(path, O_WRONLY | O_CREAT, 0666);
  return fd < 0 || ftruncate(fd, atoll(size)) || close(fd) ? -1 : 0;
}

static int deep(const char *path, int count) {
  if (chdir(path)) return -1;
  while (count-- > 0)
    if (mkdir("d", 0755) || chdir("d")) return -1;
  return chdir("/");
}

static int touch(const char *seconds, const char *ns, const char *path) {
  struct timespec times[2] = {
    { 0, UTIME_OMIT }, { atoll(seconds), atol(ns) },
  };
  return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

#define IS(name, count) (!strcmp(argv[i], name) && i + (count) < argc)

int main(int argc, char **argv) {
  umask(0);
  for (int i = 1; i < argc; i++) {
    const char *what = argv[i], *path = argv[i + 1];
    int failed = 0;
    if (IS("list", 1)) list(argv[++i]);
    else if (IS("cat", 1)) failed = cat(argv[++i]);
    else if (IS("mkdir", 1)) failed = mkdir(argv[++i], 0755);
    else if (IS("unlink", 1)) failed = unlink(argv[++i]);
    else if (IS("exit", 1)) exit(atoi(argv[i + 1]));
    else if (IS("_exit", 1)) _exit(atoi(argv[i + 1]));
    else if (IS("abort", 0)) abort();
    else if (IS("write", 2))
      failed = write_text(path, O_TRUNC, argv[i + 2]), i += 2;
    else if (IS("append", 2))
      failed = write_text(path, O_APPEND, argv[i + 2]), i += 2;
    else if (IS("chmod", 2))
      failed = chmod(argv[i + 2], (mode_t)strtol(path, NULL, 8)), i += 2;
    else if (IS("link", 2)) failed = link(path, argv[i + 2]), i += 2;
    else if (IS("symlink", 2)) failed = symlink(path, argv[i + 2]), i += 2;
    else if (IS("hole", 2)) failed = hole(path, argv[i + 2]), i += 2;
    else if (IS("deep", 2)) failed = deep(path, atoi(argv[i + 2])), i += 2;
    else if (IS("touch", 3))
      failed = touch(path, argv[i + 2], argv[i + 3]), i += 3;
    else return 100;
    if (failed) tell(what, path);
  }
  return 0;
}
