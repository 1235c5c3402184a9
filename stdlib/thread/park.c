/*
** park.c - waiting and waking, in a program with one thread, too.
**
** Locks call these. The scheduler comes with the first call that makes a
** thread: a program that has locks and no threads does not link it. Alone,
** only time and timers end a wait.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "blocked.h"
#include "scheduler.h"

extern weak __typeof(__zvm_thread_park) __zvm_thread_park;
extern weak __typeof(__zvm_thread_parked) __zvm_thread_parked;
extern weak __typeof(__zvm_thread_unpark) __zvm_thread_unpark;

static int wait_alone(int64_t deadline) {
  const struct zvm_thread *self = &__pthread_self()->zvm;
  unsigned before = self->handlers;
  while (deadline == NEVER || __zvm_clock_now() < deadline) {
    int err = let_pass(deadline);
    if (self->handlers != before) return EINTR;
    if (err) zvm_deadlock();
  }
  return ETIMEDOUT;
}

int __zvm_park(const volatile void *on, enum wait kind, int64_t deadline) {
  return __zvm_thread_park ? __zvm_thread_park(on, kind, deadline)
                           : wait_alone(deadline);
}

pthread_t __zvm_parked(const volatile void *on) {
  return __zvm_thread_parked ? __zvm_thread_parked(on) : NULL;
}

pthread_t __zvm_unpark(const volatile void *on) {
  return __zvm_thread_unpark ? __zvm_thread_unpark(on) : NULL;
}

int __zvm_unpark_all(const volatile void *on) {
  int count = 0;
  while (__zvm_unpark(on)) count++;
  return count;
}

/* -- Deadlines of clocks ------------------------------------------------- */

int __zvm_deadline(clockid_t clock, const struct timespec *at,
                   int64_t *deadline) {
  struct timespec now = { 0 };
  int64_t ns = 0, shift = 0;
  *deadline = NEVER;
  if (!at) return 0;
  if (at->tv_nsec < 0 || at->tv_nsec >= 1000000000) return EINVAL;
  if (clock != CLOCK_REALTIME) {
    if (clock_gettime(clock, &now)) return EINVAL;
    shift = __zvm_clock_now() - (now.tv_sec * 1000000000 + now.tv_nsec);
  }
  if (__builtin_mul_overflow(at->tv_sec, (int64_t)1000000000, &ns) ||
      __builtin_add_overflow(ns, at->tv_nsec, &ns) ||
      __builtin_add_overflow(ns, shift, &ns) || ns == NEVER)
    ns = at->tv_sec < 0 ? 0 : NEVER - 1;
  *deadline = ns;
  return 0;
}
