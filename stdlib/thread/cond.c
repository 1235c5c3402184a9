/*
** cond.c - conditions: a queue, woken in the order of waiting.
**
** Between the unlock and the wait no other thread runs, so that no wake-up
** can fall between them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scheduler.h"

int __pthread_cond_timedwait(pthread_cond_t *restrict c,
                             pthread_mutex_t *restrict m,
                             const struct timespec *restrict ts) {
  int64_t deadline;
  int result, error;
  if ((m->_m_type & 7) &&
      (m->_m_lock & 0x3fffffff) != __pthread_self()->tid)
    return EPERM;
  if (__zvm_deadline(c->_c_clock, ts, &deadline)) return EINVAL;
  __pthread_testcancel();
  if ((error = __pthread_mutex_unlock(m))) return error;
  result = __zvm_park(&c->_c_seq, WAIT_CONDITION, deadline);
  error = pthread_mutex_lock(m);
  /* A thread that was signalled does not lose it by being cancelled. */
  if (result == EINTR) {
    __pthread_testcancel();
    result = 0;
  }
  return error ? error : result;
}

int __private_cond_signal(pthread_cond_t *c, int most) {
  while (most-- && __zvm_unpark(&c->_c_seq)) continue;
  return 0;
}

int pthread_cond_signal(pthread_cond_t *c) {
  return __private_cond_signal(c, 1);
}

int pthread_cond_broadcast(pthread_cond_t *c) {
  return __private_cond_signal(c, -1);
}

weak_alias(__pthread_cond_timedwait, pthread_cond_timedwait);
