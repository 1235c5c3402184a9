/*
** memory.c - string: libc's copy, move and fill over blocks of many sizes.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

static uint64_t kernel(void) {
  enum { SIZE = 1 << 20 };
  uint8_t *a = malloc(SIZE);
  uint8_t *b = malloc(SIZE);
  for (size_t i = 0; i < SIZE; i++)
    a[i] = (uint8_t)random_u32();
  memset(b, 0, SIZE);
  uint64_t sum = 0;
  for (size_t n = 1; n <= SIZE; n *= 2)
    for (size_t done = 0; done < (64 << 20); done += n < 1024 ? 64 * n : n) {
      size_t at = random_u32() % (SIZE - n + 1);
      memcpy(b + at, a + (SIZE - n - at), n);
      memmove(b + at / 2, b + at, n / 2);
      memset(a + at, (int)(done & 255), n / 2);
      sum = mix(sum, b[at / 2] + a[at]);
    }
  free(b);
  free(a);
  return sum;
}
