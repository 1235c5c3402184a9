/*
** warm.h - the few pages of a region that stay when a run is over.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_MEMORY_WARM_H
#define ZVM_MEMORY_WARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zvm_abi.h"

enum { ZVM__WARM_MAX = 80 }; /* pages: a small program that opens files */

/* What pages that stay begin with, after a run; the owner's. */
typedef uint8_t zvm__fresh[ZVM__WARM_MAX * ZVM_PAGE_SIZE];

/* [start, end) stays. It begins with `size` fresh bytes, then zeros. */
typedef struct zvm__warm {
  unsigned runs; /* that ended in this region, since it was mapped */
  uint64_t start;
  uint64_t end; /* == start: nothing stays */
  size_t size;
} zvm__warm;

/* The region was mapped anew. */
void zvm__warm_forget(zvm__warm *w);

/*
** After a run: [start, end), writable and private, is as it was mapped.
** What may stay is looked for in [look, look + ZVM__WARM_MAX pages). False
** if the kernel will not drop pages.
*/
bool zvm__warm_reset(zvm__warm *w, zvm__fresh fresh, uint64_t start,
                     uint64_t end, uint64_t look);

#endif
