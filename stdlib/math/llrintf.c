/*
** llrintf.c - llrintf: one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

long long llrintf(float x) {
  long long n;
  __asm__("cvtss2si %1, %0" : "=r"(n) : "x"(x));
  return n;
}
