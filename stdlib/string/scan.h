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

/* Four vectors: the first and third, and the least of them and their next. */
struct block {
  avec a, ab, c, cd;
};

ALWAYS struct block look_at(const char *p, stop_fn *stop, avec v) {
  struct block b;
  b.a = stop(LOADA(p, 0), v);
  b.ab = min_of(b.a, stop(LOADA(p, VEC), v));
  b.c = stop(LOADA(p, 2 * VEC), v);
  b.cd = min_of(b.c, stop(LOADA(p, 3 * VEC), v));
  return b;
}

ALWAYS unsigned has_stop(struct block b) { return zeros(min_of(b.ab, b.cd)); }

/* Where it has the first one. */
ALWAYS const char *stop_in(struct block b, const char *p, stop_fn *stop,
                           avec v) {
  uint64_t m;
#if VEC == 16
  FORGET(p); /* looked at again, a loop need not keep them in registers */
  m = zeros(stop(LOADA(p, 0), v));
  m |= (uint64_t)zeros(stop(LOADA(p, 16), v)) << 16;
  m |= (uint64_t)zeros(stop(LOADA(p, 32), v)) << 32;
  m |= (uint64_t)zeros(stop(LOADA(p, 48), v)) << 48;
#else
  m = zeros(b.a) | (uint64_t)zeros(b.ab) << VEC;
  if (m) return p + first_of(m);
  p += 2 * VEC;
  m = zeros(b.c) | (uint64_t)zeros(b.cd) << VEC;
#endif
  return p + first_of(m);
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
    if (m) return s + first_of(m);
  } else {
    m = zeros(stop(LOADA(p, 0), v)) >> (s - p);
    if (m) return s + first_of(m);
  }
#pragma GCC unroll 4
  for (int i = 0; i < (VEC > 16 ? 4 : 3); i++) {
    p += VEC;
    if (bounded && p >= end) return end;
    m = zeros(stop(LOADA(p, 0), v));
    if (m) return p + first_of(m);
  }
  p = align_down(p + VEC, 4 * VEC) - 4 * VEC;
  struct block b;
  do {
    p += 4 * VEC;
    if (bounded && p >= end) return end;
    b = look_at(p, stop, v);
  } while (!has_stop(b));
  return stop_in(b, p, stop, v);
}

#endif
