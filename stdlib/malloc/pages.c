/*
** pages.c - runs of pages of the heap, for malloc and mmap.
**
** Free runs are joined with their neighbours at once and lie in lists by
** length, exact up to SMALL pages and four lists a doubling above. A run is
** linked through its own first bytes. What no list has comes from `top`,
** where pages are still zero.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "pages.h"

#include <string.h>

#include "atomic.h"
#include "zvm.h"

#define SMALL 64
#define LISTS 128

struct run {
  struct run *next, *prev;
};

struct heap __zvm_heap;
#define heap __zvm_heap

static struct run *lists[LISTS];
static uint64_t filled[LISTS / 64]; /* lists that are not empty */

static bool no_sweep(void) { return false; }
extern __typeof(no_sweep) __zvm_malloc_sweep
    __attribute__((__weak__, __alias__("no_sweep")));

/* The list for a run of this length; higher lists hold longer runs. */
static unsigned list_of(uint32_t count) {
  unsigned log;
  if (count < SMALL) return count;
  log = 31 - __builtin_clz(count);
  return SMALL + (log - 6) * 4 + ((count >> (log - 2)) & 3);
}

/* The pages' words and counts lie in the heap's first pages. */
static void start(void) {
  uint32_t first = page_of(MANIFEST->heap_ptr);
  uint32_t pages = MANIFEST->heap_size >> PAGE_SHIFT;
  uint32_t used = (pages * 6 + PAGE_BYTES - 1) >> PAGE_SHIFT;
  uint32_t *info = MANIFEST->heap_ptr;
  if (used >= pages) used = pages;
  heap.info = info - first;
  heap.count = (uint16_t *)(info + pages) - first;
  heap.bottom = heap.top = first + used;
  heap.end = first + pages;
}

static void unlink_run(uint32_t page, uint32_t count) {
  struct run *run = page_address(page);
  unsigned n = list_of(count);
  heap.free -= count;
  if (run->next) run->next->prev = run->prev;
  if (run->prev) {
    run->prev->next = run->next;
  } else {
    lists[n] = run->next;
    if (!run->next) filled[n / 64] &= ~(1ull << n % 64);
  }
}

static void link_run(uint32_t page, uint32_t count) {
  struct run *run = page_address(page);
  unsigned n = list_of(count);
  heap.free += count;
  run->prev = NULL;
  run->next = lists[n];
  if (run->next) run->next->prev = run;
  lists[n] = run;
  filled[n / 64] |= 1ull << n % 64;
  heap.info[page] = heap.info[page + count - 1] = PAGE_INFO(PAGE_FREE, count);
}

/* Take the first `want` pages of a free run. */
static uint32_t take_from(uint32_t page, uint32_t count, uint32_t want) {
  unlink_run(page, count);
  heap.info[page] = heap.info[page + count - 1] = PAGE_OTHER;
  if (count > want) link_run(page + want, count - want);
  return page;
}

static uint32_t take_listed(uint32_t want) {
  unsigned n = list_of(want);
  uint64_t rest;
  for (struct run *run = lists[n]; run; run = run->next) {
    uint32_t page = page_of(run), count = PAGE_COUNT(heap.info[page]);
    if (count >= want) return take_from(page, count, want);
  }
  /* Every run in a higher list is long enough. */
  n++;
  rest = n < 64 ? filled[0] & (~0ull << n) : 0;
  if (rest) {
    n = __builtin_ctzll(rest);
  } else {
    rest = filled[1] & (~0ull << (n > 64 ? n - 64 : 0));
    if (!rest) return 0;
    n = 64 + __builtin_ctzll(rest);
  }
  uint32_t page = page_of(lists[n]);
  return take_from(page, PAGE_COUNT(heap.info[page]), want);
}

/* The free run that ends at `top`, lengthened by what was never used. */
static uint32_t take_around_top(uint32_t want) {
  uint32_t last = heap.info[heap.top - 1], have = PAGE_COUNT(last);
  if (PAGE_KIND(last) != PAGE_FREE || want - have > heap.end - heap.top)
    return 0;
  heap.top += want - have;
  return take_from(heap.top - want, have, have);
}

uint32_t __zvm_pages_try(uint32_t count, bool *fresh) {
  uint32_t page;
  if (!heap.end) start();
  page = take_listed(count);
  *fresh = false;
  if (page) return page;
  if (count > heap.end - heap.top) return take_around_top(count);
  page = heap.top;
  heap.top += count;
  *fresh = true;
  return page;
}

