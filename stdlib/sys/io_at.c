/*
** io_at.c - reading and writing at an offset that the call tells.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>

#include "move.h"

/* Why the file cannot be used at that offset, or 0. */
static int refuse(const struct file *f, int64_t off) {
  if (off < 0) return -EINVAL;
  if (!f) return -EBADF;
  return __zvm_file_has_position(f) ? 0 : -ESPIPE;
}

static int refuse_get(const struct file *f, int64_t off) {
  int err = refuse(f, off);
  if (err || f->node->kind != &__zvm_kind_channel) return err;
  return __zvm_is_read_in_turn(f->node->channel) ? -ESPIPE : 0;
}

typedef int64_t step(struct file *f, void *buf, size_t size, int64_t off);

static int64_t get(struct file *f, void *buf, size_t size, int64_t off) {
  return __zvm_move_in(f, buf, size, off);
}

static int64_t put(struct file *f, void *buf, size_t size, int64_t off) {
  if (f->flags & O_APPEND) off = __zvm_end_of(f);
  return __zvm_move_out(f, buf, size, off);
}

SYS(pread64) {
  struct file *file = __zvm_file_to_read((int)a);
  int err = refuse_get(file, d);
  return err ? err : moved(get(file, PTR(void, b), (size_t)c, d));
}

SYS(pwrite64) {
  struct file *file = __zvm_file_to_write((int)a);
  int err = refuse(file, d);
  return err ? err : moved(put(file, PTR(void, b), (size_t)c, d));
}

/* Part after part, up to the first that comes out short. */
static int64_t each(struct file *f, const struct iovec *v, int count,
                    int64_t off, step *move) {
  int64_t total = 0;
  int err = move == get ? refuse_get(f, off) : refuse(f, off);
  if (err || (err = vector_error(v, count))) return err;
  for (int i = 0; i < count; i++) {
    int64_t n;
    if (!v[i].iov_len) continue;
    n = move(f, v[i].iov_base, v[i].iov_len, off + total);
    if (n < 0) return moved(total ? total : n);
    total += n;
    if ((size_t)n < v[i].iov_len) break;
  }
  return moved(total);
}

/* The kernel's form: the offset in two halves of a machine word. */
#define HALVES(low, high) ((int64_t)((uint32_t)(low) | (high) << 32))

SYS(preadv) {
  return each(__zvm_file_to_read((int)a), PTR(const struct iovec, b), (int)c,
              HALVES(d, e), get);
}

SYS(pwritev) {
  return each(__zvm_file_to_write((int)a), PTR(const struct iovec, b), (int)c,
              HALVES(d, e), put);
}
