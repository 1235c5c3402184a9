/*
** blocked.h - waiting for something that only another thread can do.
**
** The threads of an instance take turns: who cannot go on lets the others
** run and looks again. Where no other can and no alarm will ring, nothing
** will ever change.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_BLOCKED_H
#define ZVM_BLOCKED_H

#include "pthread_impl.h"
#include "sys.h"

struct file;

#define FOREVER INT64_MAX

/* There in a program that starts threads (stdlib/thread). */
extern hidden weak bool __zvm_thread_yield_before(int64_t ns);
extern hidden weak void __zvm_thread_progress(void);
/* There in one that sets alarms: when the next rings, INT64_MAX: none. */
extern hidden weak int64_t __zvm_timer_next(void);
/* There in one that has timerfds: when the next expires (timer.c). */
extern hidden weak int64_t __zvm_timer_due(void);

/* Let others run, or time pass up to the limit: 0, and something may be new;
** -EDEADLK where nothing ever will be. Handlers may run meanwhile. */
static inline int let_pass(int64_t limit) {
  int64_t alarm = __zvm_timer_next ? __zvm_timer_next() : FOREVER;
  int64_t now = __zvm_clock_now();
  if (__zvm_thread_yield_before)
    return __zvm_thread_yield_before(limit) || limit != FOREVER ? 0
                                                                : -EDEADLK;
  if (alarm < limit) limit = alarm;
  if (limit == FOREVER) return -EDEADLK;
  if (limit > now) __zvm_clock_sleep(limit - now);
  return 0;
}

/* What another thread may wait for has come. */
static inline void tell_others(void) {
  if (__zvm_thread_progress) __zvm_thread_progress();
}

/* The thread is to end at the next point where it may. */
static inline bool is_cancelled(void) {
  const struct pthread *self = __pthread_self();
  return self->cancel && self->canceldisable != PTHREAD_CANCEL_DISABLE;
}

/* Look again: 0. -EINTR: a handler ran whose signal does not restart calls. */
static inline int wait_for_others(void) {
  const struct zvm_thread *self = &__pthread_self()->zvm;
  unsigned before = self->interrupts;
  int err = let_pass(FOREVER);
  if (self->interrupts != before || is_cancelled()) return -EINTR;
  return err;
}

/* -- poll.c -------------------------------------------------------------- */

/* POLL* that hold now. */
hidden int __zvm_poll_file(struct file *f);
/* That long from now, on the clock. */
hidden int64_t __zvm_poll_limit(int64_t seconds, int64_t ns);
/*
** Look until it tells something else than 0, or the clock is at the limit:
** then 0. FOREVER: none.
*/
hidden int __zvm_poll_wait(int (*look)(void *), void *what, int64_t limit);
/* The same with another mask of signals meanwhile, or NULL. */
hidden int __zvm_poll_masked(int (*look)(void *), void *what, int64_t limit,
                             const void *mask);
#endif
