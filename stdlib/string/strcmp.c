/*
** strcmp.c - strcmp.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "vec.h"

#define PAGE 4096

static inline unsigned room(const void *p) {
  return PAGE - ((uintptr_t)p & (PAGE - 1));
}

int strcmp(const char *left, const char *right) {
  const unsigned char *a = (const unsigned char *)left;
  const unsigned char *b = (const unsigned char *)right;
  const avec zero = { 0 };
  for (;;) {
    unsigned steps = room(a) < room(b) ? room(a) : room(b);
    /* Neither side leaves its page within these vectors. */
    for (; steps >= VEC; steps -= VEC) {
      avec x = LOAD(a, 0), y = LOAD(b, 0);
      unsigned m = mask_of(min_of(x, (avec)(x == y)) == zero);
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
