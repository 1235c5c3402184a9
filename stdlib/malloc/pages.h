/*
** pages.h - the heap as whole pages; see pages.c.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_PAGES_H
#define ZVM_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define hidden __attribute__((__visibility__("hidden")))

#define PAGE_SHIFT 12
#define PAGE_BYTES 4096u

/*
** One word a page. Its low byte says what the page is part of; kinds below
** PAGE_SLABS are size classes of malloc. A slab's page tells in bits 8-15
** how many pages of the slab lie before it, and in bits 16-31 how many the
** slab has. Bits 8-31 of the first page of a large block, and of the first
** and the last of a free run, hold the number of pages.
*/
enum {
  PAGE_OTHER = 0, /* never used, or inside a run */
  PAGE_SLABS = 0xf0,
  PAGE_LARGE = 0xf1,
  PAGE_MAPPED = 0xf2, /* every page of a mapping is on its own */
  PAGE_FREE = 0xf3,
  PAGE_FILE = 0xf4, /* every page of a file is on its own    */
};

#define PAGE_KIND(info) ((info) & 0xff)
#define PAGE_COUNT(info) ((info) >> 8)
#define PAGE_INFO(kind, count) ((uint32_t)(kind) | (uint32_t)(count) << 8)

struct heap {
  uint32_t *info;  /* indexed by page number, from address 0         */
  uint32_t bottom; /* first page that can be given away              */
  uint32_t top;    /* first page that never was: it and all above are 0 */
  uint32_t end;
  uint32_t free;   /* pages in free runs                             */
  uint16_t *count; /* one a page, for the sweep of malloc            */
};

extern hidden struct heap __zvm_heap;

/* Page number of the first of `count`, or 0. *fresh: all zero. */
hidden uint32_t __zvm_pages_try(uint32_t count, bool *fresh);
/* The same, with a sweep of malloc when there is none. */
hidden uint32_t __zvm_pages_take(uint32_t count, bool *fresh);
hidden void __zvm_pages_give(uint32_t page, uint32_t count);
/* Lengthen in place a run that ends before `page`. */
hidden bool __zvm_pages_extend(uint32_t page, uint32_t count);
/* Take these very pages, all of them in the heap, if they are free. */
hidden bool __zvm_pages_claim(uint32_t page, uint32_t count);
/* First page of the run of that page, which lies below the top. */
hidden uint32_t __zvm_pages_run(uint32_t page, uint32_t *count);
/* Free pages, gained from what malloc holds back. Weak: nothing. */
hidden bool __zvm_malloc_sweep(void);

static inline uint32_t page_of(const void *p) {
  return (uint32_t)(uintptr_t)p >> PAGE_SHIFT;
}

static inline void *page_address(uint32_t page) {
  return (void *)(uintptr_t)(page << PAGE_SHIFT);
}

#endif
