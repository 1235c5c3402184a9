/*
** place.c - entries of an archive become nodes of the tree.
**
** What comes later wins: it takes the place of what has its name, whatever
** that is, but a directory is merged into one that is there, or that a
** symbolic link leads to. Entries of one directory mostly follow each other,
** so the directory of the last one is kept.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "archive.h"
#include "fs.h"

#define DEPTH_MAX 5000 /* of what is cleared away; below that it is left */

static bool fail(struct tar_reader *r, const char *what) {
  r->wrong = what;
  return false;
}

static bool no_room(struct tar_reader *r) {
  return fail(r, "no memory for it");
}

/* -- Giving way ----------------------------------------------------------- */

/* Names in a directory that goes are forgotten one by one, so that what is
** linked from elsewhere counts its links right. */
static void clear(struct node *dir, unsigned depth) {
  uint32_t cursor = 0;
  const char *name;
  size_t len;
  struct node *n;
  while ((n = __zvm_dir_next(dir, &cursor, &name, &len))) {
    if (is_directory(n) && depth < DEPTH_MAX) clear(n, depth + 1);
    __zvm_dir_remove(dir, name, len);
  }
}

/* A new node under a name. It is released if that fails. */
static bool put(struct tar_place *p, struct tar_reader *r, struct node *dir,
                const char *name, size_t len, struct node *n) {
  if (n == NULL) return no_room(r);
  int err = __zvm_dir_add(dir, name, len, n);
  if (err == 0) return true;
  struct node *before =
      err == -EEXIST ? __zvm_dir_find(dir, name, len) : NULL;
  if (before == n) return true; /* a hard link to itself */
  if (before == NULL || (is_directory(n) && n->directory == NULL)) {
    __zvm_node_release(n);
    return no_room(r);
  }
  n->refs++; /* it may be below what is cleared away */
  p->parent = NULL;
  if (is_directory(before)) clear(before, 0);
  __zvm_dir_replace(dir, name, len, n);
  n->refs--;
  return true;
}

/* -- Directories ---------------------------------------------------------- */

/* What the link at the first `len` bytes of an entry's name leads to, if
** that is a directory. */
static struct node *follow(struct tar_place *p, const char *name, size_t len) {
  char path[PATH_MAX];
  struct place to;
  size_t at = strlen(p->at);
  if (at + 1 + len >= sizeof(path)) return NULL;
  memcpy(path, p->at, at);
  path[at] = '/';
  memcpy(path + at + 1, name, len);
  path[at + 1 + len] = '\0';
  if (__zvm_walk(AT_FDCWD, path, 0, &to) || to.node == NULL) return NULL;
  return is_directory(to.node) ? to.node : NULL;
}

/* The directory a node is or leads to; NULL: neither. */
static struct node *as_directory(struct tar_place *p, struct node *n,
                                 const char *name, size_t len) {
  if (n == NULL || is_directory(n)) return n;
  return S_ISLNK(n->mode) ? follow(p, name, len) : NULL;
}

/* The directory of the first `len` bytes of a name. NULL: there is none; or
** where it is to be made, no memory. */
static struct node *reach(struct tar_place *p, struct tar_reader *r,
                          const char *name, size_t len, bool make) {
  struct node *dir = p->root;
  size_t from = 0;
  if (p->parent && p->parent_len <= len &&
      !memcmp(name, p->parent_name, p->parent_len) &&
      (p->parent_len == len || name[p->parent_len] == '/')) {
    dir = p->parent;
    from = p->parent_len;
  }
  while (from < len) {
    from += name[from] == '/';
    const char *slash = memchr(name + from, '/', len - from);
    size_t end = slash ? (size_t)(slash - name) : len;
    struct node *n = __zvm_dir_find(dir, name + from, end - from);
    struct node *next = as_directory(p, n, name, end);
    if (next == NULL) {
      if (!make) return NULL;
      next = __zvm_node_new(&__zvm_kind_directory, S_IFDIR | 0755);
      if (!put(p, r, dir, name + from, end - from, next)) return NULL;
    }
    dir = next;
    from = end;
  }
  return dir;
}

