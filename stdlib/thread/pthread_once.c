/*
** pthread_once.c - the first to come runs it, the others wait.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scheduler.h"

enum { FRESH, RUNNING, DONE };

struct turn {
  pthread_once_t *control;
  struct __ptcb cancelled;
  bool done;
};

static void end_as(pthread_once_t *control, int state) {
  *control = state;
  __zvm_unpark_all(control);
}

/* Cancelled: the next one in line begins anew. */
static void undo(void *control) { end_as(control, FRESH); }

/* `init` returned, or a C++ exception passes: then as if cancelled. */
static void leave(struct turn *t) {
  _pthread_cleanup_pop(&t->cancelled, 0);
  end_as(t->control, t->done ? DONE : FRESH);
}

int __pthread_once(pthread_once_t *control, void (*init)(void)) {
  while (*control == RUNNING) __zvm_park(control, WAIT_ONCE, NEVER);
  if (*control == DONE) return 0;
  __attribute__((__cleanup__(leave))) struct turn t = { control };
  *control = RUNNING;
  _pthread_cleanup_push(&t.cancelled, undo, control);
  init();
  t.done = true;
  return 0;
}

weak_alias(__pthread_once, pthread_once);
