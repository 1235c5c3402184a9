/*
** memcmp.c - memcmp and bcmp.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "vec.h"

static inline int differ(const unsigned char *a, const unsigned char *b,
                         unsigned m) {
  unsigned i = first_of(m);
  return a[i] - b[i];
}

#if VEC > 16
static inline unsigned differ16(const void *a, const void *b) {
  vec16 same = LOAD16(a, 0) == LOAD16(b, 0);
  return (unsigned)__builtin_ia32_pmovmskb128(same) ^ 0xffff;
}
#endif

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
  if (n < 16) return compare_tiny(a, b, n);
#if VEC > 16
  if (n < VEC) {
    m = differ16(a, b);
    if (m) return differ(a, b, m);
    m = differ16(a + n - 16, b + n - 16);
    return m ? differ(a + n - 16, b + n - 16, m) : 0;
  }
#endif
  if (n > 32 * VEC) { /* one side aligned: a load less to do by itself */
    size_t skip = VEC - ((uintptr_t)a & (VEC - 1));
    m = mask_of(LOAD(a, 0) == LOAD(b, 0)) ^ VEC_ALL;
    if (m) return differ(a, b, m);
    a += skip;
    b += skip;
    n -= skip;
    while (n > 4 * VEC) {
      avec w = LOADA(a, 0) == LOAD(b, 0), x = LOADA(a, VEC) == LOAD(b, VEC);
      avec y = LOADA(a, 2 * VEC) == LOAD(b, 2 * VEC);
      avec z = LOADA(a, 3 * VEC) == LOAD(b, 3 * VEC);
      if (mask_of((w & x) & (y & z)) != VEC_ALL) break;
      a += 4 * VEC;
      b += 4 * VEC;
      n -= 4 * VEC;
    }
  }
  while (n > 4 * VEC) {
    avec w = LOAD(a, 0) == LOAD(b, 0), x = LOAD(a, VEC) == LOAD(b, VEC);
    avec y = LOAD(a, 2 * VEC) == LOAD(b, 2 * VEC);
    avec z = LOAD(a, 3 * VEC) == LOAD(b, 3 * VEC);
    if (mask_of((w & x) & (y & z)) != VEC_ALL) break;
    a += 4 * VEC;
    b += 4 * VEC;
    n -= 4 * VEC;
  }
  while (n > VEC) {
    m = mask_of(LOAD(a, 0) == LOAD(b, 0)) ^ VEC_ALL;
    if (m) return differ(a, b, m);
    a += VEC;
    b += VEC;
    n -= VEC;
  }
  /* The last vector, some of them for the second time. */
  a += n - VEC;
  b += n - VEC;
  m = mask_of(LOAD(a, 0) == LOAD(b, 0)) ^ VEC_ALL;
  return m ? differ(a, b, m) : 0;
}

extern __typeof(memcmp) bcmp __attribute__((__weak__, __alias__("memcmp")));
