/*
** place.c - map the memory of one instance, and take it back.
**
** Nothing that is mapped here is shared and writable: testing a return
** address in place is sound only because nobody but the guest's one thread
** can write what it reads. Text and data are private mappings of the
** module's sealed image, everything else is anonymous and starts as zeros.
**
** Building and freeing page tables is most of the cost of a short run, so
** mappings outlive it: what the guest wrote is overwritten or dropped (the
** next access finds the module's bytes, or zeros), and if the next instance
** has the same layout, they are there. Two halves are kept apart: the
** module's, known by its digest, and manifest and stack, which all share.
** Which pages are overwritten, warm.c chooses.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>

#include "base/far.h"
#include "base/num.h"
#include "layout.h"
#include "lowmem.h"
#include "map.h"
#include "warm.h"

#ifndef MADV_POPULATE_READ /* Linux 5.14 */
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

enum {
  RW = PROT_READ | PROT_WRITE,
  FIXED = MAP_PRIVATE | MAP_FIXED,
  ZEROS = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE,
};

/*
** What is mapped now; guarded by the turn (lowmem.h). Where nothing is,
** nothing is warm.
*/
static struct {
  uint8_t digest[32];
  uint64_t heap_end;   /* 0: nothing of a module */
  uint64_t stack_base; /* 0: no manifest, no stack */
  uint64_t manifest_start;
  size_t manifest_size; /* 0: none yet, and its place can be written */
  zvm__warm data; /* and heap */
  zvm__warm stack;
  bool touched; /* more is resident than what is warm */
} placed;

/* Not in `placed`: a worker, which writes to that, need not have these. */
ZVM__FAR static zvm__fresh fresh_data;
ZVM__FAR static zvm__fresh fresh_stack;


static bool map_at(uint64_t start, uint64_t end, int prot, int flags, int fd,
                   uint64_t offset) {
  if (start == end)
    return true;
  /* Only ever over our own reservation, below the guard region. */
  ZVM_CHECK(start >= ZVM_TEXT_BASE && start < end && end <= ZVM__GUEST_END);
  return mmap((void *)(uintptr_t)start, end - start, prot, flags, fd,
              (off_t)offset) != MAP_FAILED;
}


/* -- The module's half --------------------------------------------------- */

/* The heap follows the module's zeros, if it has any: one mapping for both. */
static bool map_segments(const zvm__map *map, const zvm_module *m) {
  uint64_t zeros = map->heap_start;
  for (unsigned i = 0; i < m->seg_count; i++) {
    const zvm_segment *seg = &m->seg[i];
    uint64_t end = (uint64_t)seg->addr + seg->size;
    ZVM_CHECK((seg->prot & PROT_WRITE) == 0 || (seg->prot & PROT_EXEC) == 0);
    if (seg->zero && seg->prot == RW && end == map->heap_start) {
      zeros = seg->addr;
      continue;
    }
    if (!map_at(seg->addr, end, seg->prot, seg->zero ? ZEROS : FIXED,
                seg->zero ? -1 : m->image_fd, seg->zero ? 0 : seg->file_off))
      return false;
  }
  return map_at(zeros, map->heap_end, RW, ZEROS, -1, 0);
}


static bool has_module(const zvm__map *map, const zvm_module *m) {
  return placed.heap_end == map->heap_end &&
         memcmp(placed.digest, m->facts.digest, sizeof placed.digest) == 0;
}


static bool drop_module(void) {
  uint64_t end = placed.heap_end;
  placed.heap_end = 0;
  zvm__warm_forget(&placed.data);
  return end == 0 || zvm__lowmem_unmap(ZVM_TEXT_BASE, end);
}


static bool place_module(const zvm__map *map, const zvm_module *m) {
  if (has_module(map, m))
    return true;
  if (!drop_module() || !map_segments(map, m))
    return false;
  memcpy(placed.digest, m->facts.digest, sizeof placed.digest);
  placed.heap_end = map->heap_end;
  return true;
}


/* -- Manifest and stack -------------------------------------------------- */

static bool has_stack(const zvm__map *map) {
  return placed.stack_base == map->stack_base &&
         placed.manifest_start == map->manifest_start;
}


