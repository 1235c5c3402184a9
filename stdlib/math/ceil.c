/*
** ceil.c - ceil: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

double ceil(double x) {
  __asm__("roundsd $10, %1, %0" : "=x"(x) : "x"(x));
  return x;
}
