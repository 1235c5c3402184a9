/*
** ring.c - bytes from guest memory to a ring, and from a ring to guest memory.
**
** Each number of the head is read once, and checked against what this side
** knows. One that cannot be breaks the stream: this side moves no more, with
** EIO. All addresses follow from this side's own position and the size of the
** segment that it is in.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/num.h"
#include "memory/layout.h"

#ifndef MADV_POPULATE_READ /* Linux 5.14 */
#define MADV_POPULATE_READ 22
#endif

/* What goes to the other side at once: it works on it meanwhile. */
enum { PIECE = 64 * 1024 };


static zvm__ring_side *their_side(const zvm__ring *r) {
  return &r->head->side[!r->shape.writes];
}


/* -- Segments ------------------------------------------------------------ */

static void enter_segment(zvm__ring *r, uint32_t segment) {
  r->segment = segment;
  r->size = r->shape.least << segment;
  r->data = (uint8_t *)r->head + zvm__ring_place(r->shape.least, segment);
}


/*
** Is the file long enough for it? To touch what lies behind its end would be
** the end of this process, and that it was granted anyone may have written.
*/
static bool is_there(const zvm__ring *r, uint32_t segment) {
  uint8_t *end = (uint8_t *)r->head +
                 zvm__ring_place(r->shape.least, segment + 1);
  return segment <= r->shape.last &&
         madvise(end - ZVM_PAGE_SIZE, ZVM_PAGE_SIZE, MADV_POPULATE_READ) == 0;
}


/* The other side's position, and for a writer another segment. */
static bool look_for_room(zvm__ring *r) {
  uint64_t at = atomic_load_explicit(&their_side(r)->position,
                                     memory_order_acquire);
  if (at < r->theirs || at > r->mine)
    return false;
  r->theirs = at;
  if (atomic_load_explicit(&r->head->granted, memory_order_acquire) <=
      r->segment)
    return true;
  uint32_t next = r->segment + 1;
  if (!is_there(r, next))
    return false;
  atomic_store_explicit(&r->head->begins[next], r->mine + 1,
                        memory_order_release);
  enter_segment(r, next);
  r->border = r->mine;
  return true;
}


static bool follow(zvm__ring *r) {
  if (!is_there(r, r->segment + 1))
    return false;
  enter_segment(r, r->segment + 1);
  r->border = UINT64_MAX;
  return true;
}


/* Where the segment of a reader ends, if its writer has said so. */
static bool look_for_border(zvm__ring *r) {
  if (r->border != UINT64_MAX || r->segment == r->shape.last)
    return true;
  uint64_t begins = atomic_load_explicit(&r->head->begins[r->segment + 1],
                                         memory_order_acquire);
  r->border = begins - 1; /* 0: not yet */
  return r->border >= r->mine;
}


/*
** Where the segment ends is looked at after the position: what is beyond that
** border was written after the border was.
*/
static bool look_for_bytes(zvm__ring *r) {
  uint64_t at = atomic_load_explicit(&their_side(r)->position,
                                     memory_order_acquire);
  if (at < r->theirs)
    return false;
  r->theirs = at;
  do
    if (!look_for_border(r))
      return false;
  while (r->border == r->mine && follow(r));
  return r->border != r->mine &&
         zvm__least(at, r->border) - r->mine <= r->size;
}


/* -- Get ----------------------------------------------------------------- */

static uint64_t bytes_there(const zvm__ring *r) {
  return zvm__least(r->theirs, r->border) - r->mine;
}


static void copy_out(zvm__ring *r, uint8_t *to, size_t n) {
  size_t at = (size_t)(r->mine & (r->size - 1));
  size_t first = r->size - at < n ? r->size - at : n;
  memcpy(to, r->data + at, first);
  memcpy(to + first, r->data, n - first);
  r->mine += n;
}


/*
** There is none that this side knows of. 0 to look again, EINTR, or EIO; *over
** if there will be no more.
*/
static int wait_for_bytes(zvm__ring *r, size_t size, bool *over) {
  /* That it ended is read before its position: what it said last counts. */
  bool ended = zvm__ring_is_over(r);
  if (!look_for_bytes(r)) {
    r->broken = true;
    return EIO;
  }
  if (r->theirs != r->mine)
    return 0;
  *over = ended;
  uint64_t target = r->mine + zvm__least(size, r->size / 2);
  return ended ? 0 : zvm__ring_wait(r, target, target);
}


int zvm__ring_get(zvm__ring *r, void *to, size_t size, size_t *moved) {
  while (*moved < size && !r->broken) {
    size_t n = zvm__least(size - *moved, bytes_there(r));
    if (n > 0) {
      n = n < PIECE ? n : PIECE;
      copy_out(r, (uint8_t *)to + *moved, n);
      *moved += n;
      zvm__ring_tell(r);
      continue;
    }
    bool over = false;
    int os = wait_for_bytes(r, size - *moved, &over);
    if (os != 0 || over)
      return os;
  }
  return r->broken ? EIO : 0;
}


