/*
** alloc.c - allocation: malloc, realloc and free in random order.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

static uint64_t kernel(void) {
  enum { LIVE = 4096 };
  static uint8_t *block[LIVE];
  static uint32_t size[LIVE];
  uint64_t sum = 0;
  for (int i = 0; i < 3000000; i++) {
    uint32_t r = random_u32();
    uint32_t at = r % LIVE;
    if (block[at] != NULL && (r >> 28) == 0) {
      size[at] += size[at] / 2;
      block[at] = realloc(block[at], size[at]);
      block[at][size[at] - 1] = (uint8_t)i;
      continue;
    }
    if (block[at] != NULL) {
      sum = mix(sum, block[at][0] + block[at][size[at] - 1]);
      free(block[at]);
    }
    /* Mostly small; now and then up to 32 KiB. */
    uint32_t n = (r >> 20 & 255) == 0 ? r >> 12 & 0x7fff : r >> 12 & 0xff;
    size[at] = n + 1;
    block[at] = malloc(n + 1);
    block[at][0] = (uint8_t)i;
    block[at][n] = (uint8_t)(i >> 8);
  }
  for (int i = 0; i < LIVE; i++)
    free(block[i]);
  return sum;
}
