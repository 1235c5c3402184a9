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
