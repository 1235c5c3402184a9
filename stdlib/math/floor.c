/*
** floor.c - floor: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

double floor(double x) {
  __asm__("roundsd $9, %1, %0" : "=x"(x) : "x"(x));
  return x;
}
