/*
** contents.h - where the bytes of a regular file are.
**
** A small file is one block of malloc, the head; a larger one is pages,
** found through leaves of LEAF slots. A slot that is 0 is a hole, or, below
** the end of the backing, bytes of a channel that nobody wrote yet. What
** lies in memory past the end of the file is zero, but for pages that are
** mapped: the program writes there as it likes.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_CONTENTS_H
#define ZVM_CONTENTS_H

#include "fs.h"
#include "pages.h"

#define LEAF 256
#define HEAD_MAX 2048
#define FILE_MAX 0x7fffffff
#define PAGE_MASK (PAGE_BYTES - 1)

/* Bit 0 of a slot: a mapping has the page, so that it has to stay. */
#define MAPPED 1u

typedef uintptr_t slot;

struct contents {
  slot **leaves;    /* leaves_room, each NULL or LEAF slots          */
  char *head;       /* page 0 while the file is small: head_room     */
  uint32_t leaves_room, head_room;
  uint32_t count;   /* pages in memory                               */
  uint32_t maps;    /* mappings that live                            */
  uint32_t back_end; /* of the file; what is below may be a channel's */
  int channel;
  int64_t back_off;
};

/* Of a file of an image, in the same block of malloc. */
static inline struct contents *contents_behind(struct node *n) {
  return (struct contents *)(n + 1);
}

static inline slot *slot_find(const struct contents *c, uint32_t page) {
  uint32_t leaf = page / LEAF;
  if (leaf >= c->leaves_room || !c->leaves[leaf]) return NULL;
  return &c->leaves[leaf][page % LEAF];
}

static inline slot slot_value(const struct contents *c, uint32_t page) {
  const slot *s = slot_find(c, page);
  return s ? *s : 0;
}

static inline char *slot_page(slot s) { return (char *)(s & ~MAPPED); }

hidden struct contents *__zvm_contents_of(struct node *n);
hidden slot *__zvm_contents_slot(struct contents *c, uint32_t page);
/* `count` pages, not zeroed: a page number, 0 where there is no room. */
hidden uint32_t __zvm_contents_take(uint32_t count, bool *fresh);
/* The page in memory, as it is: the slot, or a negated errno. */
hidden int __zvm_contents_load(struct contents *c, uint32_t page);
/* The head becomes page 0. */
hidden int __zvm_contents_widen(struct contents *c);
/* Nothing in memory past that size, but pages that are mapped: zero. */
hidden void __zvm_contents_trim(struct contents *c, uint32_t size);
/* Bytes of the channel: all of them, or a negated errno. */
hidden int64_t __zvm_contents_fetch(const struct contents *c, void *to,
                                    size_t size, int64_t off);

#endif
