/*
** ends.c - the end of a program with threads.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

static void at_exit(void) { puts("atexit"); }

static void *wait(void *arg) {
  pthread_mutex_lock(&m);
  return arg;
}

static void *end(void *arg) {
  exit(7);
  return arg;
}

static void *outlive(void *main) {
  pthread_join(*(pthread_t *)main, NULL);
  puts("main left");
  sleep(1);
  puts("worker ends");
  return NULL;
}

int main(int argc, char **argv) {
  static pthread_t self;
  pthread_t t;
  self = pthread_self();
  atexit(at_exit);
  if (argc > 1 && argv[1][0] == 'e') {
    pthread_mutex_lock(&m);
    pthread_create(&t, NULL, wait, NULL);
    pthread_create(&t, NULL, end, NULL);
    pthread_join(t, NULL);
    return 1;
  }
  pthread_create(&t, NULL, outlive, &self);
  pthread_exit(NULL);
}