/* The directory that the entry is in. */
static struct node *parent_of(struct tar_place *p, struct tar_reader *r) {
  size_t len = r->dir_len ? r->dir_len - 1 : 0;
  if (p->parent && len == p->parent_len &&
      !memcmp(r->name, p->parent_name, len))
    return p->parent;
  struct node *dir = reach(p, r, r->name, len, true);
  if (dir == NULL) return NULL;
  memcpy(p->parent_name, r->name, len);
  p->parent_len = len;
  return p->parent = dir;
}

/* -- Kinds of entries ----------------------------------------------------- */

static struct node *new_link(struct tar_reader *r) {
  char *target = __zvm_fs_alloc(r->target_len + 1);
  struct node *n;
  if (target == NULL) return NULL;
  if (!(n = __zvm_node_new(&__zvm_kind_link, S_IFLNK | 0777))) {
    __zvm_fs_free(target);
    return NULL;
  }
  n->target = memcpy(target, r->target, r->target_len + 1);
  n->size = (int64_t)r->target_len;
  return n;
}

static bool put_entry(struct tar_place *p, struct tar_reader *r,
                      struct node *dir, struct node *n) {
  return put(p, r, dir, r->name + r->dir_len, r->name_len - r->dir_len, n);
}

static void set_times(struct node *n, struct tar_reader *r) {
  n->atime = n->mtime = n->ctime = r->mtime;
}

static bool place_directory(struct tar_place *p, struct tar_reader *r,
                            struct node *dir) {
  size_t last = r->dir_len, len = r->name_len - last;
  struct node *n = p->root;
  if (len > 0) {
    n = __zvm_dir_find(dir, r->name + last, len);
    n = as_directory(p, n, r->name, r->name_len);
  }
  if (n == NULL) {
    n = __zvm_node_new(&__zvm_kind_directory, S_IFDIR);
    if (!put_entry(p, r, dir, n)) return false;
  }
  n->mode = S_IFDIR | r->mode;
  set_times(n, r);
  return true;
}

/* One more name of what an earlier entry, or an earlier image, brought. */
static bool place_hard_link(struct tar_place *p, struct tar_reader *r,
                            struct node *dir) {
  const char *slash = memrchr(r->target, '/', r->target_len);
  size_t len = slash ? (size_t)(slash - r->target) : 0;
  size_t from = slash ? len + 1 : 0;
  struct node *to = reach(p, r, r->target, len, false);
  if (to && from < r->target_len)
    to = __zvm_dir_find(to, r->target + from, r->target_len - from);
  if (to == NULL)
    return fail(r, "a hard link to what is not there before it");
  if (is_directory(to)) return fail(r, "a hard link to a directory");
  return put_entry(p, r, dir, to);
}

bool __zvm_tar_place(struct tar_place *p, struct tar_reader *r) {
  struct node *dir, *n;
  if (r->type == '-') return true;
  if (r->name_len == 0 && r->type != '5')
    return fail(r, "not a directory, and without a name");
  if (!(dir = parent_of(p, r))) return no_room(r);
  if (r->type == '5') return place_directory(p, r, dir);
  if (r->type == '1') return place_hard_link(p, r, dir);
  n = r->type == '2' ? new_link(r)
                     : __zvm_contents_backed(r->mode, r->channel, r->data,
                                             r->bytes);
  if (n == NULL) return no_room(r);
  set_times(n, r);
  return put_entry(p, r, dir, n);
}

/* -- Start and end -------------------------------------------------------- */

bool __zvm_tar_place_at(struct tar_place *p, struct tar_reader *r,
                        const char *at) {
  p->root = __zvm_root;
  p->at = "";
  p->parent = NULL;
  at += strspn(at, "/");
  if (!(p->root = reach(p, r, at, strlen(at), true))) return false;
  p->root->refs++;
  p->at = at - 1;
  if (*at == '\0') p->at = "";
  return true;
}

void __zvm_tar_place_end(struct tar_place *p) {
  p->root->refs--;
  __zvm_node_release(p->root);
}
