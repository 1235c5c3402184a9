/*
** mknod.c - new names of regular files and FIFOs; nothing else can be made.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>

#include "new_node.h"

static int make_node(int dirfd, const char *path, mode_t mode) {
  mode_t rights = mode & ~__zvm_umask & 07777;
  struct place at;
  int err;
  switch (mode & S_IFMT) {
    case 0:
    case S_IFREG:
    case S_IFIFO:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFSOCK: break;
    case S_IFDIR: return -EPERM;
    default: return -EINVAL;
  }
  if ((err = __zvm_new_place(dirfd, path, false, &at))) return err;
  if (S_ISFIFO(mode)) return __zvm_new_add(&at, __zvm_pipe_new(rights));
  if (mode & S_IFMT && !S_ISREG(mode)) return -EPERM;
  return __zvm_new_add(
      &at, __zvm_node_new(&__zvm_kind_regular, S_IFREG | rights));
}

SYS(mknod) { return make_node(AT_FDCWD, PTR(const char, a), (mode_t)b); }
SYS(mknodat) { return make_node((int)a, PTR(const char, b), (mode_t)c); }
