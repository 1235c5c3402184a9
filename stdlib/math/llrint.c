/*
** llrint.c - llrint: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

long long llrint(double x) {
  long long n;
  __asm__("cvtsd2si %1, %0" : "=r"(n) : "x"(x));
  return n;
}
