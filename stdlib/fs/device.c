/*
** device.c - /dev: null, zero, full, random, urandom, fd and shm.
**
** They are there unless a channel has the name: channels are placed later
** and hide them. Modes and numbers are those of Linux.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "new_node.h"

static int64_t read_nothing(struct file *f, void *to, size_t n, int64_t off) {
  (void)f, (void)to, (void)n, (void)off;
  return 0;
}

static int64_t read_zeros(struct file *f, void *to, size_t n, int64_t off) {
  (void)f, (void)off;
  memset(to, 0, n);
  return n;
}

static int64_t read_random(struct file *f, void *to, size_t n, int64_t off) {
  char *at = to;
  (void)f, (void)off;
  for (size_t left = n; left;) {
    uint64_t word = __zvm_random();
    size_t part = left < sizeof(word) ? left : sizeof(word);
    memcpy(at, &word, part);
    at += part;
    left -= part;
  }
  return n;
}

static int64_t write_away(struct file *f, const void *from, size_t n,
                          int64_t off) {
  (void)f, (void)from, (void)off;
  return n;
}

static int64_t write_full(struct file *f, const void *from, size_t n,
                          int64_t off) {
  (void)f, (void)from, (void)n, (void)off;
  return -ENOSPC;
}

#define DEVICE(reads, writes)                                            \
  { .has_position = true, .read = reads, .write = writes }

static const struct kind null = DEVICE(read_nothing, write_away);
static const struct kind zero = DEVICE(read_zeros, write_away);
static const struct kind full = DEVICE(read_zeros, write_full);
static const struct kind chance = DEVICE(read_random, write_away);

#define NUMBER(minor) (1u << 8 | (minor)) /* all of major 1 */

static const struct device {
  const char *name;
  const struct kind *kind;
  uint32_t number;
} devices[] = {
  { "null", &null, NUMBER(3) },
  { "zero", &zero, NUMBER(5) },
  { "full", &full, NUMBER(7) },
  { "random", &chance, NUMBER(8) },
  { "urandom", &chance, NUMBER(9) },
};

/* Without memory for it a name is not there. */
void __zvm_tree_add(struct node *dir, const char *name, struct node *n) {
  if (!n) return;
  n->owner = n->group = 0;
  if (__zvm_dir_add(dir, name, strlen(name), n)) __zvm_node_release(n);
}

struct node *__zvm_link_new(const char *target) {
  struct node *n = __zvm_node_new(&__zvm_kind_link, S_IFLNK | 0777);
  size_t size = strlen(target) + 1;
  if (!n) return NULL;
  if (!(n->target = __zvm_fs_alloc(size))) {
    __zvm_node_release(n);
    return NULL;
  }
  memcpy(n->target, target, size);
  n->size = size - 1;
  return n;
}

void __zvm_devices_add(struct node *dev) {
  struct node *shm;
  for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
    const struct device *d = &devices[i];
    struct node *n = __zvm_node_new(d->kind, S_IFCHR | 0666);
    if (n) n->device = d->number;
    __zvm_tree_add(dev, d->name, n);
  }
  __zvm_tree_add(dev, "fd", __zvm_link_new("/proc/self/fd"));
  /* shm_open and sem_open have their files here. */
  if ((shm = __zvm_dir_make(dev, "shm"))) shm->mode = S_IFDIR | 01777;
}
