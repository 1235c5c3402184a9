/*
** pthread_join.c - waiting for a thread's end.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include "scheduler.h"

static int timed_join(pthread_t t, void **result, const struct timespec *at) {
  int64_t deadline;
  __pthread_testcancel();
  if (t == __pthread_self()) return EDEADLK;
  if (t->detach_state == DT_DETACHED) return EINVAL;
  if (__zvm_deadline(CLOCK_REALTIME, at, &deadline)) return EINVAL;
  while (t->detach_state != DT_EXITED) {
    int r = __zvm_park(&t->detach_state, WAIT_JOIN, deadline);
    if (r == EINTR) __pthread_testcancel();
    if (r == ETIMEDOUT) return r;
  }
  if (result) *result = t->result;
  if (t->map_base) __zvm_thread_free(t);
  return 0;
}

int __pthread_join(pthread_t t, void **result) {
  return timed_join(t, result, NULL);
}

static int try_join(pthread_t t, void **result) {
  return t->detach_state == DT_JOINABLE ? EBUSY : timed_join(t, result, NULL);
}

weak_alias(try_join, pthread_tryjoin_np);
weak_alias(timed_join, pthread_timedjoin_np);
weak_alias(__pthread_join, pthread_join);
