/*
** seek.c - lseek: musl's has no room for a result of 64 bits.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <unistd.h>

#include "move.h"

static int64_t to_data(struct file *f, int64_t off, bool data) {
  struct node *n = f->node;
  int64_t size = __zvm_end_of(f);
  if (is_directory(n)) return -EINVAL;
  if (off < 0 || off >= size) return -ENXIO;
  if (n->kind->seek) return n->kind->seek(n, off, data);
  return data ? off : size;
}

SYS(lseek) {
  struct file *file = __zvm_file_usable((int)a);
  int64_t to = b;
  if (!file) return -EBADF;
  if (!__zvm_file_has_position(file)) return -ESPIPE;
  /* A device is at its start wherever one seeks. */
  if (file->node->device) return (unsigned)c > SEEK_HOLE ? -EINVAL : 0;
  switch ((int)c) {
    case SEEK_SET: break;
    case SEEK_CUR:
      if (__builtin_add_overflow(file->pos, b, &to)) return -EINVAL;
      break;
    case SEEK_END:
      if (is_directory(file->node)) return -EINVAL;
      if (__builtin_add_overflow(__zvm_end_of(file), b, &to)) return -EINVAL;
      break;
    case SEEK_DATA:
    case SEEK_HOLE:
      to = to_data(file, b, (int)c == SEEK_DATA);
      if (to < 0) return to;
      break;
    default: return -EINVAL;
  }
  if (to < 0) return -EINVAL;
  file->pos = to;
  return to;
}

off_t __lseek(int fd, off_t offset, int whence) {
  long long pos = __zvm_sys_lseek(fd, offset, whence, 0, 0, 0);
  if (pos >= 0) return pos;
  errno = (int)-pos;
  return -1;
}

weak_alias(__lseek, lseek);
#undef lseek64
weak_alias(__lseek, lseek64);
