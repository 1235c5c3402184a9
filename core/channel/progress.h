/*
** progress.h - what a run has moved so far, and what it waits for.
**
** A file of its own, which the run writes and its host reads now and then. The
** run may be a guest's: what the host reads is held against what can be
** (session/progress.c).
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_CHANNEL_PROGRESS_H
#define ZVM_CHANNEL_PROGRESS_H

#include <stdatomic.h>

#include "channel.h"

typedef struct zvm__progress {
  /* The number of the wait, shifted; and for which end, 0: it waits not. */
  _Atomic uint64_t wait;
  uint64_t unused[7];
  struct {
    _Atomic int64_t got;
    _Atomic int64_t put;
  } channel[]; /* in handle order */
} zvm__progress;

enum { ZVM__WAIT_SHIFT = 16 };

/* An end, as a number that is not 0 and below 2^ZVM__WAIT_SHIFT. */
static inline uint64_t zvm__wait_end_of(unsigned handle, bool writes) {
  return ((uint64_t)handle + 1) * 2 + writes;
}


static inline size_t zvm__progress_size(unsigned channels) {
  return sizeof(zvm__progress) + channels * 2 * sizeof(int64_t);
}


static inline void zvm__progress_note(zvm__progress *p, unsigned handle,
                                      const zvm__channel *ch) {
  atomic_store_explicit(&p->channel[handle].got,
                        ch->used[ZVM_LIMIT_GET_SIZE], memory_order_relaxed);
  atomic_store_explicit(&p->channel[handle].put,
                        ch->used[ZVM_LIMIT_PUT_SIZE], memory_order_relaxed);
}


/* `end` is waited for from now on; 0: no more. */
static inline void zvm__progress_wait(_Atomic uint64_t *wait, uint64_t end) {
  uint64_t turn =
      atomic_load_explicit(wait, memory_order_relaxed) >> ZVM__WAIT_SHIFT;
  turn += end != 0;
  atomic_store_explicit(wait, turn << ZVM__WAIT_SHIFT | end,
                        memory_order_release);
}

#endif
