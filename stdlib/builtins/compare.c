/*
** compare.c - comparisons that gcc calls for where a function's own target
** attribute makes it forget that SSE has them.
**
** Each answers as its name compares with 0; not a number makes all but
** __ne and __unord false.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define COMPARE(mode, type)                                                \
  int __eq##mode##2(type a, type b);                                       \
  int __ne##mode##2(type a, type b);                                       \
  int __lt##mode##2(type a, type b);                                       \
  int __le##mode##2(type a, type b);                                       \
  int __gt##mode##2(type a, type b);                                       \
  int __ge##mode##2(type a, type b);                                       \
  int __unord##mode##2(type a, type b);                                    \
  int __eq##mode##2(type a, type b) { return !(a == b); }                  \
  int __ne##mode##2(type a, type b) { return a != b; }                     \
  int __lt##mode##2(type a, type b) { return a < b ? -1 : !(a == b); }     \
  int __le##mode##2(type a, type b) { return a < b ? -1 : !(a == b); }     \
  int __gt##mode##2(type a, type b) { return a > b ? 1 : -!(a == b); }     \
  int __ge##mode##2(type a, type b) { return a > b ? 1 : -!(a == b); }     \
  int __unord##mode##2(type a, type b) { return __builtin_isunordered(a, b); }

COMPARE(sf, float)
COMPARE(df, double)
