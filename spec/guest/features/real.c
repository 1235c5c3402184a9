/*
** real.c - long double is double; half precision; complex numbers.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <complex.h>
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"

#define FAR __attribute__((noinline, noclone))

FAR static long double third(long double x, double y) { return x / 3 + y; }

FAR static long double sum(int n, ...) {
  va_list list;
  long double all = 0;
  va_start(list, n);
  while (n--)
    all += va_arg(list, long double);
  va_end(list);
  return all;
}

FAR static double _Complex quotient(double _Complex a, double _Complex b) {
  return a / b;
}
FAR static float _Complex product(float _Complex a, float _Complex b) {
  return a * b;
}
FAR static _Float16 half(float x) { return (_Float16)x; }
FAR static _Float16 half_of_double(double x) { return (_Float16)x; }
FAR static float whole(_Float16 x) { return (float)x; }
FAR static _Float16 half_of_whole(int64_t x) { return (_Float16)x; }
FAR static _Float16 half_of_count(uint64_t x) { return (_Float16)x; }
FAR static int64_t whole_of_half(_Float16 x) { return (int64_t)x; }
FAR static _Float16 work(_Float16 a, _Float16 b) { return a * b + 1; }

static void test_long_double(void) {
  char text[64];
  volatile double one = 1;
  CHECK(sizeof(long double) == 8 && _Alignof(long double) == 8);
  CHECK(LDBL_MANT_DIG == DBL_MANT_DIG && LDBL_MAX == DBL_MAX);
  CHECK(third((long double)one, 0.5) == one / 3 + 0.5);
  CHECK(sum(3, 1.5L, 2.25L, (long double)one) == 4.75);
  snprintf(text, sizeof text, "%Lf %.3Le %Lg", 1.5L, -12345.678L, 0.25L);
  CHECK(strcmp(text, "1.500000 -1.235e+04 0.25") == 0);
  CHECK(strtold("2.5e3", NULL) == 2500);
  CHECK(sqrtl(2.25L) == 1.5 && floorl(-1.5L) == -2 && fabsl(-3.0L) == 3);
  CHECK(ldexpl(1.0L, 60) == 0x1p60 && (long long)ldexpl(1.0L, 60) == 1LL << 60);
  CHECK((unsigned long long)((long double)one * 1e19) == 10000000000000000000u);
  CHECK(powl(2.0L, 0.5L) == pow(2.0, 0.5));
  CHECK(isnan((long double)NAN) && isinf(HUGE_VALL));
}

static void test_complex(void) {
  double _Complex z = quotient(1 + 2 * I, 3 - 4 * I);
  CHECK(cabs(z - (-0.2 + 0.4 * I)) < 1e-15);
  /* Squares of these are out of range. */
  z = quotient(0x1p900 + 0x1p900 * I, 0x1p900 - 0x1p900 * I);
  CHECK(creal(z) == 0 && cimag(z) == 1);
  z = quotient(0x1p-1060 + 0x1p-1060 * I, 0x1p-1060 + 0x1p-1060 * I);
  CHECK(creal(z) == 1 && cimag(z) == 0);
  /* Its parts differ by more than the range of a product. */
  z = quotient(CMPLX(-0x1.16e7fad79e45ep+651, -0x1.f7f75b94c6c6ap-860),
               CMPLX(-0x1.2f40d8ff7e55ep+245, -0x0.0000000004ebcp-1022));
  CHECK(fabs(cimag(z) / -0x1.e9095e311e706p-900 - 1) < 1e-10);
  z = quotient(1, 0);
  CHECK(isinf(creal(z)));
  float _Complex p = product(CMPLXF(INFINITY, NAN), 1 + 1 * I);
  CHECK(isinf(crealf(p)) || isinf(cimagf(p)));
}

static void test_half(void) {
  CHECK(whole(half(1.0f / 3)) == 0x1.554p-2f);
  CHECK(whole(half(65519.0f)) == 65504 && isinf(whole(half(65520.0f))));
  CHECK(whole(half(0x1p-24f)) == 0x1p-24f && whole(half(0x1p-25f)) == 0);
  CHECK(whole(half(0x1.8p-25f)) == 0x1p-24f);
  CHECK(whole(half(-0x1.ff8p-15f)) == -0x1.ff8p-15f);
  /* Ties go to even, and a double is rounded once. */
  CHECK(whole(half(2049)) == 2048 && whole(half(2051)) == 2052);
  CHECK(whole(half_of_double(2049.0000000001)) == 2050);
  feclearexcept(FE_ALL_EXCEPT);
  CHECK(whole(half(1.5f)) == 1.5f && !fetestexcept(FE_ALL_EXCEPT));
  CHECK(isinf(whole(half_of_double(1e9))) && fetestexcept(FE_OVERFLOW));
  CHECK(!fetestexcept(FE_INVALID) && fetestexcept(FE_INEXACT));
  CHECK(isnan(whole(half(NAN))) && signbit(whole(half(-0.0f))));
  CHECK(whole(work(half(3), half(5))) == 16);
  CHECK(whole(half_of_whole(-2049)) == -2048 && whole_of_half(half(-7)) == -7);
  CHECK(whole(half_of_count(2051)) == 2052);
  CHECK(isinf(whole(half_of_count(1ull << 63))));
  /* All of them, there and back. */
  int wrong = 0;
  for (unsigned i = 0; i < 0x7c00; i++) {
    unsigned short bits = (unsigned short)i, back;
    _Float16 x, y;
    memcpy(&x, &bits, sizeof x);
    y = half(whole(x));
    memcpy(&back, &y, sizeof back);
    wrong += back != bits;
  }
  CHECK(wrong == 0);
}

static void test_wide(void) {
  volatile __int128 big = (__int128)0x7fffffc000001 << 64;
  CHECK((double)big == 0x7fffffc000001p64 && (float)big == 0x8p112f);
  CHECK((double)-big == -0x7fffffc000001p64);
}


int main(void) {
  test_long_double();
  test_complex();
  test_half();
  test_wide();
  return check_end();
}
