/*
** large_check.c - many files, large ones, and memory that runs out.
**
** Wants 256 MiB. Argument "full": then it wants 4 MiB, and fills them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../check.h"

#define MANY 100000

static char *named(unsigned i) {
  static char name[40];
  sprintf(name, "/tmp/many/entry-%u", i);
  return name;
}

static unsigned number_of(const char *name) {
  return (unsigned)atoi(name + strlen("entry-"));
}

static void make_many(void) {
  CHECK(mkdir("/tmp/many", 0777) == 0);
  for (unsigned i = 0; i < MANY; i++) {
    int fd = open(named(i), O_CREAT | O_EXCL | O_WRONLY, 0666);
    if (fd < 0 || close(fd)) {
      CHECK(!"created");
      return;
    }
  }
  CHECK(open(named(MANY / 2), O_CREAT | O_EXCL | O_WRONLY, 0666) == -1);
  CHECK(errno == EEXIST);
  CHECK(access(named(MANY), F_OK) == -1 && errno == ENOENT);
}

/* In order of creation, each once. */
static void list_many(void) {
  DIR *d = opendir("/tmp/many");
  struct dirent *e;
  unsigned at = 0, wrong = 0;
  long middle = 0;
  if (!CHECK(d != NULL)) return;
  CHECK((e = readdir(d)) && !strcmp(e->d_name, "."));
  CHECK((e = readdir(d)) && !strcmp(e->d_name, ".."));
  while ((e = readdir(d))) {
    wrong += number_of(e->d_name) != at++;
    if (at == MANY / 2) middle = telldir(d);
  }
  CHECK(at == MANY && !wrong);
  seekdir(d, middle);
  CHECK((e = readdir(d)) && number_of(e->d_name) == MANY / 2);
  rewinddir(d);
  CHECK((e = readdir(d)) && !strcmp(e->d_name, "."));
  closedir(d);
}

/*
** What is there all the while is seen once, though before and behind the
** place names come and go, and the table is made anew many times.
*/
static void list_while_it_changes(void) {
  static unsigned char seen[MANY];
  DIR *d = opendir("/tmp/many");
  struct dirent *e;
  unsigned steps = 0, twice = 0, missed = 0;
  char name[40];
  if (!CHECK(d != NULL)) return;
  while ((e = readdir(d))) {
    if (strncmp(e->d_name, "entry-", 6)) continue;
    unsigned n = number_of(e->d_name);
    if (n >= MANY) continue;
    twice += seen[n]++;
    /* Odd ones go, from both ends; new ones come, and half of them go. */
    if (n % 4 == 1) unlink(named(n));
    if (n % 4 == 3) unlink(named(MANY - n));
    if (n % 2 == 0 && n < 20000) {
      sprintf(name, "/tmp/many/new-%u", steps);
      close(open(name, O_CREAT | O_WRONLY, 0666));
      if (steps % 2) unlink(name);
    }
    steps++;
  }
  closedir(d);
  for (unsigned i = 0; i < MANY; i += 2) missed += seen[i] != 1;
  CHECK(!twice && !missed);
}

static void remove_many(void) {
  unsigned left = 0;
  for (;;) {
    DIR *d = opendir("/tmp/many");
    struct dirent *e;
    char path[300];
    if (!CHECK(d != NULL)) return;
    /* The first each time: what is removed may not be walked over. */
    while ((e = readdir(d)) && *e->d_name == '.') continue;
    if (e) snprintf(path, sizeof(path), "/tmp/many/%s", e->d_name);
    closedir(d);
    if (!e) break;
    if (unlink(path)) break;
    left++;
  }
  CHECK(left > MANY / 2);
  CHECK(rmdir("/tmp/many") == 0);
}

#define TWO_GB 0x7fffffffLL

static void check_sparse(void) {
  struct stat st;
  char c = 'x', b[8192];
  int fd = open("/tmp/sparse", O_RDWR | O_CREAT, 0666);
  if (!CHECK(fd >= 0)) return;
  CHECK(pwrite(fd, &c, 1, TWO_GB - 1) == 1);
  CHECK(pwrite(fd, &c, 1, TWO_GB) == -1 && errno == EFBIG);
  CHECK(pwrite(fd, "yz", 2, TWO_GB - 1) == 1);
  CHECK(ftruncate(fd, TWO_GB + 1) == -1 && errno == EFBIG);
  CHECK(fstat(fd, &st) == 0 && st.st_size == TWO_GB && st.st_blocks == 8);
  CHECK(lseek(fd, 0, SEEK_DATA) == (TWO_GB & ~4095));
  CHECK(lseek(fd, 0, SEEK_HOLE) == 0);
  CHECK(lseek(fd, TWO_GB - 1, SEEK_HOLE) == TWO_GB);
  memset(b, 1, sizeof(b));
  CHECK(pread(fd, b, sizeof(b), 1234567890) == sizeof(b));
  for (size_t i = 0; i < sizeof(b); i++)
    if (b[i] && !CHECK(!"zero")) break;
  for (int i = 0; i < 1000; i++) {
    int64_t off = (int64_t)i * 2000003;
    if (pwrite(fd, &i, sizeof(i), off) != sizeof(i)) CHECK(!"written");
  }
  for (int i = 0; i < 1000; i++) {
    int64_t off = (int64_t)i * 2000003;
    int is = -1;
    pread(fd, &is, sizeof(is), off);
    if (is != i) CHECK(is == i);
  }
  CHECK(ftruncate(fd, 1) == 0 && fstat(fd, &st) == 0 && st.st_blocks == 8);
  CHECK(unlink("/tmp/sparse") == 0 && close(fd) == 0);
}

