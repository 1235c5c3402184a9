/*
** convert.c - between 128-bit integers and floating point.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>

typedef __int128 ti;
typedef unsigned __int128 uti;

ti __fixdfti(double x);
uti __fixunsdfti(double x);
ti __fixsfti(float x);
uti __fixunssfti(float x);
double __floattidf(ti a);
double __floatuntidf(uti a);
float __floattisf(ti a);
float __floatuntisf(uti a);
uint64_t __fixunsdfdi(double x);
uint64_t __fixunssfdi(float x);

/* Out of range saturates; not a number is 0. */
uti __fixunsdfti(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof(bits));
  int exponent = (int)(bits >> 52 & 0x7ff) - 1075;
  uti mantissa = (bits & 0xfffffffffffffull) | 1ull << 52;
  if (!(x >= 1)) return 0;
  if (exponent > 75) return ~(uti)0;
  return exponent < 0 ? mantissa >> -exponent : mantissa << exponent;
}

ti __fixdfti(double x) {
  uti top = (uti)1 << 127;
  uti a = __fixunsdfti(x < 0 ? -x : x);
  if (a >= top) return x < 0 ? (ti)top : (ti)(top - 1);
  return x < 0 ? -(ti)a : (ti)a;
}

uti __fixunssfti(float x) { return __fixunsdfti(x); }
ti __fixsfti(float x) { return __fixdfti(x); }

uint64_t __fixunsdfdi(double x) {
  uti a = __fixunsdfti(x);
  return a > UINT64_MAX ? UINT64_MAX : (uint64_t)a;
}

uint64_t __fixunssfdi(float x) { return __fixunsdfdi(x); }

/*
** Bring the number into 63 bits with everything below them in the lowest
** one. A conversion then rounds as it would from the whole.
*/
static uint64_t narrow(uti a, int *shift) {
  uint64_t high = (uint64_t)(a >> 64);
  int n = high ? 65 - __builtin_clzll(high) : (uint64_t)a >> 63 ? 1 : 0;
  *shift = n;
  if (!n) return (uint64_t)a;
  return (uint64_t)(a >> n) | ((a & (((uti)1 << n) - 1)) != 0);
}

/* 2 to the n, for n below 128. */
static double power(int n) {
  uint64_t bits = (uint64_t)(1023 + n) << 52;
  double x;
  __builtin_memcpy(&x, &bits, sizeof(x));
  return x;
}

/* Signed before it is rounded: that may be up or down. */
static int64_t part(uti a, int negative, int *shift) {
  int64_t most = (int64_t)narrow(negative ? -a : a, shift);
  return negative ? -most : most;
}

static double to_double(uti a, int negative) {
  int n;
  int64_t most = part(a, negative, &n);
  return (double)most * power(n);
}

/* The product is exact in double, too large a one becomes infinite. */
static float to_float(uti a, int negative) {
  int n;
  int64_t most = part(a, negative, &n);
  return (float)((double)(float)most * power(n));
}

double __floatuntidf(uti a) { return to_double(a, 0); }
float __floatuntisf(uti a) { return to_float(a, 0); }
double __floattidf(ti a) { return to_double((uti)a, a < 0); }
float __floattisf(ti a) { return to_float((uti)a, a < 0); }
