/*
** mapped.c - pages of the heap for mmap: zeroed, each on its own.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "pages.h"
#include "sys.h"
#include "zvm_abi.h"

#define heap __zvm_heap

static void mark(uint32_t page, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    heap.info[page + i] = PAGE_INFO(PAGE_MAPPED, 1);
}

void *__zvm_pages_map(size_t count) {
  bool fresh;
  uint32_t page = __zvm_pages_take(count, &fresh);
  if (!page) return NULL;
  mark(page, count);
  if (!fresh) memset(page_address(page), 0, count << PAGE_SHIFT);
  return page_address(page);
}

/* Whether the whole range is of pages that are given away. */
static bool is_in_heap(uint32_t page, size_t count) {
  if (!heap.end) __zvm_pages_spare(); /* starts the heap */
  return page >= heap.bottom && page < heap.end && count <= heap.end - page;
}

bool __zvm_pages_map_at(void *p, size_t count) {
  uint32_t page = page_of(p), top = heap.top;
  if (!is_in_heap(page, count)) return false;
  top = heap.top;
  if (!__zvm_pages_claim(page, count)) return false;
  mark(page, count);
  if (page < top) {
    uint32_t used = page + count < top ? count : top - page;
    memset(p, 0, used << PAGE_SHIFT);
  }
  return true;
}

bool __zvm_pages_are_mapped(void *p, size_t count) {
  uint32_t page = page_of(p);
  if (!is_in_heap(page, count) || page + count > heap.top) return false;
  for (uint32_t i = 0; i < count; i++)
    if (PAGE_KIND(heap.info[page + i]) != PAGE_MAPPED) return false;
  return true;
}

bool __zvm_pages_are_replaceable(void *p, size_t count) {
  uint32_t page = page_of(p), end = page + count, n;
  if (!is_in_heap(page, count)) return false;
  while (page < end && page < heap.top) {
    uint32_t run = __zvm_pages_run(page, &n);
    uint32_t kind = PAGE_KIND(heap.info[run]);
    if (kind != PAGE_MAPPED && kind != PAGE_FREE) return false;
    page = run + n;
  }
  return true;
}

/* Free pages of the heap are as if they were not mapped. */
static bool are_used(uint32_t page, uint32_t end) {
  uint32_t n;
  while (page < end) {
    if (page >= heap.top) return false;
    uint32_t run = __zvm_pages_run(page, &n);
    if (PAGE_KIND(heap.info[run]) == PAGE_FREE) return false;
    page = run + n;
  }
  return true;
}

#define PAGES_OF_ALL (1u << (32 - PAGE_SHIFT))
#define TEXT (ZVM_TEXT_BASE >> PAGE_SHIFT)

bool __zvm_pages_are_there(void *p, size_t count) {
  uint32_t page = page_of(p), end = page + count;
  if (page < TEXT || count > PAGES_OF_ALL - page) return false;
  if (!heap.end) __zvm_pages_spare();
  if (page >= PAGES_OF_ALL - (MANIFEST->stack_size >> PAGE_SHIFT)) return true;
  if (page < heap.bottom) page = end < heap.bottom ? end : heap.bottom;
  return are_used(page, end);
}

/* Pages that are not mapped are passed over, as munmap does. */
bool __zvm_pages_unmap(void *p, size_t count) {
  uint32_t page = page_of(p), end = page + count;
  if (page < heap.bottom) page = heap.bottom;
  if (end > heap.top) end = heap.top;
  while (page < end) {
    uint32_t n = 0;
    while (page + n < end &&
           PAGE_KIND(heap.info[page + n]) == PAGE_MAPPED)
      heap.info[page + n++] = PAGE_OTHER;
    if (n) __zvm_pages_give(page, n);
    page += n + 1;
  }
  return true;
}
