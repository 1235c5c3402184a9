/*
** fcntl.c - what can be asked of a descriptor, and set.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>

#include "fs.h"

/* What F_SETFL changes; the rest stays as it was opened. */
#define CHANGEABLE (O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME)

static int duplicate(struct file *f, arg from, bool cloexec) {
  int fd;
  if ((unsigned)from >= FD_MAX) return -EINVAL;
  fd = __zvm_file_describe(f, (int)from);
  if (fd >= 0 && cloexec) __zvm_file_set_cloexec(fd, true);
  return fd;
}

#define PIPE_BYTES 65536 /* whatever is asked for */

/* A pipe has at least what is asked for, or more is not for this user. */
static int pipe_size(const struct file *f, bool set, arg size) {
  if (!S_ISFIFO(f->node->mode)) return -EBADF;
  if (!set || (unsigned)size <= PIPE_BYTES) return PIPE_BYTES;
  return (int)size < 0 ? -EINVAL : -EPERM;
}

SYS(fcntl) {
  struct file *file = __zvm_file((int)a);
  int command = (int)b;
  if (!file) return -EBADF;
  switch (command) {
    case F_DUPFD: return duplicate(file, c, false);
    case F_DUPFD_CLOEXEC: return duplicate(file, c, true);
    case F_GETFD: return __zvm_file_cloexec((int)a) ? FD_CLOEXEC : 0;
    case F_SETFD:
      __zvm_file_set_cloexec((int)a, (int)c & FD_CLOEXEC);
      return 0;
    case F_GETFL: return file->flags;
    default: break;
  }
  if (file->flags & O_PATH) return -EBADF;
  switch (command) {
    case F_SETFL:
      file->flags = (file->flags & ~CHANGEABLE) | ((int)c & CHANGEABLE);
      return 0;
    case F_GETPIPE_SZ:
    case F_SETPIPE_SZ: return pipe_size(file, command == F_SETPIPE_SZ, c);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW: return __zvm_lock(file, command, c);
    default: return -EINVAL;
  }
}
