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

/* Of four vectors, one of which has it. */
ALWAYS unsigned first_stop(avec s0, avec s1, avec s2, avec s3) {
  uint64_t low = zeros(s0) | (uint64_t)zeros(s1) << VEC;
  uint64_t high = zeros(s2) | (uint64_t)zeros(s3) << VEC;
#if VEC == 16
  return first_of(low | high << 32);
#else
  return low ? first_of(low) : 64 + first_of(high);
#endif
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
      avec s0 = stops(a, b), s1 = stops(a + VEC, b + VEC);
      avec s2 = stops(a + 2 * VEC, b + 2 * VEC);
      avec s3 = stops(a + 3 * VEC, b + 3 * VEC);
      if (zeros(min_of(min_of(s0, s1), min_of(s2, s3)))) {
        unsigned i = first_stop(s0, s1, s2, s3);
        return bounded && i >= n ? 0 : a[i] - b[i];
      }
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
        unsigned i = first_of(m);
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
      unsigned i = first_of(m);
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
