/*
** both.h - for programs that run in a guest and natively, and have to say
** the same: what Linux's tmpfs does is what is right.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef BOTH_H
#define BOTH_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#ifdef __ILP32__
static char place[] = "/tmp/bothXXXXXX";
#else
static char place[] = "/dev/shm/bothXXXXXX";
#endif

/* In an empty directory of its own, as a user who is not root. */
static inline void enter_directory(void) {
  for (int fd = 3; fd < 256; fd++) close(fd); /* the shell's */
  if (!geteuid() &&
      (setgroups(0, NULL) || setgid(1000) || setuid(1000)))
    exit(99);
  if (!mkdtemp(place) || chdir(place)) exit(98);
  umask(022);
}

static inline uint32_t hash_bytes(uint32_t hash, const void *p, size_t n) {
  const unsigned char *byte = p;
  while (n--) hash = (hash ^ *byte++) * 16777619u;
  return hash;
}

static inline int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of a directory, sorted; NULL: it cannot be read. */
static inline char **names_of(const char *dir, size_t *count) {
  DIR *d = opendir(dir);
  struct dirent *e;
  char **names = malloc(sizeof(*names));
  *count = 0;
  if (!d) {
    free(names);
    return NULL;
  }
  while ((e = readdir(d))) {
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
    names = realloc(names, (*count + 1) * sizeof(*names));
    names[(*count)++] = strdup(e->d_name);
  }
  closedir(d);
  qsort(names, *count, sizeof(*names), by_name);
  return names;
}

static inline void free_names(char **names, size_t count) {
  for (size_t i = 0; i < count; i++) free(names[i]);
  free(names);
}

static inline uint32_t hash_file(const char *path, uint32_t hash) {
  char buf[4096];
  ssize_t n;
  int fd = open(path, O_RDONLY);
  if (fd < 0) return hash_bytes(hash, &errno, sizeof(errno));
  while ((n = read(fd, buf, sizeof(buf))) > 0) hash = hash_bytes(hash, buf, n);
  close(fd);
  return hash;
}

static int both_tell; /* print what is hashed */

/* A number that says all there is to know of a tree. */
static inline uint32_t hash_tree(const char *dir, uint32_t hash) {
  size_t count;
  char **names = names_of(dir, &count);
  if (!names) return hash_bytes(hash, &errno, sizeof(errno));
  for (size_t i = 0; i < count; i++) {
    static char link[PATH_MAX];
    char path[PATH_MAX], line[600];
    struct stat st;
    snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
    if (lstat(path, &st)) {
      hash = hash_bytes(hash, &errno, sizeof(errno));
      continue;
    }
    snprintf(line, sizeof(line), "%s %o %lu %lld", names[i],
             (unsigned)st.st_mode, (unsigned long)st.st_nlink,
             S_ISDIR(st.st_mode) ? 0 : (long long)st.st_size);
    if (both_tell) printf("  %s: %s\n", path, line);
    hash = hash_bytes(hash, line, strlen(line));
    if (S_ISLNK(st.st_mode)) {
      ssize_t n = readlink(path, link, sizeof(link));
      if (n > 0) hash = hash_bytes(hash, link, n);
    }
    if (S_ISREG(st.st_mode)) hash = hash_file(path, hash);
    if (S_ISDIR(st.st_mode)) hash = hash_tree(path, hash);
  }
  free_names(names, count);
  return hash;
}

/* A tree goes, whatever its rights are. */
static inline void remove_tree(const char *dir) {
  size_t count;
  char **names;
  chmod(dir, 0700);
  names = names_of(dir, &count);
  for (size_t i = 0; names && i < count; i++) {
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
    if (!lstat(path, &st) && S_ISDIR(st.st_mode)) remove_tree(path);
    else unlink(path);
  }
  if (names) free_names(names, count);
  rmdir(dir);
}

static inline void leave_directory(void) {
  if (chdir("/")) exit(93);
  remove_tree(place);
}

#endif
