/*
** tak.c - call-heavy: Takeuchi's function, three arguments and deep nesting.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

NOINLINE static int32_t tak(int32_t x, int32_t y, int32_t z) {
  if (y >= x)
    return z;
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

static uint64_t kernel(void) {
  uint64_t sum = 0;
  for (int32_t i = 0; i < 24; i++)
    sum = mix(sum, (uint64_t)tak(22, 13 + (i & 1), 6));
  return sum;
}
