/*
** pthread_cancel.c - asking a thread to end.
**
** A cancellation point is a call marked by musl (__syscall_cp) or one of
** ours that may wait; arch/zvm/syscall.h looks here when __zvm_cancel_point
** is not NULL, as it is after the first pthread_cancel.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scheduler.h"

/* -ECANCELED in a call that has to clean up first (PTHREAD_CANCEL_MASKED). */
static long point(void) {
  pthread_t self = __pthread_self();
  if (!self->cancel || self->canceldisable == PTHREAD_CANCEL_DISABLE)
    return 0;
  if (self->canceldisable == PTHREAD_CANCEL_ENABLE || self->cancelasync)
    pthread_exit(PTHREAD_CANCELED);
  self->canceldisable = PTHREAD_CANCEL_DISABLE;
  return -ECANCELED;
}

hidden void __testcancel(void) { point(); }

hidden long __cancel(void) { return point(); }

/* Those who wait in a lock's queue stay there. */
static bool can_be_interrupted(pthread_t t) {
  if (t->canceldisable == PTHREAD_CANCEL_DISABLE) return false;
  return t->cancelasync ||
         (t->zvm.kind != WAIT_MUTEX && t->zvm.kind != WAIT_READ &&
          t->zvm.kind != WAIT_WRITE && t->zvm.kind != WAIT_BARRIER &&
          t->zvm.kind != WAIT_ONCE);
}

int pthread_cancel(pthread_t t) {
  if (t->detach_state == DT_EXITED) return 0;
  __zvm_cancel_point = point;
  t->cancel = 1;
  if (t == __pthread_self()) {
    if (t->cancelasync) point();
  } else if (can_be_interrupted(t)) {
    __zvm_thread_interrupt(t);
  }
  return 0;
}
