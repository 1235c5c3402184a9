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

static int64_t put(struct file *f, const void *buf, size_t size,
                   int64_t off) {
  if (f->flags & O_APPEND) off = __zvm_end_of(f);
  return __zvm_move_out(f, buf, size, off);
}

SYS(pread64) {
  struct file *file = __zvm_file_to_read((int)a);
  int err = refuse(file, d);
  return err ? err : moved(__zvm_move_in(file, PTR(void, b), (size_t)c, d));
}

SYS(pwrite64) {
  struct file *file = __zvm_file_to_write((int)a);
  int err = refuse(file, d);
  return err ? err : moved(put(file, PTR(const void, b), (size_t)c, d));
}

/* The kernel's form: the offset in two halves of a machine word. */
#define HALVES(low, high) ((int64_t)((uint32_t)(low) | (high) << 32))

SYS(preadv) {
  struct file *file = __zvm_file_to_read((int)a);
  const struct iovec *v = PTR(const struct iovec, b);
  int64_t off = HALVES(d, e), total = 0;
  int err = refuse(file, off);
  if (err || (err = vector_error(v, (int)c))) return err;
  for (int i = 0; i < (int)c; i++) {
    int64_t n;
    if (!v[i].iov_len) continue;
    n = __zvm_move_in(file, v[i].iov_base, v[i].iov_len, off + total);
    if (n < 0) return moved(total ? total : n);
    total += n;
    if ((size_t)n < v[i].iov_len) break;
  }
  return moved(total);
}

SYS(pwritev) {
  struct file *file = __zvm_file_to_write((int)a);
  const struct iovec *v = PTR(const struct iovec, b);
  int64_t off = HALVES(d, e), total = 0;
  int err = refuse(file, off);
  if (err || (err = vector_error(v, (int)c))) return err;
  for (int i = 0; i < (int)c; i++) {
    int64_t n;
    if (!v[i].iov_len) continue;
    n = put(file, v[i].iov_base, v[i].iov_len, off + total);
    if (n < 0) return moved(total ? total : n);
    total += n;
    if ((size_t)n < v[i].iov_len) break;
  }
  return moved(total);
}
