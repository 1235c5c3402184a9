/*
** memset.c - memset.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "vec.h"

#define REP_MIN 1024

void *memset(void *to, int c, size_t n) {
  char *d = to, *end = d + n;
  avec v;
  if (n < 16) {
    uint64_t w = (unsigned char)c * 0x0101010101010101ull;
    if (n >= 8) {
      *(u64u *)d = w;
      *(u64u *)(end - 8) = w;
    } else if (n >= 4) {
      *(u32u *)d = (uint32_t)w;
      *(u32u *)(end - 4) = (uint32_t)w;
    } else if (n) {
      d[0] = end[-1] = (char)c;
      d[n / 2] = (char)c;
    }
    return to;
  }
  v = splat(c);
  STORE(d, 0, v);
  STORE(end, -16, v);
  if (n <= 32) return to;
  STORE(d, 16, v);
  STORE(end, -32, v);
  if (n <= 64) return to;
  STORE(d, 32, v);
  STORE(d, 48, v);
  STORE(end, -48, v);
  STORE(end, -64, v);
  if (n <= 128) return to;
  if (n >= REP_MIN) {
    __asm__ __volatile__("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
    return to;
  }
  for (d = align_down(d + 64, VEC); d < end - 64; d += 64) {
    *(avec *)d = v;
    *(avec *)(d + 16) = v;
    *(avec *)(d + 32) = v;
    *(avec *)(d + 48) = v;
  }
  return to;
}
