/*
** many.c - 10,000 threads at a time, then as many one after another.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

#include "../check.h"

#define THREADS 10000

static pthread_t t[THREADS];
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static __thread int number;
static int here, go, woken[THREADS], count;

static void *wait_for_all(void *arg) {
  number = (int)(intptr_t)arg;
  pthread_mutex_lock(&m);
  here++;
  while (!go) pthread_cond_wait(&c, &m);
  woken[count++] = number;
  pthread_mutex_unlock(&m);
  return (void *)(intptr_t)number;
}

static void *sleep_backwards(void *arg) {
  usleep(1000 * (THREADS - (useconds_t)(intptr_t)arg));
  woken[count++] = (int)(intptr_t)arg;
  return NULL;
}

static void *give_back(void *arg) { return arg; }

int main(void) {
  pthread_attr_t attr;
  void *result;
  int in_order = 0, right = 0;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, 16384);
  pthread_attr_setguardsize(&attr, 0);
  for (intptr_t i = 0; i < THREADS; i++)
    right += !pthread_create(&t[i], &attr, wait_for_all, (void *)i);
  CHECK(right == THREADS);
  while (here < THREADS) usleep(1);
  pthread_mutex_lock(&m);
  go = 1;
  pthread_cond_broadcast(&c);
  pthread_mutex_unlock(&m);
  right = 0;
  for (intptr_t i = 0; i < THREADS; i++)
    right += !pthread_join(t[i], &result) && result == (void *)i;
  CHECK(right == THREADS);
  for (int i = 0; i < THREADS; i++) in_order += woken[i] == i;
#ifdef __zvm__
  CHECK(in_order == THREADS);
  count = 0;
  for (intptr_t i = 0; i < THREADS; i++)
    CHECK(!pthread_create(&t[i], &attr, sleep_backwards, (void *)i));
  for (intptr_t i = 0; i < THREADS; i++) pthread_join(t[i], NULL);
  in_order = 0;
  for (int i = 0; i < THREADS; i++)
    in_order += woken[i] == THREADS - 1 - i;
  CHECK(in_order == THREADS);
#else
  (void)sleep_backwards;
#endif
  right = 0;
  for (intptr_t i = 0; i < THREADS; i++) {
    pthread_t one;
    right += !pthread_create(&one, NULL, give_back, (void *)i) &&
             !pthread_join(one, &result) && result == (void *)i;
  }
  CHECK(right == THREADS);
  return check_end();
}
