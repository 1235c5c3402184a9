/*
** queens.c - integer: the queens problem by bit masks.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

static uint32_t place(uint32_t all, uint32_t row, uint32_t left,
                      uint32_t right) {
  if (row == all)
    return 1;
  uint32_t found = 0;
  uint32_t open = all & ~(row | left | right);
  while (open != 0) {
    uint32_t bit = open & -open;
    open ^= bit;
    found += place(all, row | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return found;
}

static uint64_t kernel(void) {
  uint64_t sum = 0;
  for (uint32_t n = 4; n <= 12; n++)
    sum = mix(sum, place((1u << n) - 1, 0, 0, 0));
  return mix(sum, place((1u << 13) - 1, 0, 0, 0));
}
