/*
** truncf.c - truncf: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

float truncf(float x) {
  __asm__("roundss $11, %1, %0" : "=x"(x) : "x"(x));
  return x;
}
