/*
** limits.h - counting calls and bytes against what the host granted.
**
** Every function takes the call counter's index, ZVM_LIMIT_GETS or
** ZVM_LIMIT_PUTS; the byte counter of the same direction is the next one.
** Invariant: 0 <= used[i] <= limits[i] for every i.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_CHANNEL_LIMITS_H
#define ZVM_CHANNEL_LIMITS_H

#include "base/num.h"
#include "channel.h"

/* Is it a limit of a channel's? */
static inline bool zvm__limit_is_channel(zvm_limited what) {
  return what >= ZVM_LIMITED_GETS && what <= ZVM_LIMITED_FILE_SIZE;
}


/* May one more call be made? */
static inline bool zvm__limit_allows(const zvm__channel *ch, int calls) {
  return ch->used[calls] < ch->limits[calls];
}


/*
** Charge one call and up to `size` bytes. Returns the bytes charged; if
** that is 0, nothing was charged at all.
*/
static inline int64_t zvm__limit_charge(zvm__channel *ch, int calls,
                                        int64_t size) {
  size = zvm__min(size, ch->limits[calls + 1] - ch->used[calls + 1]);
  if (size == 0)
    return 0;
  ch->used[calls]++;
  ch->used[calls + 1] += size;
  return size;
}


/* Give back bytes that did not move; the call stays paid. */
static inline void zvm__limit_refund(zvm__channel *ch, int calls,
                                     int64_t size) {
  ch->used[calls + 1] -= size;
}

#endif
