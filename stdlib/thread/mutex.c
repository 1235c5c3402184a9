/*
** mutex.c - mutexes that are handed over.
**
** The lock's word is the owner's number, 0 if there is none. Who unlocks
** gives the mutex to the thread that has waited longest, before it runs:
** nobody waits for ever because others are quicker.
**
** A robust mutex is in its owner's list (_m_prev, _m_next); when the owner
** ends, the next one gets it with DIED set and makes it consistent, or its
** unlock makes it LOST for good.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <threads.h>

#include "scheduler.h"

#define OWNER 0x3fffffff
#define DIED 0x40000000
#define LOST 0x7fffffff

#define TYPE(m) ((m)->_m_type & 3)
#define IS_ROBUST(m) ((m)->_m_type & 4)
#define IS_PLAIN(m) (((m)->_m_type & 7) == PTHREAD_MUTEX_NORMAL)

/* -- Robust mutexes ------------------------------------------------------ */

static void enlist(pthread_mutex_t *m, pthread_t t) {
  pthread_mutex_t *next = (pthread_mutex_t *)t->robust_list.head;
  m->_m_prev = NULL;
  m->_m_next = next;
  if (next) next->_m_prev = m;
  t->robust_list.head = m;
}

static void delist(pthread_mutex_t *m, pthread_t t) {
  pthread_mutex_t *next = (pthread_mutex_t *)m->_m_next;
  pthread_mutex_t *prev = (pthread_mutex_t *)m->_m_prev;
  if (next) next->_m_prev = prev;
  if (prev) {
    prev->_m_next = next;
  } else {
    t->robust_list.head = next;
  }
}

/* -- Owners -------------------------------------------------------------- */

static int take(pthread_mutex_t *m, pthread_t t, int flags) {
  m->_m_lock = t->tid | flags;
  m->_m_count = 0;
  if (IS_ROBUST(m)) enlist(m, t);
  return flags ? EOWNERDEAD : 0;
}

static void pass(pthread_mutex_t *m, int flags) {
  pthread_t t = __zvm_unpark(&m->_m_lock);
  if (!t) {
    m->_m_lock = flags;
    return;
  }
  take(m, t, flags);
}

hidden void __zvm_mutexes_leave(pthread_t self) {
  pthread_mutex_t *m;
  while ((m = (pthread_mutex_t *)self->robust_list.head)) {
    delist(m, self);
    pass(m, DIED);
  }
}

int __pthread_mutex_trylock(pthread_mutex_t *m) {
  pthread_t self = __pthread_self();
  int old = m->_m_lock, owner = old & OWNER;
  if (!old) return take(m, self, 0);
  if (old == LOST) return ENOTRECOVERABLE;
  if (!owner) return take(m, self, DIED);
  if (owner == self->tid && TYPE(m) == PTHREAD_MUTEX_RECURSIVE) {
    if (m->_m_count == INT_MAX) return EAGAIN;
    m->_m_count++;
    return 0;
  }
  return EBUSY;
}

int __pthread_mutex_timedlock(pthread_mutex_t *restrict m,
                              const struct timespec *restrict at) {
  int r = __pthread_mutex_trylock(m);
  int64_t deadline;
  if (r != EBUSY) return r;
  if (TYPE(m) == PTHREAD_MUTEX_ERRORCHECK &&
      (m->_m_lock & OWNER) == __pthread_self()->tid)
    return EDEADLK;
  if (__zvm_deadline(CLOCK_REALTIME, at, &deadline)) return EINVAL;
  do {
    m->_m_waiters++;
    r = __zvm_park(&m->_m_lock, WAIT_MUTEX, deadline);
    m->_m_waiters--;
    /* Woken by the one who gave it to us. */
    if (!r && m->_m_lock == LOST) return ENOTRECOVERABLE;
    if (!r) return m->_m_lock & DIED ? EOWNERDEAD : 0;
    if (r == ETIMEDOUT) return r;
  } while ((r = __pthread_mutex_trylock(m)) == EBUSY);
  return r;
}

int __pthread_mutex_lock(pthread_mutex_t *m) {
  if (!m->_m_lock && IS_PLAIN(m)) {
    m->_m_lock = __pthread_self()->tid;
    return 0;
  }
  return __pthread_mutex_timedlock(m, NULL);
}

int __pthread_mutex_unlock(pthread_mutex_t *m) {
  pthread_t self;
  if (IS_PLAIN(m)) {
    if (m->_m_waiters) {
      pass(m, 0);
    } else {
      m->_m_lock = 0;
    }
    return 0;
  }
  self = __pthread_self();
  if ((m->_m_lock & OWNER) != self->tid) return EPERM;
  if (TYPE(m) == PTHREAD_MUTEX_RECURSIVE && m->_m_count) {
    m->_m_count--;
    return 0;
  }
  if (IS_ROBUST(m)) delist(m, self);
  if (m->_m_lock & DIED) {
    m->_m_lock = LOST;
    __zvm_unpark_all(&m->_m_lock);
  } else {
    pass(m, 0);
  }
  return 0;
}

int pthread_mutex_consistent(pthread_mutex_t *m) {
  if (!IS_ROBUST(m) || !(m->_m_lock & DIED) || m->_m_lock == LOST)
    return EINVAL;
  if ((m->_m_lock & OWNER) != __pthread_self()->tid) return EPERM;
  m->_m_lock &= ~DIED;
  return 0;
}

weak_alias(__pthread_mutex_trylock, pthread_mutex_trylock);
weak_alias(__pthread_mutex_timedlock, pthread_mutex_timedlock);
weak_alias(__pthread_mutex_lock, pthread_mutex_lock);
weak_alias(__pthread_mutex_unlock, pthread_mutex_unlock);

/* -- C11 ----------------------------------------------------------------- */

static int c11(int error) {
  switch (error) {
    case 0: return thrd_success;
    case EBUSY: return thrd_busy;
    case ETIMEDOUT: return thrd_timedout;
    default: return thrd_error;
  }
}

int mtx_lock(mtx_t *m) {
  return c11(__pthread_mutex_lock((pthread_mutex_t *)m));
}

int mtx_trylock(mtx_t *m) {
  return c11(__pthread_mutex_trylock((pthread_mutex_t *)m));
}
