/*
** at_exit.c - destructors of C++ thread_local objects, last made first: run
** by exit() and, in a thread that ends before the program, by pthread_exit().
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>

#include "scheduler.h"
#include "sys.h"

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

/* The compiler's code does not look at what this returns: an object that
** could not be noted would never be destroyed, and nobody would know. */
static _Noreturn void no_memory(void) {
  static const char text[] =
      "zvm: no memory to note the destructor of a thread_local object\n";
  zvm_pwrite(2, text, sizeof text - 1, 0);
  abort();
}

int __cxa_thread_atexit_impl(void (*run)(void *), void *object, void *dso) {
  pthread_t self = __pthread_self();
  struct destructor *d = malloc(sizeof(*d));
  if (!d) no_memory();
  *d = (struct destructor){ self->zvm.at_exit, run, object };
  self->zvm.at_exit = d;
  return 0;
}

weak_alias(__cxa_thread_atexit_impl, __cxa_thread_atexit);
