/*
** hexfloat.c - printf: %a.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <fenv.h>
#include <math.h>

#include "format.h"

enum { FRACTION_DIGITS = 13 };

/* Keep `digits` of the fraction of 1.m; what is cut off rounds. */
static uint64_t cut(uint64_t m, int digits, bool negative) {
  int shift = 4 * (FRACTION_DIGITS - digits);
  uint64_t unit = 1ull << shift, rest = m & (unit - 1), half = unit / 2;
  bool up = false;
  m -= rest;
  switch (fegetround()) {
    case FE_UPWARD: up = rest && !negative; break;
    case FE_DOWNWARD: up = rest && negative; break;
    case FE_TOWARDZERO: break;
    default: up = rest > half || (rest == half && m & unit);
  }
  return up ? m + unit : m;
}

/* 1.m * 2^e, with e of 0 for zero. */
static uint64_t split(double x, int *e) {
  uint64_t bits;
  if (x == 0) {
    *e = 0;
    return 0;
  }
  x = frexp(x, e);
  --*e;
  memcpy(&bits, &x, sizeof(bits));
  return (bits & ((1ull << 52) - 1)) | 1ull << 52;
}

int __zvm_format_hex(struct output *o, const struct spec *sp, double x) {
  static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
  const char *digits = sp->flags & UPPER ? upper : lower;
  bool negative = signbit(x);
  char text[FRACTION_DIGITS + 4], prefix[4], tail[8], *end = tail + 8, *at;
  int e, n = 0, count = 0, zeros = 0, prefix_size = 0;
  uint64_t m;
  if (!isfinite(x)) return __zvm_format_float(o, sp, x);
  m = split(fabs(x), &e);
  if (sp->precision >= 0 && sp->precision < FRACTION_DIGITS)
    m = cut(m, sp->precision, negative);
  if ((prefix[0] = sign_of(sp, negative))) prefix_size++;
  prefix[prefix_size++] = '0';
  prefix[prefix_size++] = sp->flags & UPPER ? 'X' : 'x';
  text[n++] = digits[m >> 52];
  m = m << 12;
  if (m || sp->precision > 0 || sp->flags & SHARP) text[n++] = '.';
  for (; m; m <<= 4, count++) text[n++] = digits[m >> 60];
  if (sp->precision > count) zeros = sp->precision - count;
  at = decimal_before(end, (uint64_t)(e < 0 ? -e : e));
  if (at == end) *--at = '0';
  *--at = e < 0 ? '-' : '+';
  *--at = sp->flags & UPPER ? 'P' : 'p';
  int64_t all = (int64_t)prefix_size + n + zeros + (end - at);
  if (all > INT_MAX) return -1;
  pad_left(o, sp, (int)all);
  put(o, prefix, (size_t)prefix_size);
  if (sp->flags & ZERO) pad(o, '0', sp->width - (int)all);
  put(o, text, (size_t)n);
  pad(o, '0', zeros);
  put(o, at, (size_t)(end - at));
  pad_right(o, sp, (int)all);
  return larger((int)all, sp->width);
}
