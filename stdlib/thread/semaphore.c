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
  int64_t deadline;
  int r;
  __pthread_testcancel();
  if (sem->__val[0] > 0) {
    sem->__val[0]--;
    return 0;
  }
  r = __zvm_deadline(CLOCK_REALTIME, at, &deadline);
  if (!r) r = __zvm_park(&sem->__val[0], WAIT_SEMAPHORE, deadline);
  if (r == EINTR) __pthread_testcancel();
  if (!r) return 0;
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
