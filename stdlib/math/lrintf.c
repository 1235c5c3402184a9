/*
** lrintf.c - lrintf: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

long lrintf(float x) {
  int n;
  __asm__("cvtss2si %1, %0" : "=r"(n) : "x"(x));
  return n;
}
