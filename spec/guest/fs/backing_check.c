/*
** backing_check.c - files that a channel backs, and files that are mapped,
** against an array. They have no call of their own: the library's insides
** are used as its other parts use them.
**
** Wants /image, random get, of 200,000 bytes, the n-th being n * 7 + n / 256.
** Argument: a seed.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zvm.h>

#include "../check.h"

struct node;
int __zvm_node_at(int dirfd, const char *path, int flags, struct node **out);
int __zvm_dir_add(struct node *dir, const char *name, size_t len,
                  struct node *child);
struct node *__zvm_contents_backed(mode_t mode, int channel, int64_t off,
                                   int64_t size);
void *__zvm_contents_map(struct node *n, int64_t off, size_t size);
void __zvm_contents_unmap(struct node *n);

#define IMAGE 200000
#define MOST 400000
#define MAPS 4

static char model[MOST], got[MOST];
static int64_t size;
static uint64_t state;

static struct {
  char *at;
  int64_t off;
  size_t size;
} maps[MAPS];

static uint32_t chance(uint32_t below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33) % below;
}

static char byte_of(uint32_t n) { return (char)(n * 7 + n / 256); }

static int64_t an_offset(void) {
  int64_t edge = (int64_t)chance(90) * 4096;
  return chance(2) ? edge : (int64_t)chance(300000);
}

static size_t a_size(void) {
  return chance(2) ? chance(20000) + 1 : (chance(8) + 1) * 4096;
}

static int compare(int fd) {
  struct stat st;
  ssize_t n = pread(fd, got, MOST, 0);
  return fstat(fd, &st) == 0 && st.st_size == size && n == size &&
         !memcmp(got, model, size);
}

static void do_write(int fd) {
  static char data[40000];
  int64_t off = an_offset();
  size_t n = a_size();
  for (size_t i = 0; i < n; i++) data[i] = (char)chance(256);
  CHECK(pwrite(fd, data, n, off) == (ssize_t)n);
  memcpy(model + off, data, n);
  if (off + (int64_t)n > size) size = off + n;
}

static void do_read(int fd) {
  int64_t off = an_offset();
  size_t n = a_size();
  int64_t want = off >= size ? 0 : off + (int64_t)n > size ? size - off
                                                           : (int64_t)n;
  CHECK(pread(fd, got, n, off) == want && !memcmp(got, model + off, want));
}

static void do_resize(int fd) {
  int64_t to = an_offset();
  CHECK(ftruncate(fd, to) == 0);
  if (to < size) memset(model + to, 0, size - to);
  size = to;
}

static void do_punch(int fd) {
  int64_t off = an_offset();
  size_t n = a_size();
  CHECK(fallocate(fd, 3, off, n) == 0);
  memset(model + off, 0, n);
}

/* What is mapped is the file: writing to one is writing to the other. */
static void do_map(struct node *node, unsigned which) {
  if (maps[which].at) {
    maps[which].at = NULL;
    __zvm_contents_unmap(node);
    return;
  }
  maps[which].off = an_offset() & ~4095;
  maps[which].size = a_size();
  maps[which].at =
      __zvm_contents_map(node, maps[which].off, maps[which].size);
}

static void use_maps(void) {
  for (unsigned i = 0; i < MAPS; i++) {
    int64_t off = maps[i].off, end = off + maps[i].size;
    if (!maps[i].at || off >= size) continue;
    if (end > size) end = size;
    CHECK(!memcmp(maps[i].at, model + off, end - off));
    maps[i].at[(end - off) / 2] = model[off + (end - off) / 2] =
        (char)chance(256);
    /* Past the end of the file nobody keeps it. */
    if (end == size && off + (int64_t)maps[i].size > size)
      maps[i].at[end - off] = 'x';
  }
}

int main(int argc, char **argv) {
  struct node *node, *dir;
  int image = -1, fd;
  int64_t from = 12345;
  state = argc > 1 ? atoi(argv[1]) : 1;
  for (int i = 0; i < MANIFEST->channels_count; i++)
    if (!strcmp(MANIFEST->channels[i].name, "/image")) image = i;
  size = IMAGE - from - chance(5000);
  CHECK(image > 2);
  CHECK(__zvm_node_at(AT_FDCWD, "/tmp", 0, &dir) == 0);
  CHECK((node = __zvm_contents_backed(0666, image, from, size)) != NULL);
  CHECK(__zvm_dir_add(dir, "backed", 6, node) == 0);
  CHECK((fd = open("/tmp/backed", O_RDWR)) >= 0);
  for (int64_t i = 0; i < size; i++) model[i] = byte_of(from + i);
  CHECK(compare(fd));
  for (int i = 0; i < 1500; i++) {
    switch (chance(8)) {
      case 0:
      case 1: do_write(fd); break;
      case 2:
      case 3: do_read(fd); break;
      case 4: if (!chance(4)) do_resize(fd); break;
      case 5: do_punch(fd); break;
      default: do_map(node, chance(MAPS));
    }
    use_maps();
    if (!CHECK(compare(fd))) {
      printf("after %d calls\n", i);
      break;
    }
  }
  return check_end();
}
