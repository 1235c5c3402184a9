/*
** buffer.c - the memory of a BUFFER: small from the heap, large of its own.
**
** The first touch of a small page costs as much as forty writes of 64 bytes:
** a large buffer is a mapping that begins where a huge page can. Behind it is
** address space for all that it may become: it grows in its place, and copies
** nothing, unless there was none.
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


/* Address space from a huge page's border on, closed; NULL: there is none. */
static uint8_t *reserve(size_t size) {
  uint8_t *p = mmap(NULL, size + HUGE_PAGE, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED)
    return NULL;
  size_t before = zvm__round_up((uintptr_t)p, HUGE_PAGE) - (uintptr_t)p;
  if (before > 0)
    (void)munmap(p, before);
  if (before < HUGE_PAGE)
    (void)munmap(p + before + size, HUGE_PAGE - before);
  p += before;
  (void)madvise(p, size, MADV_HUGEPAGE); /* else small ones: slower, no more */
  return p;
}


/* For all that it may become, or for less where there is no room for that. */
static uint8_t *reserve_most(const zvm__channel *ch, size_t least,
                             size_t *size) {
  size_t most = (size_t)ch->limits[ZVM_LIMIT_PUT_SIZE];
  *size = zvm__round_up(most > least ? most : least, HUGE_PAGE);
  uint8_t *p = reserve(*size);
  while (p == NULL && *size / 2 >= least) {
    *size = zvm__round_up(*size / 2, HUGE_PAGE);
    p = reserve(*size);
  }
  return p;
}


static bool open_up(uint8_t *bytes, size_t from, size_t to) {
  return mprotect(bytes + from, to - from, PROT_READ | PROT_WRITE) == 0;
}


/* From the heap into a mapping, or from one mapping to a larger one. */
static bool move(zvm__channel *ch, size_t room) {
  size_t reserved;
  uint8_t *to = reserve_most(ch, room, &reserved);
  if (to == NULL)
    return false;
  if (!open_up(to, 0, room)) {
    (void)munmap(to, reserved);
    return false;
  }
  if (ch->size > 0)
    memcpy(to, ch->bytes, ch->size);
  zvm__buffer_free(ch);
  ch->bytes = to;
  ch->room = room;
  ch->reserved = reserved;
  return true;
}


static bool grow_mapping(zvm__channel *ch, size_t need, size_t room) {
  if (need > ch->reserved)
    return move(ch, room);
  room = zvm__least(room, ch->reserved);
  if (!open_up(ch->bytes, ch->room, room))
    return false;
  ch->room = room;
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
** at most the limit, and two huge pages. One that may not become as large as
** such a page stays in the heap.
*/
bool zvm__buffer_grow(zvm__channel *ch, size_t need) {
  size_t room = ch->room != 0 ? ch->room : SMALL_LEAST;
  while (room < need)
    room *= 2;
  if (room <= SMALL_MOST || ch->limits[ZVM_LIMIT_PUT_SIZE] < HUGE_PAGE)
    return grow_block(ch, room);
  return grow_mapping(ch, need, room < HUGE_PAGE ? HUGE_PAGE : room);
}


void zvm__buffer_free(zvm__channel *ch) {
  if (ch->reserved > 0)
    (void)munmap(ch->bytes, ch->reserved);
  else
    free(ch->bytes);
  ch->bytes = NULL;
  ch->room = ch->reserved = 0;
}
