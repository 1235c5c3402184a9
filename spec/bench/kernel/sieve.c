/*
** sieve.c - integer: the sieve of Eratosthenes.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

static uint64_t kernel(void) {
  enum { LIMIT = 1 << 19 };
  static uint8_t composite[LIMIT];
  uint64_t sum = 0;
  for (int round = 0; round < 36; round++) {
    uint32_t primes = 0;
    memset(composite, 0, sizeof composite);
    for (uint32_t i = 2; i < LIMIT; i++) {
      if (composite[i])
        continue;
      primes++;
      for (uint32_t j = 2 * i; j < LIMIT; j += i)
        composite[j] = 1;
    }
    sum = mix(sum, primes + (uint32_t)round);
  }
  return sum;
}
