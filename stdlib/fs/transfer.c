/*
** transfer.c - bytes from one open file to another.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>

#include "move.h"

#define PIECE 16384

static bool is_pipe(const struct file *f) { return S_ISFIFO(f->node->mode); }

/*
** Up to n bytes, by way of a piece of memory. An offset of NULL is the
** file's own position; the other is moved in its place.
*/
static int64_t move(int from, int64_t *in, int to, int64_t *out, size_t n) {
  char piece[PIECE];
  int64_t done = 0;
  while (n) {
    size_t want = n < PIECE ? n : PIECE;
    int64_t got, put;
    got = in ? __zvm_sys_pread64(from, (uintptr_t)piece, want, *in, 0, 0)
             : __zvm_sys_read(from, (uintptr_t)piece, want, 0, 0, 0);
    if (got < 0) return done ? done : got;
    if (!got) break;
    put = out ? __zvm_sys_pwrite64(to, (uintptr_t)piece, got, *out, 0, 0)
              : __zvm_sys_write(to, (uintptr_t)piece, got, 0, 0, 0);
    if (in) *in += put > 0 ? put : 0;
    if (out) *out += put > 0 ? put : 0;
    /* What was read and not taken is read again. */
    if (!in && put < got)
      __zvm_sys_lseek(from, (put > 0 ? put : 0) - got, SEEK_CUR, 0, 0, 0);
    if (put < 0) return done ? done : put;
    done += put;
    n -= (size_t)put;
    if (put < got || (size_t)got < want) break;
  }
  return done;
}

#define LONGEST 0x7ffff000

static size_t length(arg size) {
  return (size_t)size > LONGEST ? LONGEST : (size_t)size;
}

SYS(sendfile) {
  struct file *to = __zvm_file_to_write((int)a);
  struct file *from = __zvm_file_to_read((int)b);
  if (!to || !from) return -EBADF;
  if (to->flags & O_APPEND) return -EINVAL;
  if (!__zvm_file_has_position(from)) return c ? -ESPIPE : -EINVAL;
  if (c && *PTR(int64_t, c) < 0) return -EINVAL;
  return move((int)b, PTR(int64_t, c), (int)a, NULL, length(d));
}

static int refuse_copy(const struct file *f, const int64_t *off) {
  if (is_directory(f->node)) return -EISDIR;
  if (!S_ISREG(f->node->mode) || !__zvm_file_has_position(f)) return -EINVAL;
  return off && *off < 0 ? -EINVAL : 0;
}

SYS(copy_file_range) {
  struct file *from = __zvm_file_to_read((int)a);
  struct file *to = __zvm_file_to_write((int)c);
  int64_t *in = PTR(int64_t, b), *out = PTR(int64_t, d);
  size_t n = length(e);
  int64_t first, second, size;
  int err;
  if (!from || !to || (to->flags & O_APPEND)) return -EBADF;
  if ((int)f) return -EINVAL;
  if ((err = refuse_copy(from, in)) || (err = refuse_copy(to, out)))
    return err;
  first = in ? *in : from->pos;
  second = out ? *out : to->pos;
  /* At the end there is nothing that could overlap. */
  size = __zvm_end_of(from);
  if (first >= size) return 0;
  if ((int64_t)n > size - first) n = (size_t)(size - first);
  if (from->node == to->node && first < second + (int64_t)n &&
      second < first + (int64_t)n)
    return -EINVAL;
  return move((int)a, in, (int)c, out, n);
}

/* One side is a pipe; its offset is none. */
SYS(splice) {
  struct file *from = __zvm_file_to_read((int)a);
  struct file *to = __zvm_file_to_write((int)c);
  const int known = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE;
  if (!from || !to) return -EBADF;
  if ((int)f & ~(known | SPLICE_F_GIFT)) return -EINVAL;
  if (!is_pipe(from) && !is_pipe(to)) return -EINVAL;
  if ((is_pipe(from) && b) || (is_pipe(to) && d)) return -ESPIPE;
  if (from->node == to->node || (to->flags & O_APPEND)) return -EINVAL;
  return move((int)a, PTR(int64_t, b), (int)c, PTR(int64_t, d), length(e));
}
