/*
** file.c - descriptors and the open files that they name.
**
** Descriptors 0, 1 and 2 are the standard channels from the start, without
** a file system.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>

#include "fs.h"

/* Nodes that can go come with what frees them. */
weak __typeof(__zvm_node_release) __zvm_node_release;

#define WORDS (FD_MAX / 32)

#define STANDARD(n)                                                      \
  {                                                                      \
    .kind = &__zvm_kind_channel, .ino = (n) + 2, .links = 1, .refs = 1,  \
    .owner = 1000, .group = 1000, .channel = (n)                         \
  }
static struct node standard[3] = { STANDARD(0), STANDARD(1), STANDARD(2) };

/* Of open files and descriptors the first ones, which all programs have that
** write a line, lie apart from the many that few need. */
#define FEW 16

#define OPEN(n)                                                          \
  { .node = standard + (n), .refs = 1, .flags = O_RDWR }
static struct file first[FEW] = { OPEN(0), OPEN(1), OPEN(2) };
LARGE static struct file others[FD_MAX - FEW];

static struct file *table[FEW] = { first, first + 1, first + 2 };
LARGE static struct file *other_descriptors[FD_MAX - FEW];

static uint32_t taken[WORDS] = { 7 };  /* descriptors */
static uint32_t in_use[WORDS] = { 7 }; /* open files  */
static uint32_t cloexec[WORDS];

static struct file *file_at(int n) {
  return n < FEW ? &first[n] : &others[n - FEW];
}

static int number_of(const struct file *f) {
  return f >= first && f < first + FEW ? f - first : f - others + FEW;
}

static struct file **name_at(int fd) {
  return fd < FEW ? &table[fd] : &other_descriptors[fd - FEW];
}

static inline void set(uint32_t *bits, unsigned n) {
  bits[n / 32] |= 1u << n % 32;
}

static inline void clear(uint32_t *bits, unsigned n) {
  bits[n / 32] &= ~(1u << n % 32);
}

/* The first clear bit from `from` up; FD_MAX: there is none. */
static int first_clear(const uint32_t *bits, unsigned from) {
  uint32_t word = from / 32, free;
  if (from >= FD_MAX) return FD_MAX;
  free = ~bits[word] & ~0u << from % 32;
  while (!free) {
    if (++word == WORDS) return FD_MAX;
    free = ~bits[word];
  }
  return word * 32 + __builtin_ctz(free);
}

struct node *__zvm_file_standard(int channel) { return &standard[channel]; }

struct file *__zvm_file(int fd) {
  return (unsigned)fd < FD_MAX ? *name_at(fd) : NULL;
}

struct file *__zvm_file_usable(int fd) {
  struct file *f = __zvm_file(fd);
  return f && !(f->flags & O_PATH) ? f : NULL;
}

struct file *__zvm_file_to_read(int fd) {
  struct file *f = __zvm_file_usable(fd);
  return f && (f->flags & O_ACCMODE) != O_WRONLY ? f : NULL;
}

struct file *__zvm_file_to_write(int fd) {
  struct file *f = __zvm_file_usable(fd);
  return f && (f->flags & O_ACCMODE) != O_RDONLY ? f : NULL;
}

bool __zvm_file_has_position(const struct file *f) {
  const struct node *n = f->node;
  if (n->kind != &__zvm_kind_channel) return n->kind->has_position;
  if (__zvm_is_read_in_turn(n->channel))
    return (f->flags & O_ACCMODE) != O_RDONLY;
  return __zvm_is_random(n->channel);
}

void __zvm_file_place(struct file *f, int fd) {
  f->refs++;
  *name_at(fd) = f;
  set(taken, fd);
  clear(cloexec, fd);
}

int __zvm_file_describe(struct file *f, int from) {
  int fd = first_clear(taken, from);
  if (fd == FD_MAX) return -EMFILE;
  __zvm_file_place(f, fd);
  return fd;
}

bool __zvm_file_have_room(void) { return first_clear(taken, 0) < FD_MAX; }

/* Opening may wait, and others run: the lowest descriptor is found after. */
int __zvm_file_open(struct node *n, int flags) {
  int at = first_clear(in_use, 0), err = 0;
  struct file *f;
  if (at == FD_MAX || !__zvm_file_have_room()) return -EMFILE;
  f = file_at(at);
  *f = (struct file){ .node = n, .flags = flags };
  set(in_use, at);
  n->refs++;
  if (n->kind->open && !(flags & O_PATH)) err = n->kind->open(f);
  if (!err) {
    if ((err = __zvm_file_describe(f, 0)) >= 0) return err;
    if (n->kind->close && !(flags & O_PATH)) n->kind->close(f);
  }
  clear(in_use, at);
  n->refs--;
  return err;
}

void __zvm_file_release(struct file *f) {
  bool last = !--f->refs;
  if (__zvm_locks_drop) __zvm_locks_drop(f, last);
  if (!last) return;
  if (f->node->kind->close && !(f->flags & O_PATH)) f->node->kind->close(f);
  clear(in_use, number_of(f));
  if (!--f->node->refs && !f->node->links) __zvm_node_release(f->node);
}

int __zvm_file_close(int fd) {
  struct file *f = __zvm_file(fd);
  if (!f) return -EBADF;
  *name_at(fd) = NULL;
  clear(taken, fd);
  clear(cloexec, fd);
  __zvm_file_release(f);
  return 0;
}

void __zvm_file_set_cloexec(int fd, bool on) {
  if (on) set(cloexec, fd);
  else clear(cloexec, fd);
}

bool __zvm_file_cloexec(int fd) { return cloexec[fd / 32] >> fd % 32 & 1; }

SYS(close) { return __zvm_file_close((int)a); }
