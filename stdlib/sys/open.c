/*
** open.c - from a path to a descriptor.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "fs.h"

#define NOT_KEPT (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)
#define ONLY_TMPFILE (O_TMPFILE & ~O_DIRECTORY)

static struct node *new_regular(struct node *dir, mode_t mode) {
  struct node *n = __zvm_node_new(&__zvm_kind_regular,
                                  S_IFREG | (mode & ~__zvm_umask & 07777));
  if (n && (dir->mode & S_ISGID)) n->group = dir->group;
  return n;
}

/* A new file that is there only as long as somebody has it open. */
static int open_nameless(struct node *dir, int flags, mode_t mode) {
  struct node *n;
  int fd;
  if (!(flags & O_DIRECTORY) || !(flags & O_ACCMODE)) return -EINVAL;
  if (!is_directory(dir)) return -ENOTDIR;
  if (!__zvm_node_may(dir, W_OK | X_OK)) return -EACCES;
  if (!(n = new_regular(dir, mode))) return -ENOSPC;
  fd = __zvm_file_open(n, flags & ~(NOT_KEPT | O_DIRECTORY));
  __zvm_node_release(n);
  return fd;
}

static int create(struct place *at, mode_t mode) {
  int err = __zvm_can_add(at);
  if (err) return err;
  if (!__zvm_file_have_room()) return -EMFILE;
  if (!(at->node = new_regular(at->dir, mode))) return -ENOSPC;
  err = __zvm_dir_add(at->dir, at->name, at->len, at->node);
  if (err) {
    __zvm_node_release(at->node);
    return err;
  }
  node_written(at->dir);
  return 0;
}

/* Why a node that is there cannot be opened so, or 0. */
static int refuse(const struct place *at, int flags) {
  const struct node *n = at->node;
  int mode = flags & O_ACCMODE, want;
  if (flags & O_CREAT) {
    if (flags & O_EXCL) return -EEXIST;
    if (is_dots(at)) return -EISDIR;
  }
  if ((flags & O_DIRECTORY) && !is_directory(n)) return -ENOTDIR;
  if (flags & O_PATH) return 0;
  if (S_ISLNK(n->mode)) return -ELOOP;
  want = mode == O_RDONLY ? R_OK : mode == O_WRONLY ? W_OK : R_OK | W_OK;
  if (flags & O_TRUNC) want |= W_OK;
  if (is_directory(n) && ((want & W_OK) || (flags & O_CREAT)))
    return -EISDIR;
  return __zvm_node_may(n, want) ? 0 : -EACCES;
}

static int open_at(int dirfd, const char *path, int flags, mode_t mode) {
  bool exclusive = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
  unsigned how = exclusive || (flags & O_NOFOLLOW) ? WALK_NOFOLLOW : 0;
  bool created = false;
  struct place at;
  int fd, err;
  if (flags & O_CREAT) how |= WALK_CREATE;
  if ((err = __zvm_walk(dirfd, path, how, &at))) return err;
  if (!at.node) {
    if (!(flags & O_CREAT)) return -ENOENT;
    if ((err = create(&at, mode))) return err;
    created = true;
  } else if ((flags & ONLY_TMPFILE)) {
    return open_nameless(at.node, flags, mode);
  } else if ((err = refuse(&at, flags))) {
    return err;
  }
  at.node->refs++; /* its names may go while the call waits */
  fd = __zvm_file_open(at.node, flags & ~NOT_KEPT);
  /* Channels and devices hold what they hold. */
  if (fd >= 0 && !created && (flags & O_TRUNC) &&
      at.node->kind == &__zvm_kind_regular) {
    __zvm_contents_resize(at.node, 0);
    node_written(at.node);
  }
  at.node->refs--;
  __zvm_node_release(at.node);
  return fd;
}

static int open_with(int dirfd, const char *path, int flags, mode_t mode) {
  int fd;
  if (flags & O_PATH)
    flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  if ((flags & O_ACCMODE) == O_ACCMODE) return -EINVAL;
  if ((flags & O_CREAT) && (flags & O_DIRECTORY)) return -EINVAL;
  fd = open_at(dirfd, path, flags, mode);
  if (fd >= 0 && (flags & O_CLOEXEC)) __zvm_file_set_cloexec(fd, true);
  return fd;
}

SYS(open) {
  return open_with(AT_FDCWD, PTR(const char, a), (int)b, (mode_t)c);
}

SYS(openat) {
  return open_with((int)a, PTR(const char, b), (int)c, (mode_t)d);
}
