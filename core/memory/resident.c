/*
** resident.c - how much of an instance's memory is in memory.
**
** Called by a signal handler while the guest runs (trap/timers.c): system
** calls and the stack are all it uses.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>
#include <sys/mman.h>

#include "map.h"
#include "zvm_abi.h"

enum { PIECE = 4096 }; /* pages that one call tells of */


/* Of n bytes those whose lowest bit is set; eight at a time. */
static uint64_t ones(const unsigned char *bytes, uint64_t n) {
  uint64_t sum = 0, i = 0, eight;
  for (; i + sizeof eight <= n; i += sizeof eight) {
    memcpy(&eight, bytes + i, sizeof eight);
    sum += (uint64_t)__builtin_popcountll(eight & 0x0101010101010101);
  }
  for (; i < n; i++)
    sum += bytes[i] & 1;
  return sum;
}


/* Pages of [start, end) that are resident; false if the kernel won't say. */
static bool count(uint64_t start, uint64_t end, uint64_t *pages) {
  unsigned char there[PIECE];
  for (uint64_t at = start; at < end;) {
    uint64_t n = (end - at) / ZVM_PAGE_SIZE;
    if (n > PIECE)
      n = PIECE;
    if (mincore((void *)(uintptr_t)at, n * ZVM_PAGE_SIZE, there) != 0)
      return false;
    *pages += ones(there, n);
    at += n * ZVM_PAGE_SIZE;
  }
  return true;
}


bool zvm__map_resident(const zvm__map *map, uint64_t *bytes) {
  uint64_t pages = 0;
  for (unsigned i = 0; i < map->count; i++) {
    const zvm__region *r = &map->region[i];
    if ((r->prot & PROT_WRITE) != 0 && !count(r->start, r->end, &pages))
      return false;
  }
  *bytes = pages * ZVM_PAGE_SIZE;
  return true;
}
