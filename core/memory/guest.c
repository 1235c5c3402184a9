/*
** guest.c - checked guest pointers: the only door of the core's C code to
** guest memory.
**
** The guest has one thread and it is waiting, so what was checked stays so
** until the trap returns.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>
#include <sys/mman.h>

#include "layout.h"
#include "map.h"


void *zvm__guest_range(const zvm__map *map, uint64_t addr, uint64_t size,
                       int prot) {
  if (addr >= ZVM__GUEST_END || size > ZVM__GUEST_END - addr)
    return NULL;
  uint64_t at = addr;
  uint64_t end = addr + size;
  for (unsigned i = 0; i < map->count; i++) {
    const zvm__region *r = &map->region[i];
    if (at < r->start)
      return NULL;
    if (at >= r->end)
      continue;
    if ((r->prot & prot) != prot)
      return NULL;
    if (end <= r->end)
      return (void *)(uintptr_t)addr;
    at = r->end;
  }
  return NULL;
}


bool zvm__guest_copy_in(const zvm__map *map, void *to, uint64_t addr,
                        uint64_t size) {
  const void *from = zvm__guest_range(map, addr, size, PROT_READ);
  if (from == NULL)
    return false;
  memcpy(to, from, size);
  return true;
}


enum { RED_ZONE = 128 };

/* Where the memory that can be read from `addr` on ends; `addr` if none. */
static uint64_t readable_end(const zvm__map *map, uint64_t addr) {
  uint64_t end = addr;
  for (unsigned i = 0; i < map->count; i++) {
    const zvm__region *r = &map->region[i];
    if (r->start <= end && end < r->end && (r->prot & PROT_READ) != 0)
      end = r->end;
  }
  return end;
}


uint64_t zvm__guest_stack(const zvm__map *map, uint64_t rsp, uint64_t *from) {
  /* A frame that overflowed the stack: its callers' are in the stack. */
  if (rsp < map->stack_base && rsp >= map->stack_base - ZVM_STACK_MAX)
    *from = map->stack_base;
  else if (rsp > RED_ZONE && zvm__guest_range(map, rsp - RED_ZONE, RED_ZONE,
                                              PROT_READ) != NULL)
    *from = (rsp - RED_ZONE + 7) & ~(uint64_t)7;
  else
    *from = (rsp + 7) & ~(uint64_t)7;
  uint64_t size = readable_end(map, *from) - *from;
  return size < ZVM_STACK_KEPT ? size : ZVM_STACK_KEPT;
}
