/*
** scheduler.h - waiting and waking; see scheduler.c, park.c.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_SCHEDULER_H
#define ZVM_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "pthread_impl.h"

/* What a thread waits for. A deadlock's report names it. */
enum wait {
  WAIT_ADDRESS, /* a lock inside libc, or futex() of the program's */
  WAIT_MUTEX,
  WAIT_CONDITION,
  WAIT_READ,
  WAIT_WRITE,
  WAIT_SEMAPHORE,
  WAIT_BARRIER,
  WAIT_ONCE,
  WAIT_SPIN,
  WAIT_JOIN,
  WAIT_TIME,
};

#define NEVER INT64_MAX    /* no deadline */
#define CANARY 0x5ca1ab1eu /* the lowest word of a thread's stack */

/*
** Let others run until someone unparks `on`, the deadline (ns since 1970)
** is reached or the thread is interrupted: 0, ETIMEDOUT or EINTR. With a
** deadline that is over already others run first, too.
*/
hidden int __zvm_park(const volatile void *on, enum wait kind,
                      int64_t deadline);
/* The thread that has waited longest on `on`; NULL: none. */
hidden pthread_t __zvm_parked(const volatile void *on);
/* Make it ready to run, behind those who are. Does not switch. */
hidden pthread_t __zvm_unpark(const volatile void *on);
hidden int __zvm_unpark_all(const volatile void *on);
/* A thread that waits goes on with EINTR; one that looks looks again. */
hidden void __zvm_thread_interrupt(pthread_t t);
/* The first waiters on `from` wait on `to` from now on. */
hidden int __zvm_requeue(const volatile void *from,
                         const volatile void *to, int most);

/* The deadline of a time by a clock: 0 or EINVAL. NULL is NEVER. */
hidden int __zvm_deadline(clockid_t clock, const struct timespec *at,
                          int64_t *deadline);

/* Add a new thread, leave for good. */
hidden void __zvm_thread_add(pthread_t t);
hidden _Noreturn void __zvm_thread_leave(bool detached);
hidden void __zvm_thread_free(pthread_t t); /* its memory */

hidden void __zvm_thread_yield(void);
hidden bool __zvm_thread_yield_blocked(void);
hidden bool __zvm_thread_yield_before(int64_t ns);
hidden void __zvm_thread_progress(void);
hidden int __zvm_sleep_until(int64_t ns);
hidden pthread_t __zvm_thread_of(int tid); /* NULL: no such thread */

/* Threads that live, in order of creation, are a ring from here. */
extern hidden pthread_t __zvm_oldest;

hidden pthread_t __zvm_thread_oldest(void);
/* Nobody runs, the clock moves: no handler may run now (sys/signal.c). */
hidden bool __zvm_thread_is_idle(void);

/* What park.c calls where there is a scheduler. */
hidden int __zvm_thread_park(const volatile void *on, enum wait kind,
                             int64_t deadline);
hidden pthread_t __zvm_thread_parked(const volatile void *on);
hidden pthread_t __zvm_thread_unpark(const volatile void *on);

/* The run ends in a halt fault inside one of these. */
hidden _Noreturn void zvm_deadlock(void); /* nobody can run, ever */
hidden _Noreturn void zvm_stack_overflow(pthread_t t);
hidden void __zvm_deadlock_report(void);

/* switch.S: keep this thread's registers at *save and go on with those at
** `sp`. A new thread's first return is to __zvm_thread_entry. */
hidden void __zvm_switch(uint32_t *save, uint32_t sp);
hidden void __zvm_thread_entry(void);
hidden void __zvm_thread_main(void);

#endif
