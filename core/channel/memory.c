/*
** memory.c - sources without a descriptor: nothing, the caller's bytes, and
** a buffer that grows.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <string.h>

#include "channel.h"


/* -- Null ---------------------------------------------------------------- */

static int null_get(zvm__channel *ch, void *to, size_t size, int64_t offset,
                    size_t *moved) {
  (void)ch, (void)to, (void)size, (void)offset, (void)moved;
  return 0;
}


static int null_put(zvm__channel *ch, const void *from, size_t size,
                    int64_t offset, size_t *moved) {
  (void)ch, (void)from, (void)offset;
  *moved = size;
  return 0;
}


static int64_t null_size(const zvm__channel *ch) {
  (void)ch;
  return 0;
}


const zvm__source zvm__source_null = {null_get, null_put, null_size, NULL,
                                      NULL};


/* -- The caller's bytes -------------------------------------------------- */

static int memory_get(zvm__channel *ch, void *to, size_t size,
                      int64_t offset, size_t *moved) {
  /* channel.c answers for offsets at or past the end. */
  size_t left = ch->size - (size_t)offset;
  *moved = size < left ? size : left;
  memcpy(to, ch->bytes + offset, *moved);
  return 0;
}


static int memory_put(zvm__channel *ch, const void *from, size_t size,
                      int64_t offset, size_t *moved) {
  (void)ch, (void)from, (void)size, (void)offset, (void)moved;
  return EROFS; /* never reached: its limits for puts are 0 */
}


static int64_t memory_size(const zvm__channel *ch) {
  return (int64_t)ch->size;
}


const zvm__source zvm__source_memory = {memory_get, memory_put, memory_size,
                                        NULL, NULL};


/* -- A buffer that grows ------------------------------------------------- */

/*
** Zeros from the end to `start`. The buffer ends where it did: if the run is
** ended meanwhile, the put has not been. EINTR or 0.
*/
static int fill_hole(const zvm__channel *ch, size_t start) {
  enum { PIECE = 1 << 20 };
  for (size_t at = ch->size; at < start;) {
    size_t n = start - at < PIECE ? start - at : PIECE;
    memset(ch->bytes + at, 0, n);
    at += n;
    if (*ch->stop != 0)
      return EINTR;
  }
  return 0;
}


static int buffer_put(zvm__channel *ch, const void *from, size_t size,
                      int64_t offset, size_t *moved) {
  size_t start = (size_t)offset;
  size_t end = start + size;
  if (end > ZVM__BUFFER_MAX)
    return EFBIG;
  if (end > ch->room && !zvm__buffer_grow(ch, end))
    return ENOMEM;
  int os = fill_hole(ch, start);
  if (os != 0)
    return os;
  memcpy(ch->bytes + start, from, size);
  if (end > ch->size)
    ch->size = end;
  *moved = size;
  return 0;
}


const zvm__source zvm__source_buffer = {memory_get, buffer_put, memory_size,
                                        NULL, NULL};
