/*
** make.c - new names: directories, files, hard and symbolic links.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "new_node.h"

#define LINKS_MAX 0x7fffffff

static int make_directory(int dirfd, const char *path, mode_t mode) {
  struct place at;
  int err = __zvm_new_place(dirfd, path, true, &at);
  if (err) return err;
  if (at.dir->links >= LINKS_MAX) return -EMLINK;
  mode = S_IFDIR | (mode & ~__zvm_umask & 01777);
  return __zvm_new_add(&at, __zvm_node_new(&__zvm_kind_directory, mode));
}

SYS(mkdir) {
  return make_directory(AT_FDCWD, PTR(const char, a), (mode_t)b);
}

SYS(mkdirat) {
  return make_directory((int)a, PTR(const char, b), (mode_t)c);
}

/* -- Links --------------------------------------------------------------- */

static void drop_link(struct node *n) { __zvm_fs_free(n->target); }

const struct kind __zvm_kind_link = { .drop = drop_link };

static int make_symbolic(const char *target, int dirfd, const char *path) {
  struct place at;
  struct node *n;
  size_t len;
  int err;
  if ((uintptr_t)target < ZVM_NULL_GUARD) return -EFAULT;
  if (!(len = strnlen(target, PATH_MAX))) return -ENOENT;
  if (len == PATH_MAX) return -ENAMETOOLONG;
  if ((err = __zvm_new_place(dirfd, path, false, &at))) return err;
  if (!(n = __zvm_node_new(&__zvm_kind_link, S_IFLNK | 0777)))
    return -ENOSPC;
  if (!(n->target = __zvm_fs_alloc(len + 1))) {
    __zvm_node_release(n);
    return -ENOSPC;
  }
  memcpy(n->target, target, len + 1);
  n->size = len;
  return __zvm_new_add(&at, n);
}

SYS(symlink) {
  return make_symbolic(PTR(const char, a), AT_FDCWD, PTR(const char, b));
}

SYS(symlinkat) {
  return make_symbolic(PTR(const char, a), (int)b, PTR(const char, c));
}

static int make_link(int from, const char *old, int to, const char *new,
                     int flags) {
  int how = flags & AT_EMPTY_PATH;
  struct node *n;
  struct place at;
  int err;
  if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) return -EINVAL;
  if (!(flags & AT_SYMLINK_FOLLOW)) how |= AT_SYMLINK_NOFOLLOW;
  if ((err = __zvm_node_at(from, old, how, &n))) return err;
  if ((err = __zvm_new_place(to, new, false, &at))) return err;
  if (is_directory(n)) return -EPERM;
  /* A channel has the one name that the host gave it. */
  if (n->kind == &__zvm_kind_channel) return -EXDEV;
  if (n->links >= LINKS_MAX) return -EMLINK;
  if ((err = __zvm_dir_add(at.dir, at.name, at.len, n))) return err;
  node_changed(n);
  node_written(at.dir);
  return 0;
}

SYS(link) {
  return make_link(AT_FDCWD, PTR(const char, a), AT_FDCWD,
                   PTR(const char, b), 0);
}

SYS(linkat) {
  return make_link((int)a, PTR(const char, b), (int)c, PTR(const char, d),
                   (int)e);
}

static int read_link(int dirfd, const char *path, char *to, int size) {
  struct node *n;
  size_t len;
  int err;
  if (size <= 0) return -EINVAL;
  err = __zvm_node_at(dirfd, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &n);
  if (err) return err;
  if (!S_ISLNK(n->mode)) return -EINVAL;
  if (n->kind->read)
    return n->kind->read(&(struct file){ .node = n }, to, size, 0);
  len = strlen(n->target);
  if (len > (size_t)size) len = size;
  memcpy(to, n->target, len);
  node_was_read(n);
  return len;
}

SYS(readlink) {
  if ((uintptr_t)a >= ZVM_NULL_GUARD && !*PTR(const char, a)) return -ENOENT;
  return read_link(AT_FDCWD, PTR(const char, a), PTR(char, b), (int)c);
}

SYS(readlinkat) {
  return read_link((int)a, PTR(const char, b), PTR(char, c), (int)d);
}
