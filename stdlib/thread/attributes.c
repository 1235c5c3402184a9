/*
** attributes.c - what is told of a thread or a mutex and changes nothing.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <string.h>

#include "scheduler.h"
#include "sys.h"

/* The bits of a mutex's attributes that hold its protocol. */
#define INHERIT 8
#define PROTECT 16

/* No thread has a priority that it could lend. */
int pthread_mutexattr_setprotocol(pthread_mutexattr_t *a, int protocol) {
  if (protocol < PTHREAD_PRIO_NONE || protocol > PTHREAD_PRIO_PROTECT)
    return EINVAL;
  a->__attr &= ~(INHERIT | PROTECT);
  if (protocol == PTHREAD_PRIO_INHERIT) a->__attr |= INHERIT;
  if (protocol == PTHREAD_PRIO_PROTECT) a->__attr |= PROTECT;
  return 0;
}

int pthread_mutexattr_getprotocol(const pthread_mutexattr_t *restrict a,
                                  int *restrict protocol) {
  *protocol = PTHREAD_PRIO_NONE;
  if (a->__attr & INHERIT) *protocol = PTHREAD_PRIO_INHERIT;
  if (a->__attr & PROTECT) *protocol = PTHREAD_PRIO_PROTECT;
  return 0;
}

int pthread_mutexattr_setrobust(pthread_mutexattr_t *a, int robust) {
  if (robust != PTHREAD_MUTEX_STALLED && robust != PTHREAD_MUTEX_ROBUST)
    return EINVAL;
  a->__attr &= ~4;
  if (robust) a->__attr |= 4;
  return 0;
}

int pthread_setname_np(pthread_t t, const char *name) {
  size_t len = strnlen(name, sizeof(t->zvm.name));
  if (len >= sizeof(t->zvm.name)) return ERANGE;
  memcpy(t->zvm.name, name, len + 1);
  return 0;
}

int pthread_getname_np(pthread_t t, char *name, size_t size) {
  if (size < sizeof(t->zvm.name)) return ERANGE;
  strcpy(name, t->zvm.name);
  return 0;
}

/* The first thread's stack ends with the address space; its last byte is
** left out, as its end would be 0. */
int pthread_getattr_np(pthread_t t, pthread_attr_t *a) {
  *a = (pthread_attr_t){ 0 };
  a->_a_detach = t->detach_state == DT_DETACHED;
  a->_a_guardsize = t->guard_size;
  a->_a_stackaddr = t->stack ? (uintptr_t)t->stack : UINTPTR_MAX;
  a->_a_stacksize = t->stack ? t->stack_size : MANIFEST->stack_size - 1;
  return 0;
}

int pthread_getcpuclockid(pthread_t t, clockid_t *clock) {
  *clock = CLOCK_THREAD_CPUTIME_ID;
  return 0;
}
