/*
** malloc.c - the guest's allocator: one thread, no locks, no surprises.
**
** Small blocks come from slabs, runs of pages cut into blocks of one size:
** freed ones from the class's list, last in first out, fresh ones from the
** class's newest slab. A block has no header; the word of its page tells
** its class. Larger blocks are runs of pages. Slabs go back to the pages
** when memory runs out (see sweep).
**
** A freed block holds the link of its list and a mark made from its own
** address: freeing it once more is found out and ends the instance.
**
** Same calls, same addresses: nothing here depends on anything else.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "atomic.h"
#include "pages.h"
#include "zvm.h"

#define heap __zvm_heap
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define GRAIN 16
#define LINEAR_MAX 1024  /* classes 16 bytes apart up to here   */
#define LINEAR (LINEAR_MAX / GRAIN)
#define SMALL_MAX 8192   /* then four a doubling, up to here    */
#define CLASSES (LINEAR + 1 + 12)
#define LARGEST 0x7ffff000u

struct block {
  struct block *next;
  uint32_t mark;
};

struct class {
  struct block *free;
  char *fresh, *end; /* what is left of the newest slab */
  uint32_t size;
};

static struct class classes[CLASSES];

static inline uint32_t mark_of(const struct block *b) {
  return (uint32_t)(uintptr_t)b ^ 0x5af37e95u;
}

static inline unsigned class_of(size_t size) {
  unsigned log;
  if (likely(size <= LINEAR_MAX)) {
    unsigned c = (size + GRAIN - 1) / GRAIN;
    return c + !c;
  }
  log = 31 - __builtin_clz((unsigned)size - 1);
  return LINEAR + 1 + (log - 10) * 4 +
         ((((unsigned)size - 1) >> (log - 2)) & 3);
}

static uint32_t size_of_class(unsigned c) {
  unsigned above;
  if (c <= LINEAR) return c * GRAIN;
  above = c - LINEAR - 1;
  return (5 + above % 4) << (8 + above / 4);
}

static void *no_memory(void) {
  errno = ENOMEM;
  return NULL;
}

/* -- Small blocks -------------------------------------------------------- */

#define FEW_BYTES (256u << 10) /* a heap where each page counts */

static bool new_slab(struct class *k, unsigned c) {
  uint32_t size = size_of_class(c);
  uint32_t least = (size + PAGE_BYTES - 1) / PAGE_BYTES;
  uint32_t count = size <= 512 ? 4 : size <= 2048 ? 8 : 16;
  bool fresh;
  if (MANIFEST->heap_size < FEW_BYTES) count = least;
  uint32_t page = __zvm_pages_try(count, &fresh);
  if (!page) { /* the smallest that will do, before anything dear */
    count = least;
    if (!(page = __zvm_pages_take(count, &fresh))) return false;
  }
  for (uint32_t i = 0; i < count; i++)
    heap.info[page + i] = c | i << 8 | count << 16;
  k->size = size;
  k->fresh = page_address(page);
  k->end = k->fresh + (count * PAGE_BYTES / size) * size;
  return true;
}

static __attribute__((__noinline__)) void *malloc_fresh(unsigned c) {
  struct class *k = &classes[c];
  char *p = k->fresh;
  if (unlikely(p == k->end)) {
    if (!new_slab(k, c)) return no_memory();
    p = k->fresh;
  }
  k->fresh = p + k->size;
  ((struct block *)p)->mark = 0; /* of an earlier life of the page */
  return p;
}

static inline void *malloc_small(unsigned c) {
  struct class *k = &classes[c];
  struct block *b = k->free;
  if (unlikely(!b)) return malloc_fresh(c);
  k->free = b->next;
  b->mark = 0;
  return b;
}

/*
** Hand slabs back of which every block is free. The newest slab of a class
** stays, for some of it may be uncut.
*/
static uint32_t slab_of(const struct block *b) {
  uint32_t page = page_of(b);
  return page - ((heap.info[page] >> 8) & 0xff);
}

static bool is_all_free(uint32_t slab, const struct class *k) {
  uint32_t count = heap.info[slab] >> 16;
  if (k->fresh != k->end && page_of(k->end - 1) - slab < count) return false;
  return heap.count[slab] == count * PAGE_BYTES / k->size;
}

static bool sweep_class(struct class *k) {
  struct block **link = &k->free, *b, *gone = NULL;
  for (b = k->free; b; b = b->next) heap.count[slab_of(b)] = 0;
  for (b = k->free; b; b = b->next) heap.count[slab_of(b)]++;
  while ((b = *link)) {
    uint32_t slab = slab_of(b);
    if (!is_all_free(slab, k)) {
      link = &b->next;
      continue;
    }
    *link = b->next;
    if (b == page_address(slab)) { /* one block stands for its slab */
      b->next = gone;
      gone = b;
    }
  }
  for (b = gone; b;) {
    uint32_t slab = page_of(b), count = heap.info[slab] >> 16;
    b = b->next;
    for (uint32_t i = 0; i < count; i++) heap.info[slab + i] = PAGE_OTHER;
    __zvm_pages_give(slab, count);
  }
  return gone != NULL;
}

hidden bool __zvm_malloc_sweep(void) {
  bool found = false;
  for (unsigned c = 1; c < CLASSES; c++)
    if (classes[c].free) found |= sweep_class(&classes[c]);
  return found;
}

/* -- Large blocks -------------------------------------------------------- */

static uint32_t pages_for(size_t size) {
  return (size + PAGE_BYTES - 1) >> PAGE_SHIFT;
}

static void *malloc_large(size_t size, bool *fresh) {
  uint32_t count, page;
  if (size > LARGEST) return no_memory();
  count = pages_for(size);
  page = __zvm_pages_take(count, fresh);
  if (!page) return no_memory();
  heap.info[page] = PAGE_INFO(PAGE_LARGE, count);
  return page_address(page);
}

