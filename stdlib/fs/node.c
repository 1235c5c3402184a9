/*
** node.c - what names lead to: how it comes, ages and goes.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>
#include <unistd.h>

#include "fs.h"

#define USER 1000

/* The root is 1, the standard channels are 2, 3 and 4. */
static uint32_t last_ino = 4;

bool __zvm_fs_uses_reserve, __zvm_fs_lacked_memory;

void *__zvm_fs_alloc(size_t size) {
  void *p = NULL;
  if (__zvm_fs_uses_reserve || __zvm_pages_leave_reserve(size))
    p = __libc_malloc(size);
  if (!p) __zvm_fs_lacked_memory = true;
  return p;
}

void __zvm_fs_free(void *p) { __libc_free(p); }

struct node *__zvm_node_new_with(const struct kind *kind, mode_t mode,
                                 size_t room) {
  struct node *n = __zvm_fs_alloc(sizeof(*n) + room);
  if (!n) return NULL;
  memset(n, 0, sizeof(*n) + room);
  n->kind = kind;
  n->ino = ++last_ino;
  n->mode = mode;
  n->owner = n->group = USER;
  /* What is there before the program looks is as old as its clock. */
  n->atime = n->mtime = n->ctime =
      __zvm_cwd ? __zvm_clock_now() : __zvm_clock_start();
  return n;
}

struct node *__zvm_node_new(const struct kind *kind, mode_t mode) {
  return __zvm_node_new_with(kind, mode, 0);
}

/*
** A directory holds the one it is in, so that `..` is always there: a chain
** of them can go at once, and is let go one by one.
*/
void __zvm_node_release(struct node *n) {
  while (n && !n->links && !n->refs) {
    struct node *up = is_directory(n) ? __zvm_dir_parent(n) : NULL;
    if (n->kind->drop) n->kind->drop(n);
    __zvm_fs_free(n);
    if ((n = up)) n->refs--;
  }
}

bool __zvm_node_may(const struct node *n, int want) {
  unsigned shift = n->owner == USER ? 6 : n->group == USER ? 3 : 0;
  return !(want & ~(n->mode >> shift) & 7);
}
