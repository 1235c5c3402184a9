/*
** cwd.c - the working directory.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"

static int change(struct node *to) {
  struct node *before = __zvm_cwd;
  if (!is_directory(to)) return -ENOTDIR;
  if (!__zvm_node_may(to, X_OK)) return -EACCES;
  to->refs++;
  __zvm_cwd = to;
  before->refs--;
  __zvm_node_release(before);
  return 0;
}

SYS(chdir) {
  struct node *n;
  int err = __zvm_node_at(AT_FDCWD, PTR(const char, a), 0, &n);
  return err ? err : change(n);
}

SYS(fchdir) {
  struct file *file = __zvm_file((int)a);
  int err;
  if (!file) return -EBADF;
  if (!__zvm_cwd && (err = __zvm_fs_start())) return err;
  return change(file->node);
}

/* The path is put together from its end. */
SYS(getcwd) {
  char *out = PTR(char, a);
  size_t size = (size_t)b, used = 1;
  struct node *n;
  const char *name;
  int err;
  if (!__zvm_cwd && (err = __zvm_fs_start())) return err;
  for (n = __zvm_cwd; n != __zvm_root; n = __zvm_dir_parent(n)) {
    size_t len = __zvm_dir_name(n, &name);
    if (!len) return -ENOENT;
    used += len + 1;
  }
  if (used == 1) used = 2;
  if (used > size) return -ERANGE;
  out[0] = '/';
  out[used - 1] = 0;
  size = used - 1;
  for (n = __zvm_cwd; n != __zvm_root; n = __zvm_dir_parent(n)) {
    size_t len = __zvm_dir_name(n, &name);
    size -= len + 1;
    out[size] = '/';
    memcpy(out + size + 1, name, len);
  }
  return used;
}

/* The root is what it is. */
SYS(chroot) {
  struct node *n;
  int err = __zvm_node_at(AT_FDCWD, PTR(const char, a), 0, &n);
  if (err) return err;
  return is_directory(n) ? -EPERM : -ENOTDIR;
}
