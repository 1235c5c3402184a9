/*
** buffer.c - the memory of a BUFFER: small from the heap, large of its own.
**
** The first touch of a small page costs as much as forty writes of 64 bytes:
** a large buffer is a mapping that begins where a huge page can. It grows by
** moving whole tables of pages, and copies nothing.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/num.h"
#include "channel.h"

enum {
  SMALL_LEAST = 4096,
  SMALL_MOST = 256 << 10, /* beyond, one huge page costs less than small ones */
  HUGE_PAGE = 2 << 20,
};


/* Address space from a huge page's border on; NULL if there is none. */
static uint8_t *reserve(size_t size) {
  uint8_t *p = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED)
    return NULL;
  size_t before = zvm__round_up((uintptr_t)p, HUGE_PAGE) - (uintptr_t)p;
  if (before > 0)
    (void)munmap(p, before);
  if (before < HUGE_PAGE)
    (void)munmap(p + before + size, HUGE_PAGE - before);
  return p + before;
}


/* From the heap into a mapping, or from one mapping to a larger one. */
static bool grow_mapping(zvm__channel *ch, size_t room) {
  uint8_t *to = reserve(room);
  if (to == NULL)
    return false;
  if (ch->mapped && mremap(ch->bytes, ch->room, room,
                           MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED) {
    (void)munmap(to, room);
    return false;
  }
  (void)madvise(to, room, MADV_HUGEPAGE); /* else small ones: slower, no more */
  if (!ch->mapped && ch->size > 0)
    memcpy(to, ch->bytes, ch->size);
  if (!ch->mapped)
    free(ch->bytes);
  ch->bytes = to;
  ch->room = room;
  ch->mapped = true;
  return true;
}


static bool grow_block(zvm__channel *ch, size_t room) {
  void *bytes = realloc(ch->bytes, room);
  if (bytes == NULL)
    return false;
  ch->bytes = bytes;
  ch->room = room;
  return true;
}


/*
** What the address space of a worker is bounded to suffices (worker/send.c):
** at most one and a half times the room, which is twice what is needed, and a
** huge page. One that may not become as large as that stays in the heap.
*/
bool zvm__buffer_grow(zvm__channel *ch, size_t need) {
  size_t room = ch->room != 0 ? ch->room : SMALL_LEAST;
  while (room < need)
    room *= 2;
  if (room <= SMALL_MOST || ch->limits[ZVM_LIMIT_PUT_SIZE] < HUGE_PAGE)
    return grow_block(ch, room);
  return grow_mapping(ch, room < HUGE_PAGE ? HUGE_PAGE : room);
}


void zvm__buffer_free(zvm__channel *ch) {
  if (ch->mapped)
    (void)munmap(ch->bytes, ch->room);
  else
    free(ch->bytes);
  ch->bytes = NULL;
  ch->mapped = false;
}