static bool drop_stack(void) {
  bool any = placed.stack_base != 0;
  placed.stack_base = 0;
  placed.manifest_size = 0;
  zvm__warm_forget(&placed.stack);
  return !any || zvm__lowmem_unmap(placed.manifest_start, ZVM__GUEST_END);
}


static bool place_stack(const zvm__map *map) {
  if (has_stack(map))
    return true;
  if (!drop_stack() ||
      !map_at(map->manifest_start, ZVM_STACK_FLOOR, RW, ZEROS, -1, 0) ||
      !map_at(map->stack_base, ZVM__GUEST_END, RW, ZEROS, -1, 0))
    return false;
  /* Two pages of stack are what most guests need, not two megabytes. */
  (void)madvise((void *)(uintptr_t)map->stack_base,
                ZVM__GUEST_END - map->stack_base, MADV_NOHUGEPAGE);
  placed.manifest_start = map->manifest_start;
  placed.stack_base = map->stack_base;
  return true;
}


bool zvm__map_prepare(void) {
  zvm__map usual = {.manifest_start = ZVM_STACK_FLOOR - ZVM_PAGE_SIZE,
                    .stack_base =
                        (uint32_t)(ZVM__GUEST_END - ZVM__STACK_DEFAULT)};
  placed.touched = true; /* whoever prepares will */
  return place_stack(&usual);
}


static bool has_manifest(const zvm__map *map, const void *manifest,
                         size_t size) {
  const void *at = (const void *)(uintptr_t)map->manifest_start;
  return placed.manifest_size == size && memcmp(at, manifest, size) == 0;
}


static bool place_manifest(const zvm__map *map, const void *manifest,
                           size_t size) {
  char *at = (char *)(uintptr_t)map->manifest_start;
  size_t room = ZVM_STACK_FLOOR - map->manifest_start;
  uint32_t address = map->manifest_start;
  ZVM_CHECK(size + sizeof address <= room);
  if (placed.manifest_size != 0 && mprotect(at, room, RW) != 0)
    return false;
  memcpy(at, manifest, size);
  memset(at + size, 0, room - size);
  memcpy((void *)(uintptr_t)ZVM_MANIFEST_PTR, &address, sizeof address);
  placed.manifest_size = size;
  return mprotect(at, room, PROT_READ) == 0;
}


/* -- Both ---------------------------------------------------------------- */

void zvm__map_clear(void) {
  (void)drop_module();
  (void)drop_stack();
  /* In one piece, and what was mapped when mapping failed. */
  ZVM_CHECK(zvm__lowmem_unmap(ZVM_TEXT_BASE, ZVM__GUEST_END));
}


/* What may be read may then be executed, if it is mapped now. */
static bool reads_imply_exec(void) {
  return (personality(0xffffffff) & READ_IMPLIES_EXEC) != 0;
}


zvm_status zvm__map_build(const zvm__map *map, const zvm_module *m,
                          const void *manifest, size_t size,
                          zvm_error *err) {
  ZVM_CHECK(map->heap_end <= map->manifest_start);
  if (has_module(map, m) && has_stack(map) &&
      has_manifest(map, manifest, size))
    return ZVM_OK;
  if (reads_imply_exec())
    return zvm__fail(err, ZVM_E_STATE,
                     "the personality of this process has READ_IMPLIES_EXEC; "
                     "clear it: a guest's data could be executed");
  if (!has_module(map, m)) {
    zvm_status st = zvm__module_check(m, err);
    if (st != ZVM_OK)
      return st;
  }
  if (place_module(map, m) && place_stack(map) &&
      place_manifest(map, manifest, size))
    return ZVM_OK;
  int os = errno;
  zvm__map_clear();
  return zvm__fail_os(err, os == ENOMEM ? ZVM_E_NOMEM : ZVM_E_SYSTEM, os,
                      "cannot map the guest's memory");
}


/* -- At rest ------------------------------------------------------------- */

