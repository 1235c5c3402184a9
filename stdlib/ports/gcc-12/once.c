/*
** once.c - pthread_once and call_once when an exception leaves the function
** they run: the next to come runs it again.
**
** It is part of the object that has _Unwind_RaiseException: it takes the place
** of libc's (thread/pthread_once.c) where something can throw, and there alone.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <pthread.h>
#include <stddef.h>

void __zvm_run_once(void (*run)(void), struct __ptcb *undo);

static void leave(struct __ptcb **undo) {
  if (*undo != NULL) _pthread_cleanup_pop(*undo, 1);
}

void __zvm_run_once(void (*run)(void), struct __ptcb *undo) {
  __attribute__((__cleanup__(leave))) struct __ptcb *thrown = undo;
  run();
  thrown = NULL;
}
