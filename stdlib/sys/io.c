/*
** io.c - read, write and their vectors.
**
** A sequential channel ignores offsets; the library OS counts on, so that
** the offsets it passes are true ones.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>

#include "move.h"

static int64_t get(struct file *f, void *buf, size_t size) {
  const struct node *node = f->node;
  int64_t n = __zvm_move_in(f, buf, size, f->pos);
  if (n <= 0 || !node->kind->has_position) return n;
  /* Where gets are in turn and puts random, it is the writer's. */
  if (node->kind != &__zvm_kind_channel || !__zvm_file_has_position(f) ||
      !__zvm_is_read_in_turn(node->channel))
    f->pos += n;
  return n;
}

static int64_t put(struct file *f, const void *buf, size_t size) {
  const struct node *node = f->node;
  int64_t n;
  if (size && (f->flags & O_APPEND)) f->pos = __zvm_end_of(f);
  n = __zvm_move_out(f, buf, size, f->pos);
  if (n <= 0 || !node->kind->has_position) return n;
  /* Where gets are random and puts append, the position is the reader's. */
  if (node->kind != &__zvm_kind_channel || !__zvm_is_appended(node->channel))
    f->pos += n;
  return n;
}

SYS(read) {
  struct file *file = __zvm_file_to_read((int)a);
  return file ? moved(get(file, PTR(void, b), (size_t)c)) : -EBADF;
}

SYS(write) {
  struct file *file = __zvm_file_to_write((int)a);
  return file ? moved(put(file, PTR(const void, b), (size_t)c)) : -EBADF;
}

/*
** The vector calls stop at the first part that comes out short, and tell
** an error only if nothing was moved before it.
*/
SYS(readv) {
  struct file *file = __zvm_file_to_read((int)a);
  const struct iovec *v = PTR(const struct iovec, b);
  int64_t total = 0;
  int err;
  if (!file) return -EBADF;
  if ((err = vector_error(v, (int)c))) return err;
  for (int i = 0; i < (int)c; i++) {
    int64_t n;
    if (!v[i].iov_len) continue;
    n = get(file, v[i].iov_base, v[i].iov_len);
    if (n < 0) return moved(total ? total : n);
    total += n;
    if ((size_t)n < v[i].iov_len) break;
  }
  return moved(total);
}

SYS(writev) {
  struct file *file = __zvm_file_to_write((int)a);
  const struct iovec *v = PTR(const struct iovec, b);
  int64_t total = 0;
  int err;
  if (!file) return -EBADF;
  if ((err = vector_error(v, (int)c))) return err;
  for (int i = 0; i < (int)c; i++) {
    int64_t n;
    if (!v[i].iov_len) continue;
    n = put(file, v[i].iov_base, v[i].iov_len);
    if (n < 0) return moved(total ? total : n);
    total += n;
    if ((size_t)n < v[i].iov_len) break;
  }
  return moved(total);
}
