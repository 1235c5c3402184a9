/*
** rwlock.c - read-write locks.
**
** _rw_lock counts the readers, -1 is a writer, whose number _rw_waiters
** holds. Who asks to read waits for a writer only, so that a thread may
** read twice; who waits gets the lock in order, readers side by side
** together.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scheduler.h"

#define WRITER (-1)

static bool is_own(const pthread_rwlock_t *rw) {
  return rw->_rw_lock == WRITER && rw->_rw_waiters == __pthread_self()->tid;
}

static int wait(pthread_rwlock_t *rw, enum wait kind,
                const struct timespec *at) {
  int64_t deadline;
  int r;
  if (is_own(rw)) return EDEADLK;
  if (__zvm_deadline(CLOCK_REALTIME, at, &deadline)) return EINVAL;
  for (;;) {
    r = __zvm_park(&rw->_rw_lock, kind, deadline);
    if (r != EINTR) return r; /* 0: it was given to us */
    r = kind == WAIT_READ ? __pthread_rwlock_tryrdlock(rw)
                          : __pthread_rwlock_trywrlock(rw);
    if (r != EBUSY) return r;
  }
}

int __pthread_rwlock_tryrdlock(pthread_rwlock_t *rw) {
  if (rw->_rw_lock == WRITER) return EBUSY;
  if (rw->_rw_lock == INT_MAX) return EAGAIN;
  rw->_rw_lock++;
  return 0;
}

int __pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict rw,
                                 const struct timespec *restrict at) {
  int r = __pthread_rwlock_tryrdlock(rw);
  return r == EBUSY ? wait(rw, WAIT_READ, at) : r;
}

int __pthread_rwlock_trywrlock(pthread_rwlock_t *rw) {
  if (rw->_rw_lock) return EBUSY;
  rw->_rw_lock = WRITER;
  rw->_rw_waiters = __pthread_self()->tid;
  return 0;
}

int __pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict rw,
                                 const struct timespec *restrict at) {
  int r = __pthread_rwlock_trywrlock(rw);
  return r == EBUSY ? wait(rw, WAIT_WRITE, at) : r;
}

/* The lock is free: to the first writer, or to the readers before it. */
static void pass(pthread_rwlock_t *rw) {
  pthread_t t = __zvm_parked(&rw->_rw_lock);
  if (t && t->zvm.kind == WAIT_WRITE) {
    rw->_rw_lock = WRITER;
    rw->_rw_waiters = t->tid;
    __zvm_unpark(&rw->_rw_lock);
    return;
  }
  while (t && t->zvm.kind == WAIT_READ) {
    rw->_rw_lock++;
    __zvm_unpark(&rw->_rw_lock);
    t = __zvm_parked(&rw->_rw_lock);
  }
}

int __pthread_rwlock_unlock(pthread_rwlock_t *rw) {
  if (rw->_rw_lock > 0) {
    rw->_rw_lock--;
  } else if (is_own(rw)) {
    rw->_rw_lock = rw->_rw_waiters = 0;
  } else {
    return EPERM;
  }
  if (!rw->_rw_lock) pass(rw);
  return 0;
}

weak_alias(__pthread_rwlock_tryrdlock, pthread_rwlock_tryrdlock);
weak_alias(__pthread_rwlock_timedrdlock, pthread_rwlock_timedrdlock);
weak_alias(__pthread_rwlock_trywrlock, pthread_rwlock_trywrlock);
weak_alias(__pthread_rwlock_timedwrlock, pthread_rwlock_timedwrlock);
weak_alias(__pthread_rwlock_unlock, pthread_rwlock_unlock);
