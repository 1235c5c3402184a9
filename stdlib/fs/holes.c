/*
** holes.c - regular files by what of them is in memory.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "contents.h"

static bool is_data(const struct contents *c, uint32_t page) {
  if (!page && c->head) return true;
  return slot_value(c, page) || (int64_t)page << PAGE_SHIFT < c->back_end;
}

/* The first page from `page` on that is data, or not; `end` is the last. */
static uint32_t next_page(const struct contents *c, uint32_t page,
                          uint32_t end, bool data) {
  for (; page < end; page++) {
    uint32_t leaf = page / LEAF;
    if (is_data(c, page) == data) break;
    /* Where there is no leaf, only the backing can be data. */
    if (data && page && (leaf >= c->leaves_room || !c->leaves[leaf]))
      page |= LEAF - 1;
  }
  return page < end ? page : end;
}

int64_t __zvm_contents_seek(struct node *n, int64_t off, bool data) {
  const struct contents *c = n->contents;
  uint32_t page = off >> PAGE_SHIFT, found;
  uint32_t end = (n->size + PAGE_MASK) >> PAGE_SHIFT;
  int64_t at;
  if (off >= n->size) return -ENXIO;
  if (!c) return data ? -ENXIO : off;
  found = next_page(c, page, end, data);
  if (found == end) return data ? -ENXIO : n->size;
  at = (int64_t)found << PAGE_SHIFT;
  return at > off ? at : off;
}

int64_t __zvm_contents_blocks(struct node *n) {
  const struct contents *c = n->contents;
  if (!c) return 0;
  if (c->back_end) return (n->size + PAGE_MASK) / PAGE_BYTES * 8;
  return (c->count + (c->head != NULL)) * 8;
}

int __zvm_contents_reserve(struct node *n, int64_t off, int64_t size) {
  struct contents *c;
  uint32_t page = off >> PAGE_SHIFT;
  uint32_t end;
  if (off > FILE_MAX - size) return -EFBIG;
  if (!(c = __zvm_contents_of(n))) return -ENOSPC;
  end = (off + size + PAGE_MASK) >> PAGE_SHIFT;
  if (!__zvm_pages_leave_reserve((end - page) * PAGE_BYTES)) return -ENOSPC;
  if (!page && c->head) {
    int err = __zvm_contents_widen(c);
    if (err) return err;
  }
  for (; page < end; page++) {
    int err;
    if ((int64_t)page << PAGE_SHIFT < c->back_end) continue;
    if ((err = __zvm_contents_load(c, page))) return err;
  }
  return 0;
}

/* Bytes of one page, or of the head, that become zero. */
static int clear(struct contents *c, uint32_t off, uint32_t size) {
  uint32_t page = off >> PAGE_SHIFT, within = off & PAGE_MASK;
  if (!page && c->head) {
    if (within < c->head_room)
      memset(c->head + within, 0,
             size < c->head_room - within ? size : c->head_room - within);
    return 0;
  }
  if (off < c->back_end) {
    int err = __zvm_contents_load(c, page);
    if (err) return err;
  }
  if (slot_value(c, page))
    memset(slot_page(slot_value(c, page)) + within, 0, size);
  return 0;
}

/* A page that a mapping or a backing has becomes zero, others go. */
int __zvm_contents_punch(struct node *n, int64_t off, int64_t size) {
  struct contents *c = n->contents;
  int64_t end = off + size;
  if (end > (int64_t)FILE_MAX + 1) end = (int64_t)FILE_MAX + 1;
  while (c && off < end) {
    uint32_t step = PAGE_BYTES - (off & PAGE_MASK);
    slot *s = slot_find(c, off >> PAGE_SHIFT);
    if (step > end - off) step = end - off;
    if (c->head && step == PAGE_BYTES && !off) {
      __zvm_fs_free(c->head);
      c->head = NULL;
      c->head_room = 0;
    }
    if (step < PAGE_BYTES || off < c->back_end || !s ||
        (c->maps && (*s & MAPPED))) {
      int err = clear(c, off, step);
      if (err) return err;
    } else if (*s) {
      __zvm_pages_give(page_of(slot_page(*s)), 1);
      *s = 0;
      c->count--;
    }
    off += step;
  }
  return 0;
}
