/*
** fib.c - call-heavy: doubly recursive Fibonacci numbers.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

NOINLINE static uint32_t fib(uint32_t n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static uint64_t kernel(void) {
  uint64_t sum = 0;
  for (uint32_t n = 20; n <= 37; n++)
    sum = mix(sum, fib(n));
  return sum;
}
