/*
** num.h - arithmetic on numbers that somebody else chose.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_BASE_NUM_H
#define ZVM_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

/* False, and *sum untouched, if the sum does not fit. */
static inline bool zvm__add(uint64_t a, uint64_t b, uint64_t *sum) {
  uint64_t r;
  if (__builtin_add_overflow(a, b, &r))
    return false;
  *sum = r;
  return true;
}


static inline bool zvm__mul(uint64_t a, uint64_t b, uint64_t *product) {
  uint64_t r;
  if (__builtin_mul_overflow(a, b, &r))
    return false;
  *product = r;
  return true;
}


/* `unit` is a power of two. */
static inline bool zvm__is_whole(uint64_t n, uint64_t unit) {
  return (n & (unit - 1)) == 0;
}


static inline uint64_t zvm__round_down(uint64_t n, uint64_t unit) {
  return n & ~(unit - 1);
}


/* Only for n that is known to stay below 2^64 - unit. */
static inline uint64_t zvm__round_up(uint64_t n, uint64_t unit) {
  return (n + unit - 1) & ~(unit - 1);
}


static inline uint64_t zvm__least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}


static inline int64_t zvm__min(int64_t a, int64_t b) {
  return a < b ? a : b;
}

#endif
