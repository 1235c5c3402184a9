/*
** bits.c - counting bits and turning bytes.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>

typedef unsigned __int128 uti;

static const unsigned char count4[16] = { 0, 1, 1, 2, 1, 2, 2, 3,
                                          1, 2, 2, 3, 2, 3, 3, 4 };

int __popcountsi2(uint32_t a);
int __popcountdi2(uint64_t a);
int __popcountti2(uti a);
int __paritysi2(uint32_t a);
int __paritydi2(uint64_t a);
int __parityti2(uti a);
int __clzsi2(uint32_t a);
int __clzdi2(uint64_t a);
int __clzti2(uti a);
int __ctzsi2(uint32_t a);
int __ctzdi2(uint64_t a);
int __ctzti2(uti a);
int __ffssi2(uint32_t a);
int __ffsdi2(uint64_t a);
int __ffsti2(uti a);
int __clrsbsi2(int32_t a);
int __clrsbdi2(int64_t a);
int __clrsbti2(__int128 a);
uint32_t __bswapsi2(uint32_t a);
uint64_t __bswapdi2(uint64_t a);

int __popcountdi2(uint64_t a) {
  int n = 0;
  for (; a; a >>= 4) n += count4[a & 15];
  return n;
}

int __popcountsi2(uint32_t a) { return __popcountdi2(a); }

int __popcountti2(uti a) {
  return __popcountdi2((uint64_t)a) + __popcountdi2((uint64_t)(a >> 64));
}

int __paritysi2(uint32_t a) { return __popcountdi2(a) & 1; }
int __paritydi2(uint64_t a) { return __popcountdi2(a) & 1; }
int __parityti2(uti a) { return __popcountti2(a) & 1; }

int __clzsi2(uint32_t a) { return __builtin_clz(a); }
int __clzdi2(uint64_t a) { return __builtin_clzll(a); }
int __ctzsi2(uint32_t a) { return __builtin_ctz(a); }
int __ctzdi2(uint64_t a) { return __builtin_ctzll(a); }

int __clzti2(uti a) {
  uint64_t high = (uint64_t)(a >> 64);
  return high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)a);
}

int __ctzti2(uti a) {
  uint64_t low = (uint64_t)a;
  return low ? __builtin_ctzll(low)
             : 64 + __builtin_ctzll((uint64_t)(a >> 64));
}

int __ffssi2(uint32_t a) { return a ? __builtin_ctz(a) + 1 : 0; }
int __ffsdi2(uint64_t a) { return a ? __builtin_ctzll(a) + 1 : 0; }
int __ffsti2(uti a) { return a ? __ctzti2(a) + 1 : 0; }

/* Bits below the sign that are as it is. */
int __clrsbsi2(int32_t a) {
  uint32_t u = (uint32_t)(a < 0 ? ~a : a);
  return u ? __builtin_clz(u) - 1 : 31;
}

int __clrsbdi2(int64_t a) {
  uint64_t u = (uint64_t)(a < 0 ? ~a : a);
  return u ? __builtin_clzll(u) - 1 : 63;
}

int __clrsbti2(__int128 a) {
  uti u = (uti)(a < 0 ? ~a : a);
  return u ? __clzti2(u) - 1 : 127;
}

uint32_t __bswapsi2(uint32_t a) { return __builtin_bswap32(a); }
uint64_t __bswapdi2(uint64_t a) { return __builtin_bswap64(a); }
