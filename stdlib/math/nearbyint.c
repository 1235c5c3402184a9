/*
** nearbyint.c - nearbyint: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

double nearbyint(double x) {
  __asm__("roundsd $12, %1, %0" : "=x"(x) : "x"(x));
  return x;
}
