/*
** rint.c - rint: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

double rint(double x) {
  __asm__("roundsd $4, %1, %0" : "=x"(x) : "x"(x));
  return x;
}
