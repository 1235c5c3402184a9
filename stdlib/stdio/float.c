/*
** float.c - printf: %f, %e and %g.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

#include "decimal.h"
#include "format.h"

/* What is around the digits of one number. */
struct layout {
  char sign;
  bool point;
  int whole;       /* digits before the point */
  int part, zeros; /* digits behind it, and zeros behind them */
  char exponent[8];
  int exponent_size;
};

static int put_word(struct output *o, const struct spec *sp, double x) {
  bool upper = sp->flags & UPPER;
  const char *word = isnan(x) ? upper ? "NAN" : "nan"
                              : upper ? "INF" : "inf";
  char sign = sign_of(sp, signbit(x));
  int size = 3 + (sign != 0);
  if (!(sp->flags & MINUS)) pad(o, ' ', sp->width - size);
  put(o, &sign, sign != 0);
  put(o, word, 3);
  pad_right(o, sp, size);
  return larger(size, sp->width);
}

/* Everything, from the first digit on. */
static int put_layout(struct output *o, const struct spec *sp,
                      const struct layout *l, const char *digits) {
  int64_t all = (int64_t)(l->sign != 0) + l->whole + l->point + l->part +
                l->zeros + l->exponent_size;
  int size = (int)all;
  if (all > INT_MAX) return -1;
  pad_left(o, sp, size);
  if (l->sign) put(o, &l->sign, 1);
  if (sp->flags & ZERO) pad(o, '0', sp->width - size);
  put(o, digits, (size_t)l->whole);
  if (l->point) put(o, ".", 1);
  put(o, digits + l->whole, (size_t)l->part);
  pad(o, '0', l->zeros);
  put(o, l->exponent, (size_t)l->exponent_size);
  pad_right(o, sp, size);
  return larger(size, sp->width);
}

static void set_exponent(struct layout *l, int exponent, bool upper) {
  char *end = l->exponent + sizeof(l->exponent);
  char *at = decimal_before(end, (uint64_t)(exponent < 0 ? -exponent
                                                         : exponent));
  while (end - at < 2) *--at = '0';
  *--at = exponent < 0 ? '-' : '+';
  *--at = upper ? 'E' : 'e';
  l->exponent_size = (int)(end - at);
  memmove(l->exponent, at, (size_t)l->exponent_size);
}

/* Digits up to `end` exist, or all do; zeros stand for the rest. */
static void set_part(struct layout *l, const struct decimal *d, int from,
                     int64_t end, bool strip) {
  int last = d->end < end ? d->end : (int)end;
  if (strip)
    while (last > from && d->text[last - 1] == '0') last--;
  l->part = larger(last - from, 0);
  l->zeros = strip ? 0 : (int)(end - from) - l->part;
}

static int put_fixed(struct output *o, const struct spec *sp,
                     struct layout *l, struct decimal *d, int64_t end,
                     bool strip) {
  int first = d->first;
  if (first >= POINT) { /* a zero before the point */
    first = POINT - 1;
    d->text[first] = '0';
  }
  l->whole = POINT - first;
  set_part(l, d, POINT, end, strip);
  l->point = l->part || l->zeros || sp->flags & SHARP;
  return put_layout(o, sp, l, d->text + first);
}

static int put_exponential(struct output *o, const struct spec *sp,
                           struct layout *l, struct decimal *d, int64_t end,
                           bool strip) {
  l->whole = 1;
  set_part(l, d, d->first + 1, end, strip);
  l->point = l->part || l->zeros || sp->flags & SHARP;
  set_exponent(l, d->text[d->first] == '0' ? 0 : POINT - 1 - d->first,
               sp->flags & UPPER);
  return put_layout(o, sp, l, d->text + d->first);
}

/* One digit, and nothing left. */
static void set_zero(struct decimal *d) {
  d->first = POINT - 1;
  d->text[d->first] = '0';
  d->end = POINT;
  d->top = d->low = 0;
}

/* A number of digits from the first one on, rounded. */
static int64_t cut(struct decimal *d, int64_t count, bool negative) {
  __zvm_decimal_more(d, d->first + count);
  __zvm_decimal_round(d, d->first + count, negative);
  return d->first + count;
}

static int put_general(struct output *o, const struct spec *sp,
                       struct layout *l, struct decimal *d, bool negative) {
  int count = sp->precision ? sp->precision : 1;
  bool strip = !(sp->flags & SHARP);
  int64_t end = cut(d, count, negative);
  int exponent = POINT - 1 - d->first;
  if (exponent < -4 || exponent >= count)
    return put_exponential(o, sp, l, d, end, strip);
  return put_fixed(o, sp, l, d, end, strip);
}

int __zvm_format_float(struct output *o, const struct spec *given, double x) {
  bool negative = signbit(x);
  struct spec sp = *given;
  struct layout l = { .sign = sign_of(&sp, negative) };
  struct decimal d;
  if (!isfinite(x)) return put_word(o, &sp, x);
  if (sp.precision < 0) sp.precision = 6;
  x = fabs(x);
  if (x == 0)
    set_zero(&d);
  else
    __zvm_decimal(&d, x);
  switch (sp.kind) {
    case 'g': return put_general(o, &sp, &l, &d, negative);
    case 'e':
      return put_exponential(o, &sp, &l, &d,
                             cut(&d, (int64_t)sp.precision + 1, negative),
                             false);
    default: break;
  }
  int64_t end = (int64_t)POINT + sp.precision;
  if (d.first > POINT - 1) {
    d.first = POINT - 1;
    d.text[POINT - 1] = '0';
  }
  __zvm_decimal_more(&d, end);
  __zvm_decimal_round(&d, end, negative);
  return put_fixed(o, &sp, &l, &d, end, false);
}
