/*
** through_c.c - a function of C between two of C++.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <pthread.h>
#include <stdio.h>

static void leave(int *n) {
  printf("left with %d\n", *n);
}

int through_c(int (*f)(int), int n) {
  __attribute__((cleanup(leave))) int kept = n * 10;
  return f(n) + kept;
}

int once_in_c(void (*f)(void)) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  return pthread_once(&once, f) != 0;
}
