/*
** mapping.h - what mmap made from files; see memory.c.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_MAPPING_H
#define ZVM_MAPPING_H

#include "sys.h"

#define PAGE 4096u
#define pages_of(bytes) (((size_t)(bytes) + PAGE - 1) / PAGE)

struct node;

/* Pieces of one mapping, which munmap can cut, have its number. */
struct mapping {
  struct mapping *next;
  uint32_t start, end; /* addresses, whole pages                       */
  uint32_t number;
  bool shared;         /* the pages are the file's                     */
  bool write;          /* and can be written by what mmap was told     */
  int64_t off;         /* of `start` in the file                       */
  struct node *node;   /* a ref is held for each number                */
};

static inline bool is_aligned(arg address) { return !(address & (PAGE - 1)); }

/* Whether it ends below the last page, which is the stack's. */
static inline bool is_range(arg start, arg size) {
  const arg end = UINT32_MAX - PAGE + 1;
  return start >= 0 && size >= 0 && size <= end && start <= end - size;
}

/* The newest that has a page of the range; NULL: none. */
hidden struct mapping *__zvm_mapping_find(uint32_t start, uint32_t end);
/* Read a part of a file to memory that is zero. */
hidden int __zvm_mapping_fill(struct node *n, void *to, size_t size,
                              int64_t off);

#endif