/* 200 MB in pieces that fit nothing, and read in others. */
static void check_dense(void) {
  static unsigned char b[100003];
  int fd = open("/tmp/dense", O_RDWR | O_CREAT, 0666);
  unsigned wrong = 0;
  int64_t at = 0, size = 200000000;
  while (at < size) {
    for (size_t i = 0; i < sizeof(b); i += 1000) b[i] = (at + i) % 251;
    if (write(fd, b, sizeof(b)) != sizeof(b)) break;
    at += sizeof(b);
  }
  CHECK(at >= size);
  size = at;
  for (at = 0; at < size; at += sizeof(b)) {
    if (pread(fd, b, sizeof(b), at) != sizeof(b)) wrong++;
    for (size_t i = 0; i < sizeof(b); i += 1000)
      wrong += b[i] != (at + i) % 251;
  }
  CHECK(!wrong);
  CHECK(close(fd) == 0 && unlink("/tmp/dense") == 0);
  /* It has gone: as much fits again. */
  fd = open("/tmp/dense", O_RDWR | O_CREAT, 0666);
  for (at = 0; at < size; at += sizeof(b))
    if (write(fd, b, sizeof(b)) != sizeof(b)) break;
  CHECK(at >= size);
  CHECK(close(fd) == 0 && unlink("/tmp/dense") == 0);
}

/* -- Nothing left -------------------------------------------------------- */

static void check_full_by_bytes(void) {
  static char b[5000];
  int fd = open("/tmp/full", O_RDWR | O_CREAT, 0666);
  struct stat st;
  ssize_t n;
  int64_t total = 0;
  while ((n = write(fd, b, sizeof(b))) > 0) total += n;
  CHECK(n == -1 && errno == ENOSPC);
  CHECK(total > 1000000);
  CHECK(fstat(fd, &st) == 0 && st.st_size == total);
  CHECK(write(fd, b, sizeof(b)) == -1 && errno == ENOSPC);
  CHECK(fstat(fd, &st) == 0 && st.st_size == total);
  CHECK(posix_fallocate(fd, total, 1 << 20) == ENOSPC);
  /* The program has some of its own left. */
  void *own = malloc(20000);
  CHECK(own != NULL);
  free(own);
  /* To rename takes nothing that stays. */
  CHECK(rename("/tmp/full", "/tmp/a-longer-name-than-it-had") == 0);
  CHECK(rename("/tmp/a-longer-name-than-it-had", "/full") == 0);
  CHECK(rename("/full", "/tmp/full") == 0);
  CHECK(ftruncate(fd, 0) == 0);
  CHECK(write(fd, b, sizeof(b)) == sizeof(b));
  CHECK(close(fd) == 0 && unlink("/tmp/full") == 0);
}

static void check_full_by_names(void) {
  char name[300];
  unsigned made = 0, removed = 0;
  struct statvfs before, after;
  int fd;
  CHECK(statvfs("/", &before) == 0);
  memset(name, 'x', sizeof(name));
  for (;; made++) {
    name[5 + sprintf(name, "/tmp/%08u", made) - 5] = 'x';
    name[200] = 0;
    if ((fd = open(name, O_CREAT | O_WRONLY, 0666)) < 0) break;
    close(fd);
  }
  CHECK(errno == ENOSPC && made > 1000);
  CHECK(rename("/tmp", "/moved") == 0 && rename("/moved", "/tmp") == 0);
  CHECK(access(name, F_OK) == -1 && errno == ENOENT);
  CHECK(mkdir("/tmp/d", 0777) == -1 && errno == ENOSPC);
  CHECK(symlink("a", "/tmp/s") == -1 && errno == ENOSPC);
  for (; removed < made; removed++) {
    name[5 + sprintf(name, "/tmp/%08u", removed) - 5] = 'x';
    if (unlink(name)) break;
  }
  CHECK(removed == made);
  CHECK(statvfs("/", &after) == 0);
  CHECK(after.f_bavail + after.f_blocks / 8 > before.f_bavail);
  CHECK(mkdir("/tmp/d", 0777) == 0 && rmdir("/tmp/d") == 0);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    for (int i = 0; i < 3; i++) {
      check_full_by_bytes();
      check_full_by_names();
    }
    return check_end();
  }
  make_many();
  list_many();
  list_while_it_changes();
  remove_many();
  check_sparse();
  check_dense();
  return check_end();
}
