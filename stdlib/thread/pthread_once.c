/*
** pthread_once.c - the first to come runs it, the others wait.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scheduler.h"

enum { FRESH, RUNNING, DONE };

void __zvm_run_once(void (*run)(void), struct __ptcb *undo);

/* Cancelled, or left by an exception: the next one in line begins anew. */
static void begin_anew(void *control) {
  *(pthread_once_t *)control = FRESH;
  __zvm_unpark_all(control);
}

/* Where nothing can throw. The unwinder of C++ brings another one, which pops
** `undo` and runs it when an exception passes: ports/gcc-12/once.c. */
static void only_run(void (*run)(void), struct __ptcb *undo) { run(); }
weak_alias(only_run, __zvm_run_once);

int __pthread_once(pthread_once_t *control, void (*init)(void)) {
  while (*control == RUNNING) __zvm_park(control, WAIT_ONCE, NEVER);
  if (*control == DONE) return 0;
  struct __ptcb undo;
  *control = RUNNING;
  _pthread_cleanup_push(&undo, begin_anew, control);
  __zvm_run_once(init, &undo);
  _pthread_cleanup_pop(&undo, 0);
  *control = DONE;
  __zvm_unpark_all(control);
  return 0;
}

weak_alias(__pthread_once, pthread_once);
