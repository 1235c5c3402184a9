/*
** float16.c - half precision, which processors below level v3 lack.
**
** Narrowing rounds to nearest, ties to even.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>

typedef _Float16 hf;
typedef _Complex _Float16 hc;
typedef __int128 ti;
typedef unsigned __int128 uti;

float __extendhfsf2(hf x);
double __extendhfdf2(hf x);
hf __truncsfhf2(float x);
hf __truncdfhf2(double x);
int __eqhf2(hf a, hf b);
int __nehf2(hf a, hf b);
ti __fixhfti(hf x);
uti __fixunshfti(hf x);
hf __floattihf(ti a);
hf __floatuntihf(uti a);
int32_t __fixhfsi(hf x);
uint32_t __fixunshfsi(hf x);
int64_t __fixhfdi(hf x);
uint64_t __fixunshfdi(hf x);
hf __floatsihf(int32_t a);
hf __floatunsihf(uint32_t a);
hf __floatdihf(int64_t a);
hf __floatundihf(uint64_t a);
hc __mulhc3(hf a, hf b, hf c, hf d);
hc __divhc3(hf a, hf b, hf c, hf d);

_Complex float __mulsc3(float a, float b, float c, float d);
_Complex float __divsc3(float a, float b, float c, float d);

static float as_float(uint32_t bits) {
  float x;
  __builtin_memcpy(&x, &bits, sizeof(x));
  return x;
}

static hf as_half(uint16_t bits) {
  hf x;
  __builtin_memcpy(&x, &bits, sizeof(x));
  return x;
}

/* Flags of MXCSR, as <fenv.h> has them. */
enum { INVALID = 1, OVERFLOWS = 8, UNDERFLOWS = 16, INEXACT = 32 };

static void raise(unsigned flags) {
  unsigned now = __builtin_ia32_stmxcsr();
  if ((now & flags) != flags) __builtin_ia32_ldmxcsr(now | flags);
}

float __extendhfsf2(hf x) {
  uint16_t bits;
  __builtin_memcpy(&bits, &x, sizeof(bits));
  uint32_t sign = (uint32_t)(bits & 0x8000) << 16;
  uint32_t rest = bits & 0x7fff;
  if (rest >= 0x7c00) {
    uint32_t quiet = rest > 0x7c00 ? 0x400000 : 0;
    if (quiet && !(rest & 0x200)) raise(INVALID);
    return as_float(sign | 0x7f800000 | quiet | (rest & 0x3ff) << 13);
  }
  /* Exponent and fraction in place, 112 too small: exact for all. */
  float scaled = as_float(rest << 13) * 0x1p112f;
  uint32_t out;
  __builtin_memcpy(&out, &scaled, sizeof(out));
  return as_float(sign | out);
}

double __extendhfdf2(hf x) { return __extendhfsf2(x); }

hf __truncdfhf2(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof(bits));
  uint16_t sign = (uint16_t)(bits >> 48 & 0x8000);
  int exponent = (int)(bits >> 52 & 0x7ff) - 1023;
  uint64_t fraction = bits & 0xfffffffffffffull;
  if (exponent == 1024) {
    uint16_t quiet = fraction ? (uint16_t)(0x200 | fraction >> 42) : 0;
    if (fraction && !(fraction >> 51)) raise(INVALID);
    return as_half(sign | 0x7c00 | quiet);
  }
  if (exponent > 15) {
    raise(OVERFLOWS | INEXACT);
    return as_half(sign | 0x7c00);
  }
  if (exponent < -26) {
    if (exponent != -1023 || fraction) raise(UNDERFLOWS | INEXACT);
    return as_half(sign);
  }
  /* How many bits of the 53 are below the last one of the result. */
  int drop = exponent < -14 ? 42 - 14 - exponent : 42;
  uint64_t whole = fraction | 1ull << 52;
  uint64_t kept = whole >> drop, lost = whole & ((1ull << drop) - 1);
  uint64_t half = 1ull << (drop - 1);
  if (lost > half || (lost == half && (kept & 1))) kept++;
  /* The leading one adds to the exponent, a carry does so too. */
  if (exponent >= -14) kept += (uint64_t)(exponent + 14) << 10;
  if (lost)
    raise(kept >= 0x7c00 ? OVERFLOWS | INEXACT
          : exponent < -14 ? UNDERFLOWS | INEXACT
                           : INEXACT);
  return as_half(sign | (uint16_t)kept);
}

/* A conversion would quieten it: by bits, not by the processor. */
hf __truncsfhf2(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof(bits));
  if ((bits & 0x7fffffff) <= 0x7f800000) return __truncdfhf2(x);
  if (!(bits & 0x400000)) raise(INVALID);
  return as_half((uint16_t)((bits >> 16 & 0x8000) | 0x7e00
                            | (bits >> 13 & 0x3ff)));
}

int __nehf2(hf a, hf b) { return __extendhfsf2(a) != __extendhfsf2(b); }
int __eqhf2(hf a, hf b) { return __nehf2(a, b); }

ti __fixhfti(hf x) { return (ti)(int64_t)__extendhfsf2(x); }
uti __fixunshfti(hf x) { return (uti)(ti)(int64_t)__extendhfsf2(x); }

/* Beyond 2 to the 17 all is infinite, and below double is exact. */
hf __floatuntihf(uti a) {
  uint64_t most = 1 << 17;
  return __truncdfhf2((double)(a > most ? most : (uint64_t)a));
}

hf __floattihf(ti a) {
  int64_t most = 1 << 17;
  ti near = a > most ? most : a < -most ? -most : a;
  return __truncdfhf2((double)(int64_t)near);
}

int32_t __fixhfsi(hf x) { return (int32_t)__extendhfsf2(x); }
uint32_t __fixunshfsi(hf x) { return (uint32_t)__fixhfdi(x); }
int64_t __fixhfdi(hf x) { return (int64_t)__extendhfsf2(x); }
uint64_t __fixunshfdi(hf x) { return (uint64_t)__fixhfdi(x); }
hf __floatsihf(int32_t a) { return __truncdfhf2(a); }
hf __floatunsihf(uint32_t a) { return __truncdfhf2(a); }
hf __floatdihf(int64_t a) { return __floattihf(a); }
hf __floatundihf(uint64_t a) { return __floatuntihf(a); }

static hc narrow(_Complex float z) {
  hc out;
  __real__ out = __truncsfhf2(__real__ z);
  __imag__ out = __truncsfhf2(__imag__ z);
  return out;
}

hc __mulhc3(hf a, hf b, hf c, hf d) {
  return narrow(__mulsc3(__extendhfsf2(a), __extendhfsf2(b),
                         __extendhfsf2(c), __extendhfsf2(d)));
}

hc __divhc3(hf a, hf b, hf c, hf d) {
  return narrow(__divsc3(__extendhfsf2(a), __extendhfsf2(b),
                         __extendhfsf2(c), __extendhfsf2(d)));
}
