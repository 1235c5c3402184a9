/*
** map.c - plan the memory of one instance: what will be where.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "map.h"

#include <inttypes.h>
#include <sys/mman.h>

#include "base/num.h"
#include "layout.h"

enum { RW = PROT_READ | PROT_WRITE };


/* -- Plan ---------------------------------------------------------------- */

/* Regions come in ascending order. */
static void add_region(zvm__map *map, uint64_t start, uint64_t end,
                       int prot) {
  if (start == end)
    return;
  if (map->count > 0) {
    zvm__region *last = &map->region[map->count - 1];
    ZVM_CHECK(last->end <= start);
    if (last->end == start && last->prot == prot) {
      last->end = end;
      return;
    }
  }
  ZVM_CHECK(map->count < ZVM__REGION_MAX);
  map->region[map->count++] = (zvm__region){start, end, prot};
}


zvm_status zvm__map_plan(zvm__map *map, const zvm_module *m,
                         uint64_t memory, uint64_t stack, zvm_error *err) {
  const zvm_module_facts *facts = &m->facts;
  if (memory < facts->write_size)
    return zvm__fail(err, ZVM_E_OPTION,
                     "memory: %" PRIu64 " bytes are too few; the module's "
                     "own data takes %" PRIu32,
                     memory, facts->write_size);
  uint64_t room = (uint64_t)ZVM_MODULE_END - facts->data_end;
  uint64_t heap = zvm__round_down(memory - facts->write_size, ZVM_PAGE_SIZE);
  if (heap > room)
    return zvm__fail(err, ZVM_E_OPTION,
                     "memory: %" PRIu64 " bytes are too many; at most "
                     "%" PRIu64 " fit for this module",
                     memory, room + facts->write_size);
  if (stack > ZVM_STACK_MAX)
    return zvm__fail(err, ZVM_E_OPTION,
                     "stack: %" PRIu64 " bytes are too many; at most %d",
                     stack, ZVM_STACK_MAX);
  stack = zvm__round_up(stack, ZVM_PAGE_SIZE);

  *map = (zvm__map){0};
  for (unsigned i = 0; i < m->seg_count; i++) {
    const zvm_segment *seg = &m->seg[i];
    add_region(map, seg->addr, (uint64_t)seg->addr + seg->size, seg->prot);
  }
  map->heap_start = facts->data_end;
  map->heap_end = (uint32_t)(facts->data_end + heap);
  add_region(map, map->heap_start, map->heap_end, RW);
  map->stack_base = (uint32_t)(ZVM__GUEST_END - stack);
  return ZVM_OK;
}


void zvm__map_plan_manifest(zvm__map *map, uint64_t size) {
  uint64_t start = ZVM_STACK_FLOOR - zvm__round_up(size, ZVM_PAGE_SIZE);
  ZVM_CHECK(size < ZVM_STACK_FLOOR - ZVM_MODULE_END);
  map->manifest_start = (uint32_t)start;
  add_region(map, start, ZVM_STACK_FLOOR, PROT_READ);
  add_region(map, map->stack_base, ZVM__GUEST_END, RW);
}
