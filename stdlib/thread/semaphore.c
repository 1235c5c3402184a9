/*
** semaphore.c - what is posted goes to the thread that has waited longest.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <semaphore.h>

#include "scheduler.h"

int sem_trywait(sem_t *sem) {
  if (sem->__val[0] > 0) {
    sem->__val[0]--;
    return 0;
  }
  errno = EAGAIN;
  return -1;
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict at) {
  const struct zvm_thread *self = &__pthread_self()->zvm;
  unsigned handlers = self->handlers, interrupts = self->interrupts;
  int64_t deadline;
  int r = 0;
  __pthread_testcancel();
  if (sem->__val[0] <= 0) r = __zvm_deadline(CLOCK_REALTIME, at, &deadline);
  while (!r) {
    if (sem->__val[0] > 0) {
      sem->__val[0]--;
      return 0;
    }
    if (!(r = __zvm_park(&sem->__val[0], WAIT_SEMAPHORE, deadline))) return 0;
    if (r != EINTR) break;
    __pthread_testcancel();
    /* After a handler with SA_RESTART it goes on, if it has no limit. */
    if (self->interrupts == interrupts && (!at || self->handlers == handlers))
      r = 0;
  }
  errno = r;
  return -1;
}

int sem_post(sem_t *sem) {
  if (__zvm_unpark(&sem->__val[0])) return 0;
  if (sem->__val[0] == SEM_VALUE_MAX) {
    errno = EOVERFLOW;
    return -1;
  }
  sem->__val[0]++;
  return 0;
}
