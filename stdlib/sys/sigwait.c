/*
** sigwait.c - waits that a signal ends.
**
** Signals come from the program itself and from its timers. A wait goes on to
** the next timer; one that nothing can end is a deadlock.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <time.h>

#include "signals.h"

extern weak __typeof(__zvm_timer_next) __zvm_timer_next;
/* Let other threads run: false when `until` has come, or none of them can. */
extern weak hidden bool __zvm_thread_yield_before(int64_t until);
extern weak hidden bool __zvm_thread_yield_blocked(void);

static int64_t next_timer(void) {
  return __zvm_timer_next ? __zvm_timer_next() : INT64_MAX;
}

/* A step towards `until`, or to the next timer. */
static void wait_a_step(int64_t until) {
  int64_t to = next_timer() < until ? next_timer() : until;
  if (to == INT64_MAX) {
    if (!__zvm_thread_yield_blocked || !__zvm_thread_yield_blocked())
      __zvm_deadlock();
  } else if (!__zvm_thread_yield_before || !__zvm_thread_yield_before(to)) {
    int64_t now = __zvm_clock_now();
    __zvm_clock_sleep(to > now ? to - now : 0);
  }
  __zvm_signal_deliver();
}

static int wait_for_handler(void) {
  unsigned before = __zvm_handlers_run;
  __zvm_signal_deliver();
  while (__zvm_handlers_run == before) wait_a_step(INT64_MAX);
  return -EINTR;
}

SYS(pause) { return wait_for_handler(); }

SYS(rt_sigsuspend) {
  uint64_t *mask = __zvm_signal_mask();
  uint64_t old = *mask;
  *mask = __zvm_mask_of(PTR(void, a)) & ~(SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP));
  int result = wait_for_handler();
  *mask = old;
  __zvm_signal_deliver();
  return result;
}

/* INT64_MAX: for ever; -1: that is no time. */
static int64_t end_of(const struct timespec *ts) {
  int64_t ns;
  if (!ts) return INT64_MAX;
  if (ts->tv_nsec < 0 || ts->tv_nsec >= 1000000000 || ts->tv_sec < 0) return -1;
  if (__builtin_mul_overflow((int64_t)ts->tv_sec, 1000000000, &ns) ||
      __builtin_add_overflow(ns, ts->tv_nsec + __zvm_clock_now(), &ns))
    return INT64_MAX - 1;
  return ns;
}

/* A handler ends it too; musl then begins anew. */
SYS(rt_sigtimedwait) {
  uint64_t set = __zvm_mask_of(PTR(void, a));
  int64_t until = end_of(PTR(const struct timespec, c));
  unsigned before = __zvm_handlers_run;
  siginfo_t info;
  if (until < 0) return -EINVAL;
  for (;;) {
    int sig = __zvm_signal_take(set, &info);
    if (sig) {
      if (b) *PTR(siginfo_t, b) = info;
      return sig;
    }
    if (__zvm_handlers_run != before) return -EINTR;
    if (until != INT64_MAX && __zvm_clock_now() >= until) return -EAGAIN;
    wait_a_step(until);
  }
}
