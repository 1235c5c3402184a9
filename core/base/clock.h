/*
** clock.h - the host's clock: CLOCK_MONOTONIC, in nanoseconds.
**
** A moment that never comes is UINT64_MAX.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_BASE_CLOCK_H
#define ZVM_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define ZVM__MS_NS UINT64_C(1000000)
#define ZVM__SECOND_NS UINT64_C(1000000000)


static inline uint64_t zvm__timespec_ns(const struct timespec *t) {
  return (uint64_t)t->tv_sec * ZVM__SECOND_NS + (uint64_t)t->tv_nsec;
}


static inline uint64_t zvm__now_ns(void) {
  struct timespec t = {0};
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return zvm__timespec_ns(&t);
}

#endif
