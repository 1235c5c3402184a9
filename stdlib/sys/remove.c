/*
** remove.c - names that go, and names that move.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "fs.h"

#define USER 1000
#define NOREPLACE 1
#define EXCHANGE 2

/*
** Whether the name may go: the rights are the directory's, and in a sticky
** one the owner's too. A channel, like a mount, stays where it is.
*/
static int can_remove(const struct place *at, bool directory) {
  const struct node *dir = at->dir, *n = at->node;
  if (!__zvm_node_may(dir, W_OK | X_OK)) return -EACCES;
  if ((dir->mode & S_ISVTX) && dir->owner != USER && n->owner != USER)
    return -EPERM;
  if (directory && !is_directory(n)) return -ENOTDIR;
  if (!directory && is_directory(n)) return -EISDIR;
  return n->kind == &__zvm_kind_channel ? -EBUSY : 0;
}

static void remove(const struct place *at) {
  struct node *n = at->node;
  n->refs++;
  __zvm_dir_remove(at->dir, at->name, at->len);
  node_written(at->dir);
  node_changed(n);
  n->refs--;
  __zvm_node_release(n);
}

static int remove_file(int dirfd, const char *path) {
  struct place at;
  int err = __zvm_walk(dirfd, path, WALK_NAME, &at);
  if (err) return err;
  if (is_dots(&at)) return -EISDIR;
  if (!at.node) return is_too_long(&at) ? -ENAMETOOLONG : -ENOENT;
  if (at.slash) return is_directory(at.node) ? -EISDIR : -ENOTDIR;
  if ((err = can_remove(&at, false))) return err;
  remove(&at);
  return 0;
}

static int remove_directory(int dirfd, const char *path) {
  struct place at;
  int err = __zvm_walk(dirfd, path, WALK_NAME, &at);
  if (err) return err;
  if (!at.len) return -EBUSY;
  if (is_dots(&at)) return at.len == 1 ? -EINVAL : -ENOTEMPTY;
  if (!at.node) return is_too_long(&at) ? -ENAMETOOLONG : -ENOENT;
  if ((err = can_remove(&at, true))) return err;
  if (!__zvm_dir_is_empty(at.node)) return -ENOTEMPTY;
  remove(&at);
  return 0;
}

SYS(unlink) { return remove_file(AT_FDCWD, PTR(const char, a)); }
SYS(rmdir) { return remove_directory(AT_FDCWD, PTR(const char, a)); }

SYS(unlinkat) {
  if ((int)c & ~AT_REMOVEDIR) return -EINVAL;
  return (int)c ? remove_directory((int)a, PTR(const char, b))
                : remove_file((int)a, PTR(const char, b));
}

/* -- Moving -------------------------------------------------------------- */

static bool is_inside(struct node *dir, const struct node *of) {
  for (; dir && dir != __zvm_root; dir = __zvm_dir_parent(dir))
    if (dir == of) return true;
  return false;
}

/* What the names alone say. */
static int check_names(const struct place *from, const struct place *to,
                       unsigned flags) {
  bool directory;
  if (is_dots(from)) return -EBUSY;
  if (is_dots(to)) return flags & NOREPLACE ? -EEXIST : -EBUSY;
  if (is_too_long(from)) return -ENAMETOOLONG;
  if (!from->node) return -ENOENT;
  if (is_too_long(to)) return -ENAMETOOLONG;
  if (to->node && (flags & NOREPLACE)) return -EEXIST;
  directory = is_directory(from->node);
  if (flags & EXCHANGE) {
    if (!to->node) return -ENOENT;
    if (to->slash && !is_directory(to->node)) return -ENOTDIR;
  } else if (to->slash && !directory) {
    return -ENOTDIR;
  }
  return from->slash && !directory ? -ENOTDIR : 0;
}

static int check(const struct place *from, const struct place *to,
                 unsigned flags) {
  bool directory = is_directory(from->node), other;
  int err;
  if (directory && is_inside(to->dir, from->node)) return -EINVAL;
  if (to->node && is_inside(from->dir, to->node))
    return flags & EXCHANGE ? -EINVAL : -ENOTEMPTY;
  if (from->node == to->node) return 0;
  if ((err = can_remove(from, directory))) return err;
  other = to->node && is_directory(to->node);
  err = !to->node ? __zvm_can_add(to)
                  : can_remove(to, flags & EXCHANGE ? other : directory);
  if (err) return err;
  /* Its `..` changes. */
  if (from->dir != to->dir &&
      ((directory && !__zvm_node_may(from->node, W_OK)) ||
       (other && (flags & EXCHANGE) && !__zvm_node_may(to->node, W_OK))))
    return -EACCES;
  if (other && !(flags & EXCHANGE) && !__zvm_dir_is_empty(to->node))
    return -ENOTEMPTY;
  return 0;
}

static void exchange(const struct place *from, const struct place *to) {
  struct node *first = from->node, *second = to->node;
  first->refs++;
  second->refs++;
  __zvm_dir_replace(from->dir, from->name, from->len, second);
  __zvm_dir_replace(to->dir, to->name, to->len, first);
  first->refs--;
  second->refs--;
  node_changed(second);
}

static int move(const struct place *from, const struct place *to) {
  int err;
  if (to->node) {
    struct node *gone = to->node;
    gone->refs++;
    __zvm_dir_replace(to->dir, to->name, to->len, from->node);
    node_changed(gone);
    gone->refs--;
    __zvm_node_release(gone);
  } else {
    __zvm_fs_uses_reserve = true;
    err = __zvm_dir_add(to->dir, to->name, to->len, from->node);
    __zvm_fs_uses_reserve = false;
    if (err) return err;
  }
  __zvm_dir_remove(from->dir, from->name, from->len);
  return 0;
}

static int rename_at(int fromfd, const char *old, int tofd, const char *new,
                     unsigned flags) {
  struct place from, to;
  int err;
  if (flags & ~(NOREPLACE | EXCHANGE) || flags == (NOREPLACE | EXCHANGE))
    return -EINVAL;
  if ((err = __zvm_walk(fromfd, old, WALK_NAME, &from))) return err;
  if ((err = __zvm_walk(tofd, new, WALK_NAME, &to))) return err;
  if ((err = check_names(&from, &to, flags))) return err;
  if ((err = check(&from, &to, flags))) return err;
  /* Two names of one file both stay. */
  if (from.node == to.node) return 0;
  if (flags & EXCHANGE) exchange(&from, &to);
  else if ((err = move(&from, &to))) return err;
  node_changed(from.node);
  node_written(from.dir);
  node_written(to.dir);
  return 0;
}

SYS(rename) {
  return rename_at(AT_FDCWD, PTR(const char, a), AT_FDCWD,
                   PTR(const char, b), 0);
}

SYS(renameat) {
  return rename_at((int)a, PTR(const char, b), (int)c, PTR(const char, d), 0);
}

SYS(renameat2) {
  return rename_at((int)a, PTR(const char, b), (int)c, PTR(const char, d),
                   (unsigned)e);
}
