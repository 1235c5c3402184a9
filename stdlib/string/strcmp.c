/*
** strcmp.c - strcmp.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "vec.h"

#define PAGE 4096

/* 0, or one bit for each byte that differs or ends both strings. */
static inline unsigned stop_mask(const void *a, const void *b) {
  const avec zero = { 0 };
  avec x = LOAD(a, 0), y = LOAD(b, 0);
  return mask_of(min_of(x, (avec)(x == y)) == zero);
}

static inline unsigned room(const void *p) {
  return PAGE - ((uintptr_t)p & (PAGE - 1));
}

int strcmp(const char *left, const char *right) {
  const unsigned char *a = (const unsigned char *)left;
  const unsigned char *b = (const unsigned char *)right;
  if (whole_vec(a) && whole_vec(b)) {
    unsigned m = stop_mask(a, b);
    if (m) {
      unsigned i = __builtin_ctz(m);
      return a[i] - b[i];
    }
    a += VEC;
    b += VEC;
  }
  for (;;) {
    unsigned steps = room(a) < room(b) ? room(a) : room(b);
    /* Neither side leaves its page within these vectors. */
    for (; steps >= VEC; steps -= VEC) {
      unsigned m = stop_mask(a, b);
      if (m) {
        unsigned i = __builtin_ctz(m);
        return a[i] - b[i];
      }
      a += VEC;
      b += VEC;
    }
    for (; steps; steps--, a++, b++)
      if (*a != *b || !*a) return *a - *b;
  }
}
