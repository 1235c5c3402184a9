/*
** lrint.c - lrint: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

long lrint(double x) {
  int n;
  __asm__("cvtsd2si %1, %0" : "=r"(n) : "x"(x));
  return n;
}
