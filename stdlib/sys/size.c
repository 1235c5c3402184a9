/*
** size.c - how long a file is, and what of it takes memory.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "fs.h"

static int resize(struct node *n, int64_t size) {
  int err;
  if (!n->kind->resize) return -EINVAL;
  if ((err = n->kind->resize(n, size))) return err;
  node_written(n);
  return 0;
}

SYS(truncate) {
  struct node *n;
  int err;
  if (b < 0) return -EINVAL;
  if ((err = __zvm_node_at(AT_FDCWD, PTR(const char, a), 0, &n))) return err;
  if (is_directory(n)) return -EISDIR;
  if (!__zvm_node_may(n, W_OK)) return -EACCES;
  return resize(n, b);
}

SYS(ftruncate) {
  struct file *file = __zvm_file_usable((int)a);
  if (b < 0) return -EINVAL;
  if (!file) return -EBADF;
  if (!(file->flags & O_ACCMODE)) return -EINVAL;
  return resize(file->node, b);
}

#define KEEP_SIZE 1
#define PUNCH_HOLE 2

SYS(fallocate) {
  struct file *file = __zvm_file_usable((int)a);
  int mode = (int)b, err;
  struct node *n;
  if (!file) return -EBADF;
  if (c < 0 || d <= 0) return -EINVAL;
  if (mode & ~(KEEP_SIZE | PUNCH_HOLE) || mode == PUNCH_HOLE)
    return -EOPNOTSUPP;
  if (!(file->flags & O_ACCMODE)) return -EBADF;
  n = file->node;
  if (S_ISFIFO(n->mode)) return -ESPIPE;
  if (!S_ISREG(n->mode)) return -ENODEV;
  if (n->kind != &__zvm_kind_regular) return -EOPNOTSUPP;
  if (c > INT64_MAX - d) return -EFBIG;
  if (mode & PUNCH_HOLE) {
    if ((err = __zvm_contents_punch(n, c, d))) return err;
  } else {
    if ((err = __zvm_contents_reserve(n, c, d))) return err;
    if (!(mode & KEEP_SIZE) && n->size < c + d &&
        (err = __zvm_contents_resize(n, c + d)))
      return err;
  }
  node_written(n);
  return 0;
}
