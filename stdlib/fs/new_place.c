/*
** new_place.c - where a new name goes, and that it is there.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "new_node.h"

int __zvm_new_place(int dirfd, const char *path, bool slash,
                    struct place *at) {
  int err = __zvm_walk(dirfd, path, WALK_NAME, at);
  if (err) return err;
  if (at->node) return -EEXIST;
  if (is_too_long(at)) return -ENAMETOOLONG;
  if (at->slash && !slash) return -ENOENT;
  return __zvm_can_add(at);
}

int __zvm_new_add(const struct place *at, struct node *n) {
  int err;
  if (!n) return -ENOSPC;
  if (at->dir->mode & S_ISGID) {
    n->group = at->dir->group;
    if (is_directory(n)) n->mode |= S_ISGID;
  }
  if ((err = __zvm_dir_add(at->dir, at->name, at->len, n))) {
    __zvm_node_release(n);
    return err;
  }
  node_written(at->dir);
  return 0;
}
