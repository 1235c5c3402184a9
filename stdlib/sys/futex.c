/*
** futex.c - waiting on a word, the way Linux has it.
**
** musl's own locks wait here. A program that has no scheduler linked has
** one thread, and nobody will wake it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "futex.h"

#include "scheduler.h"
#include "sys.h"

#define WAIT_BITSET 9
#define WAKE_BITSET 10

extern weak __typeof(__zvm_thread_park) __zvm_thread_park;
extern weak __typeof(__zvm_thread_unpark) __zvm_thread_unpark;
extern weak __typeof(__zvm_requeue) __zvm_requeue;
extern weak __typeof(__zvm_deadlock_report) __zvm_deadlock_report;
extern weak hidden void __zvm_fault_disarm(void); /* fault.c */

/* Its halt is not the program's to handle. */
void zvm_deadlock(void) {
  if (__zvm_fault_disarm) __zvm_fault_disarm();
  if (__zvm_deadlock_report) __zvm_deadlock_report();
  a_crash();
  __builtin_unreachable();
}

/* A time limit of WAIT is a length, one of WAIT_BITSET a point in time. */
static int64_t deadline_of(int op, const struct timespec *ts) {
  int64_t ns;
  if (!ts) return NEVER;
  if (__builtin_mul_overflow(ts->tv_sec, (int64_t)1000000000, &ns) ||
      __builtin_add_overflow(ns, ts->tv_nsec, &ns))
    return NEVER - 1;
  if ((op & 0x7f) == FUTEX_WAIT) {
    if (__builtin_add_overflow(ns, __zvm_clock_now(), &ns)) return NEVER - 1;
  } else if (!(op & FUTEX_CLOCK_REALTIME)) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    ns += __zvm_clock_now() - (now.tv_sec * 1000000000 + now.tv_nsec);
  }
  return ns;
}

static int wait(volatile int *word, int op, int value,
                const struct timespec *ts) {
  int64_t deadline;
  if (*word != value) return -EAGAIN;
  if (ts && (ts->tv_nsec < 0 || ts->tv_nsec >= 1000000000)) return -EINVAL;
  deadline = deadline_of(op, ts);
  if (__zvm_thread_park)
    return -__zvm_thread_park(word, WAIT_ADDRESS, deadline);
  if (deadline == NEVER) zvm_deadlock();
  int64_t now = __zvm_clock_now();
  if (deadline > now) __zvm_clock_sleep(deadline - now);
  return -ETIMEDOUT;
}

static int wake(volatile int *word, int most) {
  int count = 0;
  if (!__zvm_thread_unpark) return 0;
  while (count < most && __zvm_thread_unpark(word)) count++;
  return count;
}

SYS(futex) {
  volatile int *word = PTR(volatile int, a);
  int op = (int)b & 0x7f, count;
  switch (op) {
    case FUTEX_WAIT:
    case WAIT_BITSET:
      return wait(word, (int)b, (int)c, PTR(const struct timespec, d));
    case FUTEX_WAKE:
    case WAKE_BITSET: return wake(word, (int)c);
    case FUTEX_CMP_REQUEUE:
      if (*word != (int)f) return -EAGAIN;
      /* fall through */
    case FUTEX_REQUEUE:
      count = wake(word, (int)c);
      if (!__zvm_requeue) return count;
      return count + __zvm_requeue(word, PTR(void, e), (int)d);
    default: return -ENOSYS;
  }
}
