/*
** pthread_spin_lock.c - spinning lets the others run.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scheduler.h"

int pthread_spin_lock(pthread_spinlock_t *s) {
  pthread_t self = __pthread_self();
  if (!*s) {
    *s = EBUSY;
    return 0;
  }
  while (*s) {
    if (__zvm_thread_yield_blocked()) continue;
    self->zvm.on = s;
    self->zvm.kind = WAIT_SPIN;
    zvm_deadlock();
  }
  *s = EBUSY;
  __zvm_thread_progress();
  return 0;
}
