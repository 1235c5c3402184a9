/*
** content.c - the digest of what a guest has in its memory.
**
** Of each page that it may write and that is not all zeros, in ascending
** order: its address, eight bytes, lowest first; then its bytes. So it does
** not tell which pages were touched, nor how large the heap may be. It is
** public: docs/etags.md.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>
#include <sys/mman.h>

#include "map.h"

enum { PIECE = 4096 }; /* pages that one call tells of */


static bool is_zero(const uint8_t *page) {
  return page[0] == 0 && memcmp(page, page + 1, ZVM_PAGE_SIZE - 1) == 0;
}


static bool add_page(zvm__digest *d, uint64_t addr) {
  const uint8_t *page = (const uint8_t *)(uintptr_t)addr;
  uint8_t where[sizeof addr];
  if (is_zero(page))
    return true;
  for (size_t i = 0; i < sizeof where; i++)
    where[i] = (uint8_t)(addr >> 8 * i);
  return zvm__digest_update(d, where, sizeof where) &&
         zvm__digest_update(d, page, ZVM_PAGE_SIZE);
}


/*
** Up to PIECE pages. What was never touched is not resident, and zeros; but
** so is what was swapped out, and is no zeros: there all is looked at.
*/
static bool add_piece(zvm__digest *d, uint64_t at, uint64_t pages, bool all,
                      const volatile int *stop) {
  unsigned char there[PIECE];
  memset(there, 1, sizeof there);
  if (!all && mincore((void *)(uintptr_t)at, pages * ZVM_PAGE_SIZE, there))
    return false;
  for (uint64_t i = 0; i < pages; i++)
    if ((there[i] & 1) != 0 &&
        (*stop != 0 || !add_page(d, at + i * ZVM_PAGE_SIZE)))
      return false;
  return true;
}


/* Whatever the rights: pages of the heap may have become code. */
static bool is_counted(const zvm__map *map, const zvm__region *r) {
  return (r->prot & PROT_WRITE) != 0 ||
         (r->start >= map->heap_start && r->end <= map->heap_end);
}


bool zvm__map_digest(const zvm__map *map, bool all, zvm__digest *d,
                     const volatile int *stop) {
  for (unsigned i = 0; i < map->count; i++) {
    const zvm__region *r = &map->region[i];
    for (uint64_t at = r->start; is_counted(map, r) && at < r->end;) {
      uint64_t pages = (r->end - at) / ZVM_PAGE_SIZE;
      if (pages > PIECE)
        pages = PIECE;
      if (*stop != 0 || !add_piece(d, at, pages, all, stop))
        return false;
      at += pages * ZVM_PAGE_SIZE;
    }
  }
  return true;
}
