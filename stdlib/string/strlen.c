/*
** strlen.c - strlen.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "vec.h"

size_t strlen(const char *s) {
  const avec zero = { 0 };
  const char *p = align_down(s, VEC);
  /* Most strings end here: all sixteen bytes, and no shift. */
  unsigned m = whole_vec(s) ? mask_of(LOAD(s, 0) == zero)
                            : mask_of(LOADA(p, 0) == zero) >> (s - p);
  if (m) return __builtin_ctz(m);
  /* Vector by vector up to a multiple of four of them. */
  for (p += VEC; (uintptr_t)p & 63; p += VEC) {
    m = mask_of(LOADA(p, 0) == zero);
    if (m) return p - s + __builtin_ctz(m);
  }
  for (;; p += 64) {
    avec a = LOADA(p, 0), b = LOADA(p, 16), c = LOADA(p, 32);
    avec e = LOADA(p, 48);
    avec all = min_of(min_of(a, b), min_of(c, e));
    if (mask_of(all == zero)) {
      uint64_t low = mask_of(a == zero) | mask_of(b == zero) << 16;
      uint64_t high = mask_of(c == zero) | mask_of(e == zero) << 16;
      return p - s + __builtin_ctzll(low | high << 32);
    }
  }
}
