/*
** memcmp.c - memcmp and bcmp.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "vec.h"

static inline int differ(const unsigned char *a, const unsigned char *b,
                         unsigned m) {
  unsigned i = __builtin_ctz(m);
  return a[i] - b[i];
}

static int compare_tiny(const unsigned char *a, const unsigned char *b,
                        size_t n) {
  if (n >= 8) {
    uint64_t x = __builtin_bswap64(*(const u64u *)a);
    uint64_t y = __builtin_bswap64(*(const u64u *)b);
    if (x == y) {
      x = __builtin_bswap64(*(const u64u *)(a + n - 8));
      y = __builtin_bswap64(*(const u64u *)(b + n - 8));
    }
    return (x > y) - (x < y);
  }
  if (n >= 4) {
    uint32_t x = __builtin_bswap32(*(const u32u *)a);
    uint32_t y = __builtin_bswap32(*(const u32u *)b);
    if (x == y) {
      x = __builtin_bswap32(*(const u32u *)(a + n - 4));
      y = __builtin_bswap32(*(const u32u *)(b + n - 4));
    }
    return (x > y) - (x < y);
  }
  for (; n; a++, b++, n--)
    if (*a != *b) return *a - *b;
  return 0;
}

int memcmp(const void *left, const void *right, size_t n) {
  const unsigned char *a = left, *b = right;
  unsigned m;
  if (n < VEC) return compare_tiny(a, b, n);
  while (n > 64) {
    avec w = LOAD(a, 0) == LOAD(b, 0), x = LOAD(a, 16) == LOAD(b, 16);
    avec y = LOAD(a, 32) == LOAD(b, 32), z = LOAD(a, 48) == LOAD(b, 48);
    if (mask_of((w & x) & (y & z)) != 0xffff) break;
    a += 64;
    b += 64;
    n -= 64;
  }
  while (n > VEC) {
    m = mask_of(LOAD(a, 0) == LOAD(b, 0)) ^ 0xffff;
    if (m) return differ(a, b, m);
    a += VEC;
    b += VEC;
    n -= VEC;
  }
  /* The last 16 bytes, some of them for the second time. */
  a += n - VEC;
  b += n - VEC;
  m = mask_of(LOAD(a, 0) == LOAD(b, 0)) ^ 0xffff;
  return m ? differ(a, b, m) : 0;
}

extern __typeof(memcmp) bcmp __attribute__((__weak__, __alias__("memcmp")));
