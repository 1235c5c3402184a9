/*
** pages_of.c - the pages of regular files: taking, loading, mapping them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "contents.h"

struct contents *__zvm_contents_of(struct node *n) {
  if (!n->contents) {
    struct contents *c = __zvm_fs_alloc(sizeof(*c));
    if (!c) return NULL;
    memset(c, 0, sizeof(*c));
    n->contents = c;
  }
  return n->contents;
}

static bool grow_leaves(struct contents *c, uint32_t need) {
  uint32_t room = c->leaves_room ? c->leaves_room : 1;
  slot **leaves;
  while (room < need) room *= 2;
  if (!(leaves = __zvm_fs_alloc(room * sizeof(*leaves)))) return false;
  memset(leaves, 0, room * sizeof(*leaves));
  if (c->leaves)
    memcpy(leaves, c->leaves, c->leaves_room * sizeof(*leaves));
  __zvm_fs_free(c->leaves);
  c->leaves = leaves;
  c->leaves_room = room;
  return true;
}

slot *__zvm_contents_slot(struct contents *c, uint32_t page) {
  uint32_t leaf = page / LEAF;
  if (leaf >= c->leaves_room && !grow_leaves(c, leaf + 1)) return NULL;
  if (!c->leaves[leaf]) {
    slot *s = __zvm_fs_alloc(LEAF * sizeof(*s));
    if (!s) return NULL;
    c->leaves[leaf] = memset(s, 0, LEAF * sizeof(*s));
  }
  return &c->leaves[leaf][page % LEAF];
}

uint32_t __zvm_contents_take(uint32_t count, bool *fresh) {
  uint32_t page;
  if (!__zvm_pages_leave_reserve(count * PAGE_BYTES)) return 0;
  page = __zvm_pages_take(count, fresh);
  for (uint32_t i = 0; page && i < count; i++)
    __zvm_heap.info[page + i] = PAGE_INFO(PAGE_FILE, 1);
  return page;
}

/* What a page holds that is not in memory. */
static int read_page(struct contents *c, uint32_t page, char *to, bool zero) {
  int64_t off = (int64_t)page << PAGE_SHIFT, size = 0, err = 0;
  if (off < c->back_end) {
    size = c->back_end - off < PAGE_BYTES ? c->back_end - off : PAGE_BYTES;
    err = __zvm_contents_fetch(c, to, size, off);
    if (err < 0) return err;
  }
  if (!zero || size) memset(to + size, 0, PAGE_BYTES - size);
  return 0;
}

int __zvm_contents_load(struct contents *c, uint32_t page) {
  slot *s = __zvm_contents_slot(c, page);
  uint32_t taken;
  bool fresh;
  int err;
  if (!s) return -ENOSPC;
  if (*s) return 0;
  if (!(taken = __zvm_contents_take(1, &fresh))) return -ENOSPC;
  if ((err = read_page(c, page, page_address(taken), fresh))) {
    __zvm_pages_give(taken, 1);
    return err;
  }
  *s = (uintptr_t)page_address(taken);
  c->count++;
  return 0;
}

int __zvm_contents_widen(struct contents *c) {
  slot *s = __zvm_contents_slot(c, 0);
  uint32_t page;
  bool fresh;
  char *to;
  if (!s || !(page = __zvm_contents_take(1, &fresh))) return -ENOSPC;
  to = memcpy(page_address(page), c->head, c->head_room);
  if (!fresh) memset(to + c->head_room, 0, PAGE_BYTES - c->head_room);
  __zvm_fs_free(c->head);
  c->head = NULL;
  c->head_room = 0;
  *s = (uintptr_t)to;
  c->count++;
  return 0;
}

/* An image has thousands: the contents lie behind the node. */
struct node *__zvm_contents_backed(mode_t mode, int channel, int64_t off,
                                   int64_t size) {
  struct contents *c;
  struct node *n = __zvm_node_new_with(&__zvm_kind_regular, S_IFREG | mode,
                                       size ? sizeof(*c) : 0);
  if (!n || !size) return n;
  c = contents_behind(n);
  c->channel = channel;
  c->back_off = off;
  c->back_end = size;
  n->contents = c;
  n->size = size;
  return n;
}

/* -- Mappings ------------------------------------------------------------ */

/* The pages that follow one another in memory from the first on. */
static char *lie_together(struct contents *c, uint32_t first,
                          uint32_t count) {
  char *at = slot_page(slot_value(c, first));
  for (uint32_t i = 1; at && i < count; i++)
    if (slot_page(slot_value(c, first + i)) != at + i * PAGE_BYTES)
      return NULL;
  return at;
}

static bool are_free_to_move(struct contents *c, uint32_t first,
                             uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (c->maps && (slot_value(c, first + i) & MAPPED)) return false;
    if (!__zvm_contents_slot(c, first + i)) return false;
  }
  return true;
}

/* Copies of all pages, then the pages themselves: a failure in between
** leaves the file as it was. */
static char *move_together(struct contents *c, uint32_t first,
                           uint32_t count) {
  bool fresh;
  uint32_t taken = __zvm_contents_take(count, &fresh);
  char *to = page_address(taken);
  if (!taken) return NULL;
  for (uint32_t i = 0; i < count; i++) {
    slot s = slot_value(c, first + i);
    char *page = to + i * PAGE_BYTES;
    if (s) {
      memcpy(page, slot_page(s), PAGE_BYTES);
    } else if (read_page(c, first + i, page, fresh)) {
      __zvm_pages_give(taken, count);
      return NULL;
    }
  }
  for (uint32_t i = 0; i < count; i++) {
    slot *s = slot_find(c, first + i);
    if (*s) __zvm_pages_give(page_of(slot_page(*s)), 1);
    else c->count++;
    *s = (uintptr_t)(to + i * PAGE_BYTES);
  }
  return to;
}

void *__zvm_contents_map(struct node *n, int64_t off, size_t size) {
  struct contents *c = __zvm_contents_of(n);
  uint32_t first = off >> PAGE_SHIFT;
  uint32_t count = (size + PAGE_MASK) >> PAGE_SHIFT;
  char *at;
  if (!c || !count || off + (int64_t)size > FILE_MAX) return NULL;
  if (!first && c->head && __zvm_contents_widen(c)) return NULL;
  if (!(at = lie_together(c, first, count))) {
    if (!are_free_to_move(c, first, count)) return NULL;
    if (!(at = move_together(c, first, count))) return NULL;
  }
  for (uint32_t i = 0; i < count; i++) *slot_find(c, first + i) |= MAPPED;
  c->maps++;
  return at;
}

void __zvm_contents_unmap(struct node *n) {
  struct contents *c = n->contents;
  if (!c || --c->maps) return;
  for (uint32_t i = 0; i < c->leaves_room; i++)
    for (uint32_t k = 0; c->leaves[i] && k < LEAF; k++)
      c->leaves[i][k] &= ~(slot)MAPPED;
  __zvm_contents_trim(c, n->size);
}
