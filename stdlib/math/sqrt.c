/*
** sqrt.c - sqrt: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

double sqrt(double x) {
  __asm__("sqrtsd %1, %0" : "=x"(x) : "x"(x));
  return x;
}
