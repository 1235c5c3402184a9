/*
** walk.c - from a path to what it names.
**
** Nothing is copied: names are looked up where they lie, in the path and in
** the targets of symbolic links, and what is left of a path after a link
** waits in a list.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"

#define FOLLOWED_MAX 40 /* symbolic links, of one walk */

struct walk {
  const char *path; /* what is left of the text at hand            */
  struct node *dir; /* where its next name is looked up            */
  unsigned flags, followed, waiting;
  const char *rest[FOLLOWED_MAX]; /* what comes after, none empty  */
};

static int start_at(int dirfd, const char *path, struct node **dir) {
  struct file *f;
  if (*path == '/') {
    *dir = __zvm_root;
  } else if (dirfd == AT_FDCWD) {
    *dir = __zvm_cwd;
  } else if (!(f = __zvm_file(dirfd))) {
    return -EBADF;
  } else {
    if (!is_directory(f->node)) return -ENOTDIR;
    *dir = f->node;
  }
  return 0;
}

/* The next name of the path; false: it has no more. */
static bool next_name(struct walk *w, struct place *at) {
  for (;;) {
    const char *name = w->path, *end;
    while (*name == '/') name++;
    if (!*name) {
      if (!w->waiting) return false;
      w->path = w->rest[--w->waiting];
      continue;
    }
    for (end = name; *end && *end != '/'; end++) continue;
    at->name = name;
    at->len = end - name;
    name = end;
    while (*end == '/') end++;
    at->slash |= end != name && !*end && !w->waiting;
    w->path = end;
    return true;
  }
}

static int look_up(struct walk *w, struct place *at, bool last) {
  at->dir = w->dir;
  at->node = NULL;
  if (!__zvm_node_may(w->dir, X_OK)) return -EACCES;
  if ((w->flags & WALK_CREATE) && at->slash) return -EISDIR;
  if (at->len > NAME_MAX)
    return last && (w->flags & WALK_NAME) ? 0 : -ENAMETOOLONG;
  if (at->name[0] == '.' && at->len == 1) {
    at->node = w->dir;
  } else if (at->name[0] == '.' && at->name[1] == '.' && at->len == 2) {
    at->node = w->dir == __zvm_root ? w->dir : __zvm_dir_parent(w->dir);
    if (!at->node) at->node = w->dir; /* it has had no name yet */
  } else {
    at->node = __zvm_dir_find(w->dir, at->name, at->len);
  }
  return 0;
}

static int follow(struct walk *w, struct node *link) {
  if (w->followed++ == FOLLOWED_MAX) return -ELOOP;
  if (*w->path) w->rest[w->waiting++] = w->path;
  w->path = link->target;
  if (*w->path == '/') w->dir = __zvm_root;
  return 0;
}

static int walk(struct walk *w, struct place *at) {
  int err;
  while (next_name(w, at)) {
    bool last = !*w->path && !w->waiting;
    if ((err = look_up(w, at, last))) return err;
    if (last && ((w->flags & WALK_NAME) || !at->node ||
                 ((w->flags & WALK_NOFOLLOW) && !at->slash)))
      return 0;
    if (!at->node) return -ENOENT;
    if (S_ISLNK(at->node->mode)) {
      if (!at->node->kind->follow) {
        if ((err = follow(w, at->node))) return err;
        continue;
      }
      if (!(at->node = at->node->kind->follow(at->node))) return -ENOENT;
    }
    if (!is_directory(at->node) && (!last || at->slash)) return -ENOTDIR;
    if (last) return 0;
    w->dir = at->node;
  }
  /* The root, or a link to it. */
  at->dir = at->node = w->dir;
  at->name = "";
  at->len = 0;
  return 0;
}

int __zvm_walk(int dirfd, const char *path, unsigned flags,
               struct place *out) {
  struct walk w;
  int err;
  if (!__zvm_cwd && (err = __zvm_fs_start())) return err;
  if ((uintptr_t)path < ZVM_NULL_GUARD) return -EFAULT;
  if (!*path) return -ENOENT;
  if (strnlen(path, PATH_MAX) == PATH_MAX) return -ENAMETOOLONG;
  if ((err = start_at(dirfd, path, &w.dir))) return err;
  w.path = path;
  w.flags = flags;
  w.followed = w.waiting = 0;
  out->node = NULL;
  out->slash = false;
  return walk(&w, out);
}
