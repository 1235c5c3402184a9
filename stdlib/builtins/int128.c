/*
** int128.c - 128-bit arithmetic that gcc calls for.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>

typedef __int128 ti;
typedef unsigned __int128 uti;

uti __udivmodti4(uti n, uti d, uti *rest);
uti __udivti3(uti n, uti d);
uti __umodti3(uti n, uti d);
ti __divti3(ti n, ti d);
ti __modti3(ti n, ti d);
ti __divmodti4(ti n, ti d, ti *rest);
ti __multi3(ti a, ti b);
ti __negti2(ti a);
ti __ashlti3(ti a, int n);
ti __ashrti3(ti a, int n);
ti __lshrti3(ti a, int n);
int __cmpti2(ti a, ti b);
int __ucmpti2(uti a, uti b);

#define HIGH(x) ((uint64_t)((x) >> 64))
#define JOIN(high, low) ((uti)(high) << 64 | (low))

/* One machine division; the quotient must fit: high < d. */
static inline uint64_t divide(uint64_t high, uint64_t low, uint64_t d,
                              uint64_t *rest) {
  uint64_t q;
  __asm__("divq %4" : "=a"(q), "=d"(*rest) : "a"(low), "d"(high), "r"(d));
  return q;
}

uti __udivmodti4(uti n, uti d, uti *rest) {
  uint64_t q1 = 0, q0, r;
  if (!HIGH(d)) {
    uint64_t low = (uint64_t)d;
    r = HIGH(n);
    if (r >= low) {
      q1 = r / low; /* faults on 0, as a division should */
      r %= low;
    }
    q0 = divide(r, (uint64_t)n, low, &r);
    if (rest) *rest = r;
    return JOIN(q1, q0);
  }
  if (d > n) {
    if (rest) *rest = n;
    return 0;
  }
  /* Divide by the top 64 bits of d: at most two too many. */
  unsigned shift = __builtin_clzll(HIGH(d));
  uti scaled = d << shift;
  uti half = n >> 1;
  q0 = divide(HIGH(half), (uint64_t)half, HIGH(scaled), &r);
  q0 = shift ? q0 >> (63 - shift) : q0 >> 63;
  if (q0) q0--;
  n -= d * q0;
  while (n >= d) {
    n -= d;
    q0++;
  }
  if (rest) *rest = n;
  return q0;
}

uti __udivti3(uti n, uti d) { return __udivmodti4(n, d, 0); }

uti __umodti3(uti n, uti d) {
  uti rest;
  __udivmodti4(n, d, &rest);
  return rest;
}

static uti magnitude(ti a) { return a < 0 ? -(uti)a : (uti)a; }

ti __divmodti4(ti n, ti d, ti *rest) {
  uti r, q = __udivmodti4(magnitude(n), magnitude(d), &r);
  *rest = (ti)(n < 0 ? -r : r);
  return (ti)((n < 0) != (d < 0) ? -q : q);
}

ti __divti3(ti n, ti d) {
  ti rest;
  return __divmodti4(n, d, &rest);
}

ti __modti3(ti n, ti d) {
  ti rest;
  __divmodti4(n, d, &rest);
  return rest;
}

ti __multi3(ti a, ti b) { return a * b; }
ti __negti2(ti a) { return (ti)-(uti)a; }
ti __ashlti3(ti a, int n) { return (ti)((uti)a << n); }
ti __ashrti3(ti a, int n) { return a >> n; }
ti __lshrti3(ti a, int n) { return (ti)((uti)a >> n); }
/* 0, 1, 2: less, equal, more. */
int __cmpti2(ti a, ti b) { return 1 + (a > b) - (a < b); }
int __ucmpti2(uti a, uti b) { return 1 + (a > b) - (a < b); }
