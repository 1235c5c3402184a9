/*
** power.c - floating point to the power of an int.
**
** SPDX-License-Identifier: Apache-2.0
*/

double __powidf2(double x, int n);
float __powisf2(float x, int n);

double __powidf2(double x, int n) {
  unsigned left = n < 0 ? -(unsigned)n : (unsigned)n;
  double product = left & 1 ? x : 1;
  while (left >>= 1) {
    x *= x;
    if (left & 1) product *= x;
  }
  return n < 0 ? 1 / product : product;
}

float __powisf2(float x, int n) {
  unsigned left = n < 0 ? -(unsigned)n : (unsigned)n;
  float product = left & 1 ? x : 1;
  while (left >>= 1) {
    x *= x;
    if (left & 1) product *= x;
  }
  return n < 0 ? 1 / product : product;
}
