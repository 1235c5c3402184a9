/*
** compare.h - two strings beside each other, up to `n` bytes if bounded.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_COMPARE_H
#define ZVM_COMPARE_H

#include "scan.h"

#define PAGE 4096

/* Bytes are zero where both sides differ or end. */
ALWAYS avec stops(const void *a, const void *b) {
  avec x = LOAD(a, 0), y = LOAD(b, 0);
  return min_of(x, (avec)(x == y));
}

ALWAYS size_t room(const void *p) {
  return PAGE - ((uintptr_t)p & (PAGE - 1));
}

/* Vectors that neither side leaves its page within; the rest byte by byte. */
ALWAYS int compare(const unsigned char *a, const unsigned char *b, size_t n,
                   int bounded) {
  while (!bounded || n) {
    size_t steps = room(a) < room(b) ? room(a) : room(b);
    for (; steps >= 4 * VEC; steps -= 4 * VEC) {
      avec low = min_of(stops(a, b), stops(a + VEC, b + VEC));
      avec high = min_of(stops(a + 2 * VEC, b + 2 * VEC),
                         stops(a + 3 * VEC, b + 3 * VEC));
      if (zeros(min_of(low, high))) break;
      if (bounded) {
        if (n <= 4 * VEC) return 0;
        n -= 4 * VEC;
      }
      a += 4 * VEC;
      b += 4 * VEC;
    }
    for (; steps >= VEC; steps -= VEC) {
      unsigned m = zeros(stops(a, b));
      if (m) {
        unsigned i = __builtin_ctz(m);
        return bounded && i >= n ? 0 : a[i] - b[i];
      }
      if (bounded) {
        if (n <= VEC) return 0;
        n -= VEC;
      }
      a += VEC;
      b += VEC;
    }
    for (; steps; steps--, a++, b++) {
      if (bounded && !n--) return 0;
      if (*a != *b || !*a) return *a - *b;
    }
  }
  return 0;
}

/* Most comparisons end in the first vector. Bounded: n is not 0. */
ALWAYS int compare_from(const void *left, const void *right, size_t n,
                        int bounded) {
  const unsigned char *a = left, *b = right;
  if (__builtin_expect(whole_vec(a) && whole_vec(b), 1)) {
    unsigned m = zeros(stops(a, b));
    if (m) {
      unsigned i = __builtin_ctz(m);
      return bounded && i >= n ? 0 : a[i] - b[i];
    }
    if (bounded) {
      if (n <= VEC) return 0;
      n -= VEC;
    }
    a += VEC;
    b += VEC;
  }
  return compare(a, b, n, bounded);
}

#endif
