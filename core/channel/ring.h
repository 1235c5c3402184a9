/*
** ring.h - a stream between two processes through memory that both map.
**
** A memory file has a page with a head, then segments, each twice as long as
** the one before. The writer begins in the first one; whenever the host has
** granted another, and there is no room, it goes on in that from a position
** that it publishes, and the reader follows when it gets there. No segment is
** gone back to.
**
** Positions count bytes from the start of the stream. Each side writes its
** own, reads the other's, and keeps its own in memory of its own: what is in
** the head may be anything, as the other side may be a guest's. It is only
** ever compared, and no address follows from it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_CHANNEL_RING_H
#define ZVM_CHANNEL_RING_H

#include <stdatomic.h>

#include "channel.h"

#define ZVM__RING_MOST ((uint64_t)1 << 30) /* bytes of the last segment */

enum {
  ZVM__RING_LINE = 128,   /* two lines of cache: they come in pairs */
  ZVM__RING_SEGMENTS = 19, /* from one page to ZVM__RING_MOST       */
  ZVM__RING_READS = 0,
  ZVM__RING_WRITES = 1,
};

/* Written by one side; but who wakes it up clears `wants`. */
typedef struct zvm__ring_side {
  _Alignas(ZVM__RING_LINE) _Atomic uint64_t position;
  _Alignas(ZVM__RING_LINE) _Atomic uint64_t wants; /* it sleeps until the other
                               is there; 0: it does not sleep             */
  _Atomic uint64_t needs; /* it could go on as soon as the other is there  */
  _Atomic uint32_t ended; /* it moves no more */
} zvm__ring_side;

typedef struct zvm__ring_head {
  zvm__ring_side side[2];
  /* By the host: the last segment that there is. */
  _Alignas(ZVM__RING_LINE) _Atomic uint32_t granted;
  /* By the writer: the position at which each begins, plus 1; 0: not yet. */
  _Atomic uint64_t begins[ZVM__RING_SEGMENTS];
} zvm__ring_head;

_Static_assert(sizeof(zvm__ring_head) <= ZVM_PAGE_SIZE, "one page");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "between processes");

/* What it is, for both sides. `least`: bytes of the first segment. */
typedef struct zvm__ring_shape {
  uint64_t least;
  uint32_t last; /* segment, counted from 0 */
  bool eager;    /* who waits looks each time, before it sleeps */
  bool alone;    /* there is one processor for both sides */
  bool writes;
} zvm__ring_shape;

/* Where a segment is in the file: behind all that are shorter. */
static inline uint64_t zvm__ring_place(uint64_t least, uint32_t segment) {
  return ZVM_PAGE_SIZE + least * (((uint64_t)1 << segment) - 1);
}


/* Of all segments, with the head: what each side maps. */
static inline uint64_t zvm__ring_extent(const zvm__ring_shape *s) {
  return zvm__ring_place(s->least, s->last + 1);
}


/* One side of a ring, in its process. */
typedef struct zvm__ring {
  zvm__ring_head *head; /* shared, and hostile */
  int bell;             /* a socket to the other side; its owner closes it */
  const zvm__identity *identity; /* NULL, or what it is, as the program around
                           may close it                                   */
  const volatile int *stop; /* not zero: wait no more */
  uint64_t patience_ns; /* nor after so long; 0: for ever. The bell's reads end
                           now and then                                   */
  uint64_t until_ns;    /* when that is over; 0: it has not begun         */
  uint32_t waits;       /* since it was set                               */
  zvm__ring_shape shape;
  uint8_t *data;    /* the segment that this side is in */
  uint64_t size;    /* of it                            */
  uint32_t segment; /* which it is                      */
  uint64_t border;  /* of a writer: where it began; of a reader: where it ends,
                       UINT64_MAX if that is not known yet                 */
  uint64_t mine;    /* position                         */
  uint64_t theirs;  /* position, as it was seen last    */
  _Atomic uint64_t *says; /* NULL, or where it says that it waits: progress.h */
  uint64_t as;      /* which end                        */
  struct zvm__ring *next; /* of the same run, around; or itself */
  const _Atomic bool *over; /* NULL, or where the host notes that the run at
                       the other side is over, whatever that says         */
  bool gone;        /* the other process                */
  bool broken;      /* the other side wrote what cannot be */
  uint32_t misses;  /* looks in vain, in a row          */
  uint32_t rest;    /* how often not to look            */
  uint32_t forks;   /* of a host's own: hostend.c       */
  bool answers;     /* what it waits for has been asked for */
} zvm__ring;

/* Does the other side move no more? What it moved before counts. */
static inline bool zvm__ring_is_over(const zvm__ring *r) {
  return r->gone || (r->over != NULL && atomic_load(r->over)) ||
         atomic_load(&r->head->side[!r->shape.writes].ended) != 0;
}


/*
** Map a side of the ring that `file` is, which may be closed afterwards. 0 and
** *out, or an errno and nothing is left.
*/
int zvm__ring_open(zvm__ring **out, int file, const zvm__ring_shape *shape,
                   int bell);
/* Unmap it; NULL is fine. `ends`: this side moves no more, and says so. */
void zvm__ring_close(zvm__ring *r, bool ends);

/*
** Move `size` bytes, or up to the stream's end: *moved says how many. 0, EIO
** if the other side broke the stream, EINTR if this one is stopped, or
** ETIMEDOUT.
*/
int zvm__ring_get(zvm__ring *r, void *to, size_t size, size_t *moved);
int zvm__ring_put(zvm__ring *r, const void *from, size_t size,
                  size_t *moved);
/* The same, but of the last bytes zvm__ring_tell, which follows, will tell. */
int zvm__ring_add(zvm__ring *r, const void *from, size_t size,
                  size_t *moved);

/* -- To wait (bell.c) ----------------------------------------------------- */

/*
** Until the other side is at `likes`, has ended, or is gone, or there is
** another segment to write to; or for no reason at all. It will be at `needs`,
** which is not further, before its process sleeps for any ring. 0, or EINTR:
** stopped.
*/
int zvm__ring_wait(zvm__ring *r, uint64_t needs, uint64_t likes);
/* They are of one run. */
void zvm__ring_join(zvm__ring *a, zvm__ring *b);
/* This side is at r->mine now: say so, and wake up who waits for it. */
void zvm__ring_tell(zvm__ring *r);
/* The same, though the other side may not have yet what it likes. */
void zvm__ring_tell_need(zvm__ring *r);
/* It moves no more. */
void zvm__ring_end(zvm__ring *r);

#endif
