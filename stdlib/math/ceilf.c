/*
** ceilf.c - ceilf: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

float ceilf(float x) {
  __asm__("roundss $10, %1, %0" : "=x"(x) : "x"(x));
  return x;
}
