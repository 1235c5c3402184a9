/*
** sync.c - what is written is where it belongs at once.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>

#include "fs.h"

static int sync_file(int fd) {
  struct file *f = __zvm_file_usable(fd);
  if (!f) return -EBADF;
  return S_ISREG(f->node->mode) || is_directory(f->node) ||
                 S_ISBLK(f->node->mode) || f->node->kind == &__zvm_kind_channel
             ? 0
             : -EINVAL;
}

SYS(fsync) { return sync_file((int)a); }
SYS(fdatasync) { return sync_file((int)a); }
SYS(syncfs) { return __zvm_file_usable((int)a) ? 0 : -EBADF; }
SYS(sync) { return 0; }

SYS(sync_file_range) {
  struct file *file = __zvm_file_usable((int)a);
  if (!file) return -EBADF;
  if (b < 0 || c < 0 || ((int)d & ~7)) return -EINVAL;
  return __zvm_file_has_position(file) ? 0 : -ESPIPE;
}

/* Advice changes nothing. */
SYS(fadvise64) {
  struct file *file = __zvm_file_usable((int)a);
  if (!file) return -EBADF;
  if (S_ISFIFO(file->node->mode)) return -ESPIPE;
  return c < 0 || (unsigned)d > POSIX_FADV_NOREUSE ? -EINVAL : 0;
}

SYS(readahead) {
  struct file *file = __zvm_file_to_read((int)a);
  if (!file) return -EBADF;
  return S_ISREG(file->node->mode) ? 0 : -EINVAL;
}
