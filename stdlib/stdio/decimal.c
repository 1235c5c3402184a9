/*
** decimal.c - the exact decimal digits of a double, as many as are wanted.
**
** The integer is divided by 10^18 until nothing is left; the fraction is
** multiplied by 10^9, and what comes out above the point are nine digits.
** Limbs that are 0 take no part, so that numbers of common size need one.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "decimal.h"

#include <fenv.h>
#include <string.h>

#include "format.h"

#define TEN_18 1000000000000000000u
#define TEN_9 1000000000u

typedef unsigned __int128 wide;

/* (high:x) / TEN_18, high < TEN_18: one instruction. */
static inline uint64_t divide(uint64_t high, uint64_t x, uint64_t *left) {
  uint64_t quotient;
  __asm__("divq %4"
          : "=a"(quotient), "=d"(*left)
          : "a"(x), "d"(high), "r"((uint64_t)TEN_18)
          : "cc");
  return quotient;
}

/* Nine digits, zeros before. */
static inline void write_nine(char *to, uint32_t x) {
  for (int at = 7; at >= 1; at -= 2, x /= 100)
    memcpy(to + at, &__zvm_pairs[x % 100 * 2], 2);
  to[0] = (char)('0' + x);
}

static inline void write_eighteen(char *to, uint64_t x) {
  write_nine(to, (uint32_t)(x / TEN_9));
  write_nine(to + 9, (uint32_t)(x % TEN_9));
}

/* m * 2^e, e > 0 and the product above 2^64. */
static void write_large(struct decimal *d, uint64_t m, int e) {
  uint64_t limb[LIMBS] = { 0 };
  int n = e / 64, at = POINT;
  limb[n] = m << e % 64;
  if (e % 64) limb[n + 1] = m >> (64 - e % 64);
  for (n++; n >= 0 && !limb[n]; n--);
  while (n > 0) {
    uint64_t left = 0;
    for (int i = n; i >= 0; i--) limb[i] = divide(left, limb[i], &left);
    while (n > 0 && !limb[n]) n--;
    write_eighteen(d->text + (at -= 18), left);
  }
  d->first = (int)(decimal_before(d->text + at, limb[0]) - d->text);
}

/* The fraction of m * 2^e, e < 0: up to two limbs, far down if it is small. */
static void keep_fraction(struct decimal *d, uint64_t m, int e) {
  int high = (-e - 53) / 64; /* limbs of zeros, at least */
  int shift;
  if (high < 0 || -e < 53) high = 0;
  shift = -e - 64 * high; /* of m, from the top of that limb: 1 to 127 */
  d->top = high;
  d->low = high + 1;
  if (shift <= 64) {
    d->rest[high] = shift < 64 ? m << (64 - shift) : m;
  } else {
    d->rest[high] = m >> (shift - 64);
    d->rest[high + 1] = m << (128 - shift);
    d->low = high + 2;
  }
  while (d->low > d->top && !d->rest[d->low - 1]) d->low--;
}

/* Multiply the fraction; returns what comes out above the point. */
static uint64_t multiply(struct decimal *d, uint64_t by) {
  uint64_t carry = 0;
  for (int i = d->low - 1; i >= d->top; i--) {
    wide product = (wide)d->rest[i] * by + carry;
    d->rest[i] = (uint64_t)product;
    carry = (uint64_t)(product >> 64);
  }
  while (d->low > d->top && !d->rest[d->low - 1]) d->low--;
  if (!d->top) return carry;
  if (carry) d->rest[--d->top] = carry;
  return 0;
}

static inline void next_digits(struct decimal *d) {
  if (d->top > 0) { /* below 2^-64: as many zeros */
    multiply(d, TEN_18);
    memset(d->text + d->end, '0', 18);
    d->end += 18;
  } else {
    write_nine(d->text + d->end, (uint32_t)multiply(d, TEN_9));
    d->end += 9;
  }
}

void __zvm_decimal(struct decimal *d, double x) {
  uint64_t bits, m;
  int e;
  memcpy(&bits, &x, sizeof(bits));
  m = bits & ((1ull << 52) - 1);
  e = (int)(bits >> 52 & 2047);
  if (e)
    m |= 1ull << 52;
  else
    e = 1;
  e -= 1075;
  d->end = POINT;
  d->top = d->low = 0;
  if (e > 11) {
    write_large(d, m, e);
    return;
  }
  if (e >= 0) {
    m <<= e;
  } else {
    uint64_t whole = e > -64 ? m >> -e : 0;
    uint64_t part = e > -64 ? m & ((1ull << -e) - 1) : m;
    if (part) keep_fraction(d, part, e);
    m = whole;
  }
  d->first = (int)(decimal_before(d->text + POINT, m) - d->text);
  if (d->first < POINT) return;
  do {
    if (d->top > 0) d->first += 18;
    next_digits(d);
    while (d->first < d->end && d->text[d->first] == '0') d->first++;
  } while (d->first == d->end);
}

void __zvm_decimal_more(struct decimal *d, int64_t end) {
  while (d->end <= end && d->low > d->top) next_digits(d);
}

/* Is it away from zero, for what is behind `end`? */
static bool goes_up(const struct decimal *d, int end, bool negative) {
  int digit = d->text[end] - '0';
  bool more = d->low > d->top;
  for (int i = end + 1; i < d->end && !more; i++) more = d->text[i] != '0';
  switch (fegetround()) {
    case FE_UPWARD: return !negative && (digit || more);
    case FE_DOWNWARD: return negative && (digit || more);
    case FE_TOWARDZERO: return false;
    default:
      if (digit != 5 || more) return digit >= 5;
      return end > 0 && end > d->first && (d->text[end - 1] & 1);
  }
}

bool __zvm_decimal_round(struct decimal *d, int64_t at, bool negative) {
  int end = (int)at, i;
  bool up;
  if (at >= d->end) return false;
  up = goes_up(d, end, negative);
  d->end = end;
  if (!up) return false;
  for (i = end - 1; i >= d->first && d->text[i] == '9'; i--) d->text[i] = '0';
  if (i >= d->first) {
    d->text[i]++;
    return false;
  }
  d->text[--d->first] = '1';
  return true;
}
