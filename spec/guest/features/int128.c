/*
** int128.c - __int128 against long division and multiplication by hand.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>

#include "../check.h"

typedef __int128 ti;
typedef unsigned __int128 uti;

#define FAR __attribute__((noinline, noclone))

static uint64_t state = 88172645463325252u;
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

/* A number of a random length. */
static uti number(void) {
  uti a = (uti)next() << 64 | next();
  return a >> (next() & 127);
}

FAR static uti mul(uti a, uti b) { return a * b; }
FAR static uti quotient(uti a, uti b) { return a / b; }
FAR static uti rest(uti a, uti b) { return a % b; }
FAR static ti quotient_signed(ti a, ti b) { return a / b; }
FAR static ti rest_signed(ti a, ti b) { return a % b; }
FAR static uti left(uti a, int n) { return a << n; }
FAR static uti right(uti a, int n) { return a >> n; }
FAR static ti right_signed(ti a, int n) { return a >> n; }

/* A bit at a time. */
static uti slow_mul(uti a, uti b) {
  uti sum = 0;
  for (int i = 127; i >= 0; i--)
    sum = sum + sum + ((b >> i & 1) ? a : 0);
  return sum;
}

static uti slow_divide(uti a, uti b, uti *left_over) {
  uti q = 0, r = 0;
  for (int i = 127; i >= 0; i--) {
    int carry = (int)(r >> 127);
    r = r << 1 | (a >> i & 1);
    q <<= 1;
    if (carry || r >= b)
      r -= b, q |= 1;
  }
  *left_over = r;
  return q;
}


int main(void) {
  for (int i = 0; i < 300; i++) {
    uti a = number(), b = number(), r;
    if (b == 0)
      b = 1;
    uti q = slow_divide(a, b, &r);
    CHECK(mul(a, b) == slow_mul(a, b));
    CHECK(quotient(a, b) == q);
    CHECK(rest(a, b) == r);
    a >>= 1, b = (b >> 1) | 1;
    q = slow_divide(a, b, &r);
    CHECK(quotient_signed(-(ti)a, (ti)b) == -(ti)q);
    CHECK(rest_signed(-(ti)a, (ti)b) == -(ti)r);
    CHECK(quotient_signed((ti)a, -(ti)b) == -(ti)q);
    int n = (int)(next() & 127);
    uti moved = a;
    for (int k = 0; k < n; k++)
      moved += moved;
    CHECK(left(a, n) == moved);
    CHECK(right(left(a, n), n) == (n ? a << n >> n : a));
    CHECK(right_signed(-1 - (ti)a, n) == -1 - (ti)right(a, n));
    CHECK((ti)a > -(ti)b && -(ti)b < (ti)a && a >= a);
    /* Exact: 53 bits. */
    uti few = (uti)(next() >> 11) << (n % 64);
    CHECK((uti)(double)few == few && (ti)-(double)few == -(ti)few);
  }
  ti out;
  CHECK(__builtin_mul_overflow((ti)1 << 100, (ti)1 << 27, &out));
  CHECK(!__builtin_mul_overflow((ti)1 << 100, (ti)1 << 26, &out));
  CHECK(out == (ti)1 << 126);
  CHECK(__builtin_add_overflow(out, out, &out));
  return check_end();
}
