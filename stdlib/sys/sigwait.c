/*
** sigwait.c - waits that a signal ends.
**
** Signals come from the program itself and from its timers. A wait goes on to
** the next timer; one that nothing can end is a deadlock.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <time.h>

#include "blocked.h"
#include "scheduler.h"
#include "signals.h"

static unsigned handlers(void) { return __pthread_self()->zvm.handlers; }

/* A step towards `until`, or to the next timer. */
static void wait_a_step(int64_t until) {
  if (let_pass(until)) zvm_deadlock();
  __zvm_signal_deliver();
}

static int wait_for_handler(void) {
  unsigned before = handlers();
  __zvm_signal_deliver();
  while (handlers() == before && !is_cancelled()) wait_a_step(FOREVER);
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

/* FOREVER; -1: that is no time. */
static int64_t end_of(const struct timespec *ts) {
  int64_t ns;
  if (!ts) return FOREVER;
  if (ts->tv_nsec < 0 || ts->tv_nsec >= 1000000000 || ts->tv_sec < 0) return -1;
  if (__builtin_mul_overflow((int64_t)ts->tv_sec, 1000000000, &ns) ||
      __builtin_add_overflow(ns, ts->tv_nsec + __zvm_clock_now(), &ns))
    return FOREVER - 1;
  return ns;
}

/* A handler ends it too; musl then begins anew. */
SYS(rt_sigtimedwait) {
  uint64_t set = __zvm_mask_of(PTR(void, a));
  int64_t until = end_of(PTR(const struct timespec, c));
  unsigned before = handlers();
  siginfo_t info;
  if (until < 0) return -EINVAL;
  for (;;) {
    int sig = __zvm_signal_take(set, &info);
    if (sig) {
      if (b) *PTR(siginfo_t, b) = info;
      return sig;
    }
    if (handlers() != before || is_cancelled()) return -EINTR;
    if (until != FOREVER && __zvm_clock_now() >= until) return -EAGAIN;
    wait_a_step(until);
  }
}
