/*
** futex.c - waiting with nobody to wake.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <time.h>

#include "atomic.h"
#include "futex.h"
#include "sys.h"

/* A wait with a time limit takes that time; one without is a deadlock. */
SYS(futex) {
  const struct timespec *ts = PTR(const struct timespec, d);
  if (((int)b & 0x7f) != FUTEX_WAIT) return 0;
  if (*PTR(volatile int, a) != (int)c) return -EAGAIN;
  if (!ts) a_crash();
  if (ts->tv_sec >= 0)
    __zvm_clock_advance(ts->tv_sec * 1000000000 + ts->tv_nsec);
  return -ETIMEDOUT;
}
