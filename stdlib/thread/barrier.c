/*
** barrier.c - all go on when the last one has come, in order of coming.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scheduler.h"

/* The last to come is the one that gets PTHREAD_BARRIER_SERIAL_THREAD. A
** handler may run meanwhile: then _b_waiters2 tells whether it is over. */
int pthread_barrier_wait(pthread_barrier_t *b) {
  int round = b->_b_waiters2;
  if (b->_b_count == (b->_b_limit & INT_MAX)) {
    b->_b_count = 0;
    b->_b_waiters2++;
    __zvm_unpark_all(&b->_b_count);
    return PTHREAD_BARRIER_SERIAL_THREAD;
  }
  b->_b_count++;
  while (__zvm_park(&b->_b_count, WAIT_BARRIER, NEVER) &&
         b->_b_waiters2 == round)
    continue;
  return 0;
}
