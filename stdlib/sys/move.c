/*
** move.c - bytes between memory and a file, and the times of the file.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>

#include "move.h"

#define MOVE_MAX 0x7ffff000u /* bytes of one call, as on Linux */

int64_t __zvm_move_in(struct file *f, void *to, size_t size, int64_t off) {
  struct node *node = f->node;
  int64_t n;
  if (!node->kind->read) return -EINVAL;
  if (size > MOVE_MAX) size = MOVE_MAX;
  n = node->kind->read(f, to, size, node->kind->has_position ? off : 0);
  if (n >= 0 && size && !(f->flags & O_NOATIME)) node_was_read(node);
  return n;
}

int64_t __zvm_move_out(struct file *f, const void *from, size_t size,
                       int64_t off) {
  struct node *node = f->node;
  int64_t n;
  if (!node->kind->write) return -EINVAL;
  if (size > MOVE_MAX) size = MOVE_MAX;
  n = node->kind->write(f, from, size, node->kind->has_position ? off : 0);
  if (n <= 0) return n;
  node_written(node);
  /* Who writes to a program does not get its rights. */
  if (node->mode & S_ISUID) node->mode &= ~S_ISUID;
  if ((node->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
    node->mode &= ~S_ISGID;
  return n;
}

int64_t __zvm_end_of(struct file *f) {
  struct node *n = f->node;
  if (!__zvm_file_has_position(f)) return f->pos;
  return n->kind->size ? n->kind->size(n) : n->size;
}