static void free_large(uint32_t page) {
  __zvm_pages_give(page, PAGE_COUNT(heap.info[page]));
}

/* Make a large block `count` pages long where it lies, if that goes. */
static bool resize_large(uint32_t page, uint32_t count) {
  uint32_t have = PAGE_COUNT(heap.info[page]);
  if (count > have && !__zvm_pages_extend(page + have, count - have))
    return false;
  heap.info[page] = PAGE_INFO(PAGE_LARGE, count);
  if (count < have) __zvm_pages_give(page + count, have - count);
  return true;
}

/* -- The C library's names ----------------------------------------------- */

void *__libc_malloc(size_t size) {
  bool fresh;
  if (likely(size <= SMALL_MAX)) return malloc_small(class_of(size));
  return malloc_large(size, &fresh);
}

/* The kind of a block's page; anything that cannot be a block stops here. */
static inline uint32_t info_of(const void *p) {
  uint32_t page = page_of(p);
  if (unlikely(page - heap.bottom >= heap.top - heap.bottom ||
               (uintptr_t)p % GRAIN))
    a_crash();
  return heap.info[page];
}

/* The mark may be there by chance: only the list knows. */
static __attribute__((__noinline__)) void check_twice(struct block *b,
                                                      struct class *k) {
  for (struct block *at = k->free; at; at = at->next)
    if (at == b) a_crash();
}

void __libc_free(void *p) {
  uint32_t info, kind;
  if (unlikely(!p)) return;
  info = info_of(p);
  kind = PAGE_KIND(info);
  if (likely(kind < CLASSES && kind)) {
    struct class *k = &classes[kind];
    struct block *b = p;
    if (unlikely(b->mark == mark_of(b))) check_twice(b, k);
    b->next = k->free;
    b->mark = mark_of(b);
    k->free = b;
    return;
  }
  if (kind != PAGE_LARGE || (uintptr_t)p % PAGE_BYTES) a_crash();
  free_large(page_of(p));
}

void *__libc_calloc(size_t count, size_t each) {
  size_t size;
  bool fresh;
  void *p;
  if (unlikely(__builtin_mul_overflow(count, each, &size)))
    return no_memory();
  if (likely(size <= SMALL_MAX)) {
    p = malloc_small(class_of(size));
    return p ? memset(p, 0, size) : p;
  }
  p = malloc_large(size, &fresh);
  return !p || fresh ? p : memset(p, 0, size);
}

size_t malloc_usable_size(void *p) {
  uint32_t info;
  if (!p) return 0;
  info = info_of(p);
  if (PAGE_KIND(info) < CLASSES) return size_of_class(PAGE_KIND(info));
  return PAGE_COUNT(info) << PAGE_SHIFT;
}

void *__libc_realloc(void *p, size_t size) {
  size_t old;
  void *to;
  if (!p) return __libc_malloc(size);
  old = malloc_usable_size(p);
  if (old <= SMALL_MAX && PAGE_KIND(info_of(p)) != PAGE_LARGE) {
    if (size <= old && (size > old / 2 || old <= 64)) return p;
  } else if (size > SMALL_MAX && size <= LARGEST) {
    if (resize_large(page_of(p), pages_for(size))) return p;
  }
  to = __libc_malloc(size);
  if (!to) return size <= old ? p : NULL;
  memcpy(to, p, size < old ? size : old);
  __libc_free(p);
  return to;
}

/* A run that starts at a multiple of `align`, cut out of a longer one. */
static void *aligned_large(size_t align, size_t size) {
  uint32_t count = pages_for(size), step = align >> PAGE_SHIFT;
  uint32_t page, lead;
  bool fresh;
  if (size > LARGEST || align > LARGEST / 2) return no_memory();
  if (!count) count = 1;
  page = __zvm_pages_take(count + step - 1, &fresh);
  if (!page) return no_memory();
  lead = -page & (step - 1);
  if (lead) __zvm_pages_give(page, lead);
  if (step - 1 > lead)
    __zvm_pages_give(page + lead + count, step - 1 - lead);
  page += lead;
  heap.info[page] = PAGE_INFO(PAGE_LARGE, count);
  return page_address(page);
}

/*
** A slab starts at a page, so that a class whose size is a multiple of
** `align` has aligned blocks.
*/
void *aligned_alloc(size_t align, size_t size) {
  if (!align || (align & (align - 1))) {
    errno = EINVAL;
    return NULL;
  }
  if (align <= GRAIN) return __libc_malloc(size);
  if (size <= SMALL_MAX && align <= PAGE_BYTES) {
    unsigned c = class_of(size);
    while (c < CLASSES && size_of_class(c) % align) c++;
    if (c < CLASSES) return malloc_small(c);
  }
  return aligned_large(align < PAGE_BYTES ? PAGE_BYTES : align, size);
}

void *memalign(size_t align, size_t size) { return aligned_alloc(align, size); }

int posix_memalign(void **out, size_t align, size_t size) {
  int was = errno;
  void *p;
  if (align < sizeof(void *) || (align & (align - 1))) return EINVAL;
  p = aligned_alloc(align, size);
  errno = was;
  if (!p) return ENOMEM;
  *out = p;
  return 0;
}

/*
** musl's own allocations always come from here; a program may have functions
** of its own under the public names.
*/
#define PUBLIC(name)                                                     \
  extern __typeof(__libc_##name) name                                    \
      __attribute__((__weak__, __alias__("__libc_" #name)))
PUBLIC(malloc);
PUBLIC(calloc);
PUBLIC(realloc);
PUBLIC(free);
