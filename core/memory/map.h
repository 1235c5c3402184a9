/*
** map.h - the memory of the instance that is running: what is where, and
** what the guest may do with it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_MEMORY_MAP_H
#define ZVM_MEMORY_MAP_H

#include <stdbool.h>

#include "base/digest.h"
#include "base/error.h"
#include "module/module.h"

/* [start, end), whole pages; neighbours of equal rights are merged. */
typedef struct zvm__region {
  uint64_t start;
  uint64_t end;
  int prot; /* PROT_* */
} zvm__region;

/* Segments of the module, heap, manifest, stack; jail may split the heap. */
enum { ZVM__REGION_MAX = ZVM__SEGMENTS_MAX + 16 };

enum { ZVM__STACK_DEFAULT = 8 << 20 };

typedef struct zvm__map {
  zvm__region region[ZVM__REGION_MAX]; /* ascending, disjoint */
  unsigned count;
  uint32_t heap_start; /* == the module's data_end */
  uint32_t heap_end;
  uint32_t manifest_start;
  uint32_t stack_base; /* lowest address of the stack */
} zvm__map;

/*
** Sizes for an instance of `m`; nothing is mapped. `memory` and `stack` are
** bytes, not zero; ZVM_E_OPTION says what is wrong with them.
*/
zvm_status zvm__map_plan(zvm__map *map, const zvm_module *m,
                         uint64_t memory, uint64_t stack, zvm_error *err);

/* Room below the stack for a manifest of `size` bytes, its pointer included. */
void zvm__map_plan_manifest(zvm__map *map, uint64_t size);

/*
** Map all of it, zeroed or as in the module, and copy `manifest` to its
** place. Needs the turn (lowmem.h). On failure nothing stays mapped.
*/
zvm_status zvm__map_build(const zvm__map *map, const zvm_module *m,
                          const void *manifest, size_t size,
                          zvm_error *err);

/*
** Map ahead what most instances have alike: a stack of the default size, and
** a manifest of one page. Needs the turn. False if it cannot.
*/
bool zvm__map_prepare(void);

/*
** Map ahead what an instance of `m` will have, and take pages that most of
** them touch: then zvm__map_build finds it done. Needs the turn. If it
** cannot, nothing is mapped.
*/
void zvm__map_expect(const zvm__map *map, const zvm_module *m);
/* Unmap what is mapped ahead for another one. */
bool zvm__map_keep(const zvm__map *map, const zvm_module *m);

/*
** After the run: what the guest wrote is gone. Mappings may stay, for the
** next instance of the same module to find.
*/
void zvm__map_reset(const zvm__map *map);

/* Nothing stays mapped. */
void zvm__map_clear(void);

/*
** After zvm__map_build, for a run whose memory is counted: each page fault of
** the guest's makes one page resident. The mappings should end with the run.
*/
void zvm__map_small_pages(const zvm__map *map);

/*
** Bytes of what the guest may write that are resident: whole pages, of the
** module's data all. Async-signal-safe. False if the kernel does not tell.
*/
bool zvm__map_resident(const zvm__map *map, uint64_t *bytes);

/*
** What a zvm__map_resident would tell now, had nothing been touched since the
** mappings of `m` were built anew or reset. False: not known.
*/
bool zvm__map_at_rest(const zvm_module *m, uint64_t *bytes);

/*
** Add to `d` what the guest has in its memory (content.c). `all`: look also at
** what is not resident. False if *stop was set, or the kernel or libcrypto
** failed.
*/
bool zvm__map_digest(const zvm__map *map, bool all, zvm__digest *d,
                     const volatile int *stop);

/* -- Guest pointers (guest.c) -------------------------------------------- */

/*
** The host's pointer to [addr, addr + size) if the guest has all of `prot`
** on every byte of it, else NULL. With size 0, on the byte at addr.
*/
void *zvm__guest_range(const zvm__map *map, uint64_t addr, uint64_t size,
                       int prot);

/*
** Which bytes of its stack a fault with this rsp leaves behind (zvm_stack):
** how many, and in *from where they begin. Depends on what can be read, not
** on how regions are split.
*/
uint64_t zvm__guest_stack(const zvm__map *map, uint64_t rsp, uint64_t *from);

/* Copy from the guest, once. False, and nothing copied, if it may not read. */
bool zvm__guest_copy_in(const zvm__map *map, void *to, uint64_t addr,
                        uint64_t size);

#endif
