/*
** memrchr.c - memrchr, from behind.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scan.h"

/* The last of the bytes that `m` stands for, if they lie in the block. */
static inline void *last_of(const char *p, unsigned m, const char *s) {
  p += 31 - __builtin_clz(m);
  return p >= s ? (void *)p : NULL;
}

void *__memrchr(const void *from, int c, size_t n) {
  const char *s = from, *end = s + n, *p;
  const avec v = splat(c);
  unsigned m;
  if (!n) return NULL;
  /* The vector that the last byte lies in, without what is behind it. */
  p = align_down(end - 1, VEC);
  m = zeros(LOADA(p, 0) ^ v) & (VEC_ALL >> (VEC - (end - p)));
  if (m) return last_of(p, m, s);
  while (p > s && ((uintptr_t)p & (4 * VEC - 1))) {
    p -= VEC;
    if ((m = zeros(LOADA(p, 0) ^ v))) return last_of(p, m, s);
  }
  while (p > s) {
    p -= 4 * VEC;
    if (has_stop(look_at(p, stop_at_byte, v))) {
      for (p += 3 * VEC; !(m = zeros(LOADA(p, 0) ^ v)); p -= VEC);
      return last_of(p, m, s);
    }
  }
  return NULL;
}

extern __typeof(__memrchr) memrchr
    __attribute__((__weak__, __alias__("__memrchr")));
