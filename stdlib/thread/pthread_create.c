/*
** pthread_create.c - there is one thread, and there will be no other.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "libc.h"
#include "pthread_impl.h"

static void dummy(void) {}
weak_alias(dummy, __pthread_tsd_run_dtors);
weak_alias(dummy, __acquire_ptc);
weak_alias(dummy, __release_ptc);

/* EAGAIN is what a program gets where threads have run out. */
int __pthread_create(pthread_t *restrict out,
                     const pthread_attr_t *restrict attr,
                     void *(*run)(void *), void *restrict arg) {
  return EAGAIN;
}

_Noreturn void __pthread_exit(void *result) {
  struct pthread *self = __pthread_self();
  while (self->cancelbuf) {
    struct __ptcb *top = self->cancelbuf;
    self->cancelbuf = top->__next;
    top->__f(top->__x);
  }
  __pthread_tsd_run_dtors();
  exit(0);
}

void __do_cleanup_push(struct __ptcb *cb) {
  struct pthread *self = __pthread_self();
  cb->__next = self->cancelbuf;
  self->cancelbuf = cb;
}

void __do_cleanup_pop(struct __ptcb *cb) {
  __pthread_self()->cancelbuf = cb->__next;
}

/* Nobody else is in the list of threads. */
void __tl_lock(void) {}
void __tl_unlock(void) {}
void __tl_sync(pthread_t t) {}

weak_alias(__pthread_create, pthread_create);
weak_alias(__pthread_exit, pthread_exit);

/* "In every thread" is here. */
void __synccall(void (*run)(void *), void *arg) { run(arg); }
