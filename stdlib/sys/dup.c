/*
** dup.c - several descriptors for one open file.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>

#include "fs.h"

SYS(dup) {
  struct file *file = __zvm_file((int)a);
  return file ? __zvm_file_describe(file, 0) : -EBADF;
}

static int put_in_place(int from, int to) {
  struct file *f = __zvm_file(from);
  if (!f || (unsigned)to >= FD_MAX) return -EBADF;
  if (__zvm_file(to)) __zvm_file_close(to);
  __zvm_file_place(f, to);
  return to;
}

SYS(dup2) {
  if ((int)a == (int)b) return __zvm_file((int)a) ? (int)a : -EBADF;
  return put_in_place((int)a, (int)b);
}

SYS(dup3) {
  int fd;
  if ((int)a == (int)b || ((int)c & ~O_CLOEXEC)) return -EINVAL;
  fd = put_in_place((int)a, (int)b);
  if (fd >= 0 && ((int)c & O_CLOEXEC)) __zvm_file_set_cloexec(fd, true);
  return fd;
}

#define RANGE_CLOEXEC 4

SYS(close_range) {
  unsigned last = (unsigned)b < FD_MAX ? (unsigned)b : FD_MAX - 1;
  if ((unsigned)a > (unsigned)b || ((unsigned)c & ~(RANGE_CLOEXEC | 2)))
    return -EINVAL;
  for (unsigned fd = (unsigned)a; fd <= last; fd++) {
    if (!__zvm_file(fd)) continue;
    if ((unsigned)c & RANGE_CLOEXEC) __zvm_file_set_cloexec(fd, true);
    else __zvm_file_close(fd);
  }
  return 0;
}
