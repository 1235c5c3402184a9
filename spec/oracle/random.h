/*
** random.h - numbers that are the same in each run with the same seed.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef RANDOM_H
#define RANDOM_H

#include <stdbool.h>
#include <stdint.h>

static uint64_t random_seed = 88172645463325252u;

/* Another sequence for each number: of a process, or from outside. */
static inline void random_begin(uint64_t number) {
  random_seed = 88172645463325252u ^ number * 0x9e3779b97f4a7c15u;
  if (random_seed == 0)
    random_seed = 1;
}


static inline uint64_t random_bits(void) {
  random_seed ^= random_seed << 13;
  random_seed ^= random_seed >> 7;
  random_seed ^= random_seed << 17;
  return random_seed * 0x2545f4914f6cdd1du;
}


static inline unsigned random_below(unsigned n) {
  return (unsigned)((random_bits() >> 32) * n >> 32);
}


static inline bool one_in(unsigned n) {
  return random_below(n) == 0;
}

#endif
