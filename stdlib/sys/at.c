/*
** at.c - what the calls that take a path share.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "fs.h"

mode_t __zvm_umask = 022;

SYS(umask) {
  mode_t old = __zvm_umask;
  __zvm_umask = (mode_t)a & 0777;
  return old;
}

int __zvm_node_at(int dirfd, const char *path, int flags, struct node **out) {
  struct place at;
  int err;
  if ((flags & AT_EMPTY_PATH) && (!path || !*path)) {
    struct file *f = __zvm_file(dirfd);
    if (!f && dirfd != AT_FDCWD) return -EBADF;
    if (!__zvm_cwd && !f && (err = __zvm_fs_start())) return err;
    *out = f ? f->node : __zvm_cwd;
    return 0;
  }
  err = __zvm_walk(dirfd, path,
                   flags & AT_SYMLINK_NOFOLLOW ? WALK_NOFOLLOW : 0, &at);
  if (err) return err;
  *out = at.node;
  return at.node ? 0 : -ENOENT;
}

int __zvm_can_add(const struct place *at) {
  if (is_gone(at->dir)) return -ENOENT;
  return __zvm_node_may(at->dir, W_OK | X_OK) ? 0 : -EACCES;
}
