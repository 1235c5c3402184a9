/*
** at_exit.c - destructors of C++ thread_local objects, last made first.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>

#include "scheduler.h"

struct destructor {
  struct destructor *next;
  void (*run)(void *);
  void *object;
};

hidden void __zvm_thread_run_at_exit(void) {
  pthread_t self = __pthread_self();
  struct destructor *first;
  while ((first = self->zvm.at_exit)) {
    self->zvm.at_exit = first->next;
    first->run(first->object);
    free(first);
  }
}

/* The first thread's run when the program ends, on whatever thread. */
int __cxa_thread_atexit_impl(void (*run)(void *), void *object, void *dso) {
  pthread_t self = __pthread_self();
  static char registered;
  struct destructor *d = malloc(sizeof(*d));
  if (!d) return -1;
  *d = (struct destructor){ self->zvm.at_exit, run, object };
  self->zvm.at_exit = d;
  if (!registered) registered = !atexit(__zvm_thread_run_at_exit);
  return 0;
}

weak_alias(__cxa_thread_atexit_impl, __cxa_thread_atexit);
