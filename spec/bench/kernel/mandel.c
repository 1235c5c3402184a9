/*
** mandel.c - floating point: the Mandelbrot set.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

static uint64_t kernel(void) {
  enum { SIDE = 600, LIMIT = 400 };
  uint64_t sum = 0;
  for (int row = 0; row < SIDE; row++)
    for (int column = 0; column < SIDE; column++) {
      double cx = 3.0 * column / SIDE - 2.0;
      double cy = 2.4 * row / SIDE - 1.2;
      double x = 0;
      double y = 0;
      int n = 0;
      while (n < LIMIT && x * x + y * y < 4.0) {
        double t = x * x - y * y + cx;
        y = 2.0 * x * y + cy;
        x = t;
        n++;
      }
      sum = mix(sum, (uint64_t)n);
    }
  return sum;
}
