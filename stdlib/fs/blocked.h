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

#include "sys.h"

struct file;

#define FOREVER INT64_MAX

/* There in a program that starts threads (stdlib/thread). */
extern hidden weak bool __zvm_thread_yield_blocked(void);
extern hidden weak bool __zvm_thread_yield_before(int64_t ns);
/* There in one that sets alarms: when the next rings, INT64_MAX: none. */
extern hidden weak int64_t __zvm_timer_next(void);
/* 0 at that time, or -EINTR when a handler ran before. */
extern hidden weak int __zvm_timer_sleep(int64_t until);
/* There in one that has timerfds: when the next expires (timer.c). */
extern hidden weak int64_t __zvm_timer_due(void);

/* Something may be new: look again. -EDEADLK: nothing ever will, -EINTR. */
static inline int wait_for_others(void) {
  int64_t alarm = __zvm_timer_next ? __zvm_timer_next() : FOREVER;
  if (__zvm_thread_yield_blocked && __zvm_thread_yield_blocked()) return 0;
  return alarm == FOREVER ? -EDEADLK : __zvm_timer_sleep(alarm);
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
