/*
** floorf.c - floorf: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

float floorf(float x) {
  __asm__("roundss $9, %1, %0" : "=x"(x) : "x"(x));
  return x;
}
