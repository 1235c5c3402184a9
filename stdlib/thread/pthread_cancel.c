/*
** pthread_cancel.c - cancelling oneself, at the next point or at once.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "pthread_impl.h"

hidden void __testcancel(void) {
  struct pthread *self = __pthread_self();
  if (self->cancel && !self->canceldisable) pthread_exit(PTHREAD_CANCELED);
}

hidden long __cancel(void) { return -ECANCELED; }

int pthread_cancel(pthread_t t) {
  t->cancel = 1;
  if (t->cancelasync && !t->canceldisable) pthread_exit(PTHREAD_CANCELED);
  return 0;
}
