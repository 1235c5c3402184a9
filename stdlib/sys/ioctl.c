/*
** ioctl.c - controls: those of all files, and those of a kind.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>

#include "fs.h"

SYS(ioctl) {
  struct file *file = __zvm_file_usable((int)a);
  unsigned request = (unsigned)b;
  int *value = PTR(int, c);
  if (!file) return -EBADF;
  switch (request) {
    case FIOCLEX: __zvm_file_set_cloexec((int)a, true); return 0;
    case FIONCLEX: __zvm_file_set_cloexec((int)a, false); return 0;
    case FIONBIO:
      file->flags &= ~O_NONBLOCK;
      if (*value) file->flags |= O_NONBLOCK;
      return 0;
    default: break;
  }
  if (file->node->kind->control)
    return file->node->kind->control(file, request, c);
  if (request != FIONREAD || !S_ISREG(file->node->mode)) return -ENOTTY;
  *value = (int)(file->node->size - file->pos);
  return 0;
}
