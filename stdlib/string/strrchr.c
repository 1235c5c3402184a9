/*
** strrchr.c - strrchr, in one pass.
**
** Blocks of 64 bytes that are aligned, so that none leaves its page; of each
** that has the byte or the end, masks with a bit for each of its bytes.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scan.h"

#define BLOCK 64

/* The bytes of a block that are those of `v`. */
ALWAYS uint64_t equal_in(const char *p, avec v) {
  uint64_t m = 0;
#pragma GCC unroll 4
  for (int i = 0; i < BLOCK; i += VEC)
    m |= (uint64_t)mask_of(LOADA(p, i) == v) << i;
  return m;
}

ALWAYS unsigned has_either(const char *p, avec v) {
  avec low = { 0 };
  low -= 1;
#pragma GCC unroll 4
  for (int i = 0; i < BLOCK; i += VEC)
    low = min_of(low, stop_at_either(LOADA(p, i), v));
  return zeros(low);
}

/* The last byte of those that `m` stands for, none of which may be. */
ALWAYS char *last_of(const char *p, uint64_t m) {
  return m ? (char *)p + 63 - __builtin_clzll(m) : NULL;
}

char *strrchr(const char *s, int c) {
  const avec v = splat(c);
  const char *p = align_down(s, BLOCK), *last_p = p;
  uint64_t before = ~0ull << (s - p), last = 0;
  for (;;) {
    uint64_t end = equal_in(p, (avec){ 0 }) & before;
    uint64_t found = equal_in(p, v) & before;
    if (end) {
      found &= end ^ (end - 1); /* up to the end, which may be what is asked */
      return found ? last_of(p, found) : last_of(last_p, last);
    }
    if (found) {
      last = found;
      last_p = p;
    }
    before = ~0ull;
    do p += BLOCK;
    while (!has_either(p, v));
  }
}
