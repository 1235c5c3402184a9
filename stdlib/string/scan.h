/*
** scan.h - look through bytes for the first one that stops the search.
**
** What stops it is a function that makes zeros of such bytes. All loads are
** of aligned blocks, or of a vector within one page: none touches a page
** that the bytes before the stop, or before `end`, do not.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_SCAN_H
#define ZVM_SCAN_H

#include "vec.h"

#define ALWAYS static inline __attribute__((__always_inline__))

typedef avec stop_fn(avec x, avec v);

ALWAYS unsigned zeros(avec x) { return mask_of(x == (avec){ 0 }); }

ALWAYS avec stop_at_end(avec x, avec v) { return x; }
ALWAYS avec stop_at_byte(avec x, avec v) { return x ^ v; }
ALWAYS avec stop_at_either(avec x, avec v) { return min_of(x, x ^ v); }

/* The first stop of a block of four vectors that has one. */
ALWAYS const char *first_of_block(const char *p, stop_fn *stop, avec v) {
  unsigned m;
  FORGET(p); /* loaded again, the vectors need no registers before */
  if ((m = zeros(stop(LOADA(p, 0), v)))) goto found;
  p += VEC;
  if ((m = zeros(stop(LOADA(p, 0), v)))) goto found;
  p += VEC;
  if ((m = zeros(stop(LOADA(p, 0), v)))) goto found;
  p += VEC;
  m = zeros(stop(LOADA(p, 0), v));
found:
  return p + __builtin_ctz(m);
}

ALWAYS unsigned block_stops(const char *p, stop_fn *stop, avec v) {
  avec low = min_of(stop(LOADA(p, 0), v), stop(LOADA(p, VEC), v));
  avec high = min_of(stop(LOADA(p, 2 * VEC), v), stop(LOADA(p, 3 * VEC), v));
  return zeros(min_of(low, high));
}

/*
** Where it stops; that may lie at or behind `end`, and so may what is
** returned when nothing stopped it. Without bounds `end` is not looked at.
*/
ALWAYS const char *scan(const char *s, const char *end, int bounded,
                        stop_fn *stop, avec v) {
  const char *p = align_down(s, VEC);
  unsigned m;
  if (__builtin_expect(whole_vec(s), 1)) {
    m = zeros(stop(LOAD(s, 0), v));
    if (m) return s + __builtin_ctz(m);
  } else {
    m = zeros(stop(LOADA(p, 0), v)) >> (s - p);
    if (m) return s + __builtin_ctz(m);
  }
  for (int i = 0; i < 4; i++) {
    p += VEC;
    if (bounded && p >= end) return end;
    m = zeros(stop(LOADA(p, 0), v));
    if (m) return p + __builtin_ctz(m);
  }
  p = align_down(p + VEC, 4 * VEC);
  if (bounded) {
    for (; p < end; p += 4 * VEC)
      if (block_stops(p, stop, v)) return first_of_block(p, stop, v);
    return end;
  }
  while (!block_stops(p, stop, v)) p += 4 * VEC;
  return first_of_block(p, stop, v);
}

#endif
