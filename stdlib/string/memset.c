/*
** memset.c - memset.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "vec.h"

#define REP_MIN (VEC > 16 ? 32768 : 3072)

static inline void set_tiny(char *d, char *end, uint64_t w, size_t n) {
  if (n >= 8) {
    *(u64u *)d = w;
    *(u64u *)(end - 8) = w;
  } else if (n >= 4) {
    *(u32u *)d = (uint32_t)w;
    *(u32u *)(end - 4) = (uint32_t)w;
  } else if (n) {
    d[0] = end[-1] = (char)w;
    d[n / 2] = (char)w;
  }
}

/*
** More than eight vectors. Stores go upwards: two to one cache line, one right
** after the other, cost no more than one.
*/
static __attribute__((__noinline__)) void *set_long(char *d, avec v,
                                                    size_t n) {
  char *to = d, *end = d + n;
  STORE(d, 0, v);
  STORE(d, VEC, v);
  STORE(d, 2 * VEC, v);
  STORE(d, 3 * VEC, v);
  if (n >= REP_MIN) {
    d = align_down(d + 63, 64);
    n = (size_t)(end - d);
    __asm__ __volatile__("rep stosb"
                         : "+D"(d), "+c"(n)
                         : "a"((int)v[0])
                         : "memory");
    return to;
  }
  d = align_down(d + 4 * VEC, VEC);
  do {
    STOREA(d, 0, v);
    STOREA(d, VEC, v);
    STOREA(d, 2 * VEC, v);
    STOREA(d, 3 * VEC, v);
    d += 4 * VEC;
  } while (d < end - 4 * VEC);
  STORE(end, -4 * VEC, v);
  STORE(end, -3 * VEC, v);
  STORE(end, -2 * VEC, v);
  STORE(end, -VEC, v);
  return to;
}

void *memset(void *to, int c, size_t n) {
  char *d = to, *end = d + n;
  avec v;
  if (n < 16) {
    set_tiny(d, end, (unsigned char)c * 0x0101010101010101ull, n);
    return to;
  }
  v = splat(c);
  if (VEC > 16 && n < VEC) {
    STORE16(d, 0, *(const vec16 *)&v);
    STORE16(end, -16, *(const vec16 *)&v);
    return to;
  }
  if (n > 8 * VEC) return set_long(d, v, n);
  STORE(d, 0, v);
  if (n > 2 * VEC) {
    STORE(d, VEC, v);
    if (n > 4 * VEC) {
      STORE(d, 2 * VEC, v);
      STORE(d, 3 * VEC, v);
      STORE(end, -4 * VEC, v);
      STORE(end, -3 * VEC, v);
    }
    STORE(end, -2 * VEC, v);
  }
  STORE(end, -VEC, v);
  return to;
}
