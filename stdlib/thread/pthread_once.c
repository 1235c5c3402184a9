/*
** pthread_once.c - the first to come runs it, the others wait.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scheduler.h"

enum { FRESH, RUNNING, DONE };

/* Cancelled: the next one in line begins anew. */
static void undo(void *control) {
  *(pthread_once_t *)control = FRESH;
  __zvm_unpark_all(control);
}

int __pthread_once(pthread_once_t *control, void (*init)(void)) {
  while (*control == RUNNING) __zvm_park(control, WAIT_ONCE, NEVER);
  if (*control == DONE) return 0;
  *control = RUNNING;
  pthread_cleanup_push(undo, control);
  init();
  pthread_cleanup_pop(0);
  *control = DONE;
  __zvm_unpark_all(control);
  return 0;
}

weak_alias(__pthread_once, pthread_once);