/*
** What stays in [start, end) of a region is written anew, and so resident; of
** the module's initialised data the kernel says that all is.
*/
bool zvm__map_at_rest(const zvm_module *m, uint64_t *bytes) {
  if (placed.touched)
    return false;
  const zvm__warm *data = &placed.data;
  uint64_t sum = placed.stack.end - placed.stack.start +
                 (data->end - data->start);
  for (unsigned i = 0; i < m->seg_count; i++) {
    const zvm_segment *seg = &m->seg[i];
    if (seg->zero || (seg->prot & PROT_WRITE) == 0)
      continue;
    uint64_t start = seg->addr, end = start + seg->size;
    sum += seg->size;
    if (data->start < end && start < data->end)
      sum -= (data->end < end ? data->end : end) -
             (data->start > start ? data->start : start);
  }
  *bytes = sum;
  return true;
}


/* -- Ahead --------------------------------------------------------------- */

/* As much of [start, start + most) as is below `end`; a hint, no more. */
static bool take_pages(uint64_t start, uint64_t end, uint64_t most, int how) {
  uint64_t size = end - start < most ? end - start : most;
  return madvise((void *)(uintptr_t)start, size, how) == 0;
}


/* The same, and that much is warm: what else is, nobody has touched yet. */
static bool take_warm(zvm__warm *w, uint64_t start, uint64_t end,
                      uint64_t most) {
  w->start = start;
  w->end = end - start < most ? end : start + most;
  return take_pages(start, end, most, MADV_POPULATE_WRITE);
}


void zvm__map_expect(const zvm__map *map, const zvm_module *m) {
  enum { READ = 256 * 1024, WRITE = 16 * 1024, STACK = 8 * 1024 };
  if (!place_module(map, m) || !place_stack(map)) {
    zvm__map_clear();
    return;
  }
  unsigned i = 0;
  while ((map->region[i].prot & PROT_WRITE) == 0)
    i++;
  uint64_t data = map->region[i].start;
  (void)take_pages(ZVM_TEXT_BASE, data, READ, MADV_POPULATE_READ);
  (void)take_pages(ZVM_STACK_FLOOR - ZVM_PAGE_SIZE, ZVM_STACK_FLOOR,
                   ZVM_PAGE_SIZE, MADV_POPULATE_WRITE);
  bool all = take_warm(&placed.data, data, map->heap_start, WRITE);
  all &= take_warm(&placed.stack, ZVM__GUEST_END - STACK, ZVM__GUEST_END,
                   STACK);
  placed.touched = !all;
}


bool zvm__map_keep(const zvm__map *map, const zvm_module *m) {
  return (has_module(map, m) || drop_module()) &&
         (has_stack(map) || drop_stack());
}


/* A kernel that refuses has no huge pages. The stack has none anyway. */
void zvm__map_small_pages(const zvm__map *map) {
  for (unsigned i = 0; i < map->count; i++) {
    const zvm__region *r = &map->region[i];
    if ((r->prot & PROT_WRITE) != 0 && r->end != ZVM__GUEST_END)
      (void)madvise((void *)(uintptr_t)r->start, r->end - r->start,
                    MADV_NOHUGEPAGE);
  }
}


/* -- Reset --------------------------------------------------------------- */

/* What may stay is at the top of the stack, and where data begin. */
static bool reset_region(const zvm__map *map, const zvm__region *r) {
  uint64_t most = (uint64_t)ZVM__WARM_MAX * ZVM_PAGE_SIZE;
  if (r->end == ZVM__GUEST_END)
    return zvm__warm_reset(&placed.stack, fresh_stack, r->start, r->end,
                           r->end - r->start > most ? r->end - most
                                                    : r->start);
  if (r->end == map->heap_end)
    return zvm__warm_reset(&placed.data, fresh_data, r->start, r->end,
                           r->start);
  return madvise((void *)(uintptr_t)r->start, r->end - r->start,
                 MADV_DONTNEED) == 0;
}


void zvm__map_reset(const zvm__map *map) {
  for (unsigned i = 0; i < map->count; i++) {
    const zvm__region *r = &map->region[i];
    /* Refused for pages that the host locked in memory. */
    if ((r->prot & PROT_WRITE) != 0 && !reset_region(map, r)) {
      zvm__map_clear();
      return;
    }
  }
}
