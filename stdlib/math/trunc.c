/*
** trunc.c - trunc: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

double trunc(double x) {
  __asm__("roundsd $11, %1, %0" : "=x"(x) : "x"(x));
  return x;
}
