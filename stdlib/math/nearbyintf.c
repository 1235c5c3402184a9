/*
** nearbyintf.c - nearbyintf: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

float nearbyintf(float x) {
  __asm__("roundss $12, %1, %0" : "=x"(x) : "x"(x));
  return x;
}