/* -- Put ----------------------------------------------------------------- */

static uint64_t room_there(const zvm__ring *r) {
  uint64_t since = r->theirs > r->border ? r->theirs : r->border;
  return r->size - (r->mine - since);
}


static void copy_in(zvm__ring *r, const uint8_t *from, size_t n) {
  size_t at = (size_t)(r->mine & (r->size - 1));
  size_t first = r->size - at < n ? r->size - at : n;
  memcpy(r->data + at, from, first);
  memcpy(r->data, from + first, n - first);
  r->mine += n;
}


/* There is none that this side knows of: as above. */
static int wait_for_room(zvm__ring *r, size_t size, bool *nowhere) {
  *nowhere = zvm__ring_is_over(r);
  if (*nowhere)
    return 0;
  if (!look_for_room(r)) {
    r->broken = true;
    return EIO;
  }
  if (room_there(r) > 0)
    return 0;
  zvm__ring_tell(r); /* what was added */
  uint64_t full = r->mine - r->size;
  uint64_t half = r->size / 2;
  return zvm__ring_wait(r, full + zvm__least(size, half), full + half);
}


/*
** With no reader left all goes nowhere, and counts as written: how far the
** reader got is no business of the writer's.
*/
int zvm__ring_add(zvm__ring *r, const void *from, size_t size,
                  size_t *moved) {
  while (*moved < size && !r->broken) {
    size_t n = zvm__least(size - *moved, room_there(r));
    if (n > 0) {
      n = n < PIECE ? n : PIECE;
      copy_in(r, (const uint8_t *)from + *moved, n);
      *moved += n;
      if (*moved < size)
        zvm__ring_tell(r);
      continue;
    }
    bool nowhere = false;
    int os = wait_for_room(r, size - *moved, &nowhere);
    if (nowhere)
      *moved = size;
    if (os != 0)
      return os;
  }
  return r->broken ? EIO : 0;
}


int zvm__ring_put(zvm__ring *r, const void *from, size_t size,
                  size_t *moved) {
  int os = zvm__ring_add(r, from, size, moved);
  zvm__ring_tell(r);
  return os;
}


/* -- Open and close ------------------------------------------------------ */

int zvm__ring_open(zvm__ring **out, int file, const zvm__ring_shape *shape,
                   int bell) {
  static const volatile int never;
  uint64_t extent = zvm__ring_extent(shape);
  zvm__ring *r = calloc(1, sizeof *r);
  if (r == NULL)
    return ENOMEM;
  void *p = mmap(NULL, extent, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  int os = p == MAP_FAILED ? errno : 0;
  if (os == 0 && (uintptr_t)p < ZVM__RESERVED_END) { /* within reach */
    (void)munmap(p, extent);
    os = ENOMEM;
  }
  if (os != 0) {
    free(r);
    return os;
  }
  *r = (zvm__ring){.head = p,
                   .bell = bell,
                   .stop = &never,
                   .shape = *shape,
                   .border = shape->writes ? 0 : UINT64_MAX};
  r->next = r;
  enter_segment(r, 0);
  *out = r;
  return 0;
}


void zvm__ring_close(zvm__ring *r, bool ends) {
  if (r == NULL)
    return;
  if (ends)
    zvm__ring_end(r);
  zvm__ring *before = r;
  while (before->next != r)
    before = before->next;
  before->next = r->next;
  (void)munmap(r->head, zvm__ring_extent(&r->shape));
  free(r);
}


/* -- As a channel's source ----------------------------------------------- */

static int ring_get(zvm__channel *ch, void *to, size_t size, int64_t offset,
                    size_t *moved) {
  (void)offset;
  ch->ring->stop = ch->stop;
  return zvm__ring_get(ch->ring, to, size, moved);
}


static int ring_put(zvm__channel *ch, const void *from, size_t size,
                    int64_t offset, size_t *moved) {
  (void)offset;
  ch->ring->stop = ch->stop;
  return zvm__ring_put(ch->ring, from, size, moved);
}


static int64_t ring_size(const zvm__channel *ch) {
  (void)ch;
  return -1;
}


/* One that is not the channel's own is given back; it goes on. */
static int ring_close(zvm__channel *ch) {
  zvm__ring_close(ch->ring, ch->owns_fd);
  ch->ring = NULL;
  if (ch->owns_fd)
    (void)zvm__fd_let_go(&ch->fd, &ch->identity);
  ch->fd = -1;
  return 0;
}


const zvm__source zvm__source_ring = {ring_get, ring_put, ring_size,
                                      ring_close, NULL};
