/*
** threads.c - the calls that are about the running thread.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scheduler.h"
#include "sys.h"

extern weak __typeof(__zvm_thread_yield) __zvm_thread_yield;

SYS(gettid) { return __pthread_self()->tid; }
SYS(set_tid_address) { return __pthread_self()->tid; }

SYS(sched_yield) {
  if (__zvm_thread_yield) __zvm_thread_yield();
  return 0;
}