uint32_t __zvm_pages_take(uint32_t count, bool *fresh) {
  uint32_t page = __zvm_pages_try(count, fresh);
  if (!page && __zvm_malloc_sweep()) page = __zvm_pages_try(count, fresh);
  return page;
}

void __zvm_pages_give(uint32_t page, uint32_t count) {
  uint32_t next = page + count;
  heap.info[page] = PAGE_OTHER;
  if (next < heap.top && PAGE_KIND(heap.info[next]) == PAGE_FREE) {
    uint32_t more = PAGE_COUNT(heap.info[next]);
    unlink_run(next, more);
    heap.info[next] = PAGE_OTHER;
    count += more;
  }
  if (page > heap.bottom && PAGE_KIND(heap.info[page - 1]) == PAGE_FREE) {
    uint32_t more = PAGE_COUNT(heap.info[page - 1]);
    heap.info[page - 1] = PAGE_OTHER;
    page -= more;
    unlink_run(page, more);
    count += more;
  }
  link_run(page, count);
}

bool __zvm_pages_extend(uint32_t page, uint32_t count) {
  if (page == heap.top) {
    if (count > heap.end - page) return false;
    heap.top += count;
    return true;
  }
  if (PAGE_KIND(heap.info[page]) != PAGE_FREE) return false;
  uint32_t have = PAGE_COUNT(heap.info[page]);
  if (have < count) return false;
  take_from(page, have, count);
  return true;
}

/* -- A run at a place of the caller's choice ----------------------------- */

/*
** The last page of a free run says the same as the first: what follows
** tells them apart, for free runs do not touch.
*/
static bool is_last(uint32_t page) {
  uint32_t info = heap.info[page], next;
  if (PAGE_COUNT(info) == 1 || page + 1 == heap.top) return true;
  next = heap.info[page + 1];
  return next != PAGE_OTHER && !(PAGE_COUNT(info) == 2 && next == info);
}

uint32_t __zvm_pages_run(uint32_t page, uint32_t *count) {
  uint32_t first = page, info = heap.info[page], n = 1;
  if (PAGE_KIND(info) == PAGE_FREE && is_last(page))
    first -= PAGE_COUNT(info) - 1;
  while (heap.info[first] == PAGE_OTHER && first > heap.bottom) first--;
  info = heap.info[first];
  if (PAGE_KIND(info) == PAGE_FREE || PAGE_KIND(info) == PAGE_LARGE)
    n = PAGE_COUNT(info);
  *count = first + n > page ? n : page - first + 1;
  return first;
}

bool __zvm_pages_claim(uint32_t page, uint32_t count) {
  uint32_t end = page + count, top = heap.top, have, run;
  if (page < top) {
    run = __zvm_pages_run(page, &have);
    if (PAGE_KIND(heap.info[run]) != PAGE_FREE) return false;
    /* Free runs do not touch: one has it all, up to the top. */
    if (run + have < end && run + have < top) return false;
    take_from(run, have, have);
    if (run < page) link_run(run, page - run);
    if (run + have > end) link_run(end, run + have - end);
  }
  if (end > top) {
    heap.top = end;
    if (page > top) __zvm_pages_give(top, page - top);
  }
  return true;
}

/* -- What is left ------------------------------------------------------- */

/* What malloc holds back is not counted. */
static size_t spare_pages(void) {
  if (!heap.end) start();
  return (size_t)(heap.end - heap.top + heap.free) << PAGE_SHIFT;
}

/* Who asks how much there is gets what malloc holds back counted in. */
hidden size_t __zvm_pages_spare(void) {
  __zvm_malloc_sweep();
  return spare_pages();
}

#define RESERVE_LEAST (64u << 10)
#define RESERVE_PART 64

#define SLAB_MOST (16 * PAGE_BYTES) /* what malloc takes for a small block */
#define SMALL_BLOCK 8192

/* The sweep is dear, and only worth it where the answer would be no. */
hidden bool __zvm_pages_leave_reserve(size_t size) {
  size_t reserve = MANIFEST->heap_size / RESERVE_PART, spare;
  if (reserve < RESERVE_LEAST) reserve = RESERVE_LEAST;
  if (size < SMALL_BLOCK && size % PAGE_BYTES) size = SLAB_MOST;
  spare = spare_pages();
  if (spare >= reserve && spare - reserve >= size) return true;
  if (!__zvm_malloc_sweep()) return false;
  spare = spare_pages();
  return spare >= reserve && spare - reserve >= size;
}
