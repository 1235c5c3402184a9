/*
** memchr.c - memchr.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "vec.h"

void *memchr(const void *from, int c, size_t n) {
  const char *s = from, *p, *end;
  avec v = splat(c);
  unsigned m;
  if (!n) return NULL;
  end = s + n;
  if (end < s) end = (const char *)UINTPTR_MAX; /* "as far as it takes" */
  p = align_down(s, VEC);
  /* Most searches end here: all sixteen bytes, and no shift. */
  m = whole_vec(s) ? mask_of(LOAD(s, 0) == v)
                   : mask_of(LOADA(p, 0) == v) >> (s - p);
  if (m) {
    p = s + __builtin_ctz(m);
    return p < end ? (void *)p : NULL;
  }
  for (p += VEC; p < end && ((uintptr_t)p & 63); p += VEC) {
    m = mask_of(LOADA(p, 0) == v);
    if (m) goto found;
  }
  while (p < end && (size_t)(end - p) >= 64) {
    avec a = LOADA(p, 0) == v, b = LOADA(p, 16) == v;
    avec d = LOADA(p, 32) == v, e = LOADA(p, 48) == v;
    if (mask_of((a | b) | (d | e))) {
      uint64_t low = mask_of(a) | mask_of(b) << 16;
      uint64_t high = mask_of(d) | mask_of(e) << 16;
      return (void *)(p + __builtin_ctzll(low | high << 32));
    }
    p += 64;
  }
  for (; p < end; p += VEC) {
    m = mask_of(LOADA(p, 0) == v);
    if (m) goto found;
  }
  return NULL;
found:
  p += __builtin_ctz(m);
  return p < end ? (void *)p : NULL;
}
