/*
** list.c - what a directory holds, in order of creation.
**
** Position 0 is `.`, 1 is `..`; after that it is 2 more than the cursor.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <dirent.h>
#include <string.h>

#include "move.h"

/* As the kernel's, and musl's dirent. */
struct record {
  uint64_t ino;
  int64_t off;
  uint16_t length;
  uint8_t type;
  char name[];
};

#define RECORD(len) \
  ((uint32_t)(offsetof(struct record, name) + (len) + 1 + 7) & ~7u)

struct listing {
  char *to;
  size_t room;
};

static bool put(struct listing *l, const struct node *n, const char *name,
                size_t len, int64_t next) {
  struct record *r = (struct record *)l->to;
  uint32_t size = RECORD(len);
  if (size > l->room) return false;
  r->ino = n->ino;
  r->off = next;
  r->length = size;
  r->type = n->mode >> 12 & 15;
  memcpy(r->name, name, len);
  memset(r->name + len, 0, size - offsetof(struct record, name) - len);
  l->to += size;
  l->room -= size;
  return true;
}

static bool put_dots(struct listing *l, struct file *f) {
  struct node *up = __zvm_dir_parent(f->node);
  if (f->pos == 0) {
    if (!put(l, f->node, ".", 1, 1)) return false;
    f->pos = 1;
  }
  if (f->pos == 1) {
    if (!put(l, up ? up : f->node, "..", 2, 2)) return false;
    f->pos = 2;
  }
  return true;
}

static void put_names(struct listing *l, struct file *f) {
  for (;;) {
    uint32_t cursor = (uint32_t)(f->pos - 2);
    const char *name;
    size_t len;
    struct node *n = __zvm_dir_next(f->node, &cursor, &name, &len);
    if (!n || !put(l, n, name, len, 2 + (int64_t)cursor)) break;
    f->pos = 2 + (int64_t)cursor;
  }
}

SYS(getdents64) {
  struct file *file = __zvm_file_usable((int)a);
  struct listing l = { PTR(char, b), (size_t)c };
  int64_t size;
  if (!file) return -EBADF;
  if (!is_directory(file->node)) return -ENOTDIR;
  if (is_gone(file->node)) return -ENOENT;
  if (file->pos - 2 <= UINT32_MAX && put_dots(&l, file)) put_names(&l, file);
  size = l.to - PTR(char, b);
  node_was_read(file->node);
  moved(size);
  if (size || l.room >= RECORD(255)) return size;
  /* Nothing came out: was that the end, or was there no room? */
  {
    uint32_t cursor = (uint32_t)(file->pos - 2);
    const char *name;
    size_t len;
    if (file->pos < 2) return -EINVAL;
    return __zvm_dir_next(file->node, &cursor, &name, &len) ? -EINVAL : 0;
  }
}
