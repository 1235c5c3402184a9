/*
** rintf.c - rintf: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

float rintf(float x) {
  __asm__("roundss $4, %1, %0" : "=x"(x) : "x"(x));
  return x;
}
