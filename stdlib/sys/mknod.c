/*
** mknod.c - new names of regular files and FIFOs; nothing else can be made.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>

#include "new_node.h"

static int find_place(int dirfd, const char *path, struct place *at) {
  int err = __zvm_walk(dirfd, path, WALK_NOFOLLOW, at);
  if (err) return err;
  if (at->node) return -EEXIST;
  if ((err = __zvm_can_add(at))) return err;
  return at->slash ? -ENOENT : 0;
}

static int make_node(int dirfd, const char *path, mode_t mode) {
  mode_t rights = mode & ~__zvm_umask & 07777;
  struct place at;
  struct node *n;
  int err;
  if (S_ISDIR(mode)) return -EPERM;
  if ((err = find_place(dirfd, path, &at))) return err;
  switch (mode & S_IFMT) {
    case 0:
    case S_IFREG:
      n = __zvm_node_new(&__zvm_kind_regular, S_IFREG | rights);
      break;
    case S_IFIFO: n = __zvm_pipe_new(rights); break;
    case S_IFCHR:
    case S_IFBLK:
    case S_IFSOCK: return -EPERM;
    default: return -EINVAL;
  }
  if (!n) return -ENOSPC;
  if (at.dir->mode & S_ISGID) n->group = at.dir->group;
  if ((err = __zvm_dir_add(at.dir, at.name, at.len, n)))
    __zvm_node_release(n);
  else
    node_written(at.dir);
  return err;
}

SYS(mknod) { return make_node(AT_FDCWD, PTR(const char, a), (mode_t)b); }
SYS(mknodat) { return make_node((int)a, PTR(const char, b), (mode_t)c); }
