/*
** cancel.c - cancelling threads, at points and at once.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t sem, reached;
static int cleaned;

static void *cancelled(void *(*f)(void *), void *arg) {
  pthread_t t;
  void *result;
  CHECK(pthread_create(&t, NULL, f, arg) == 0);
  sem_wait(&reached);
  usleep(1000);
  CHECK(pthread_cancel(t) == 0);
  CHECK(pthread_join(t, &result) == 0);
  return result;
}

static void *sleep_long(void *arg) {
  sem_post(&reached);
  sleep(1000);
  return arg;
}

static void *wait_semaphore(void *arg) {
  sem_post(&reached);
  sem_wait(&sem);
  return arg;
}

static void note_and_unlock(void *arg) {
  cleaned++;
  CHECK(pthread_mutex_unlock(arg) == 0);
}

static void *wait_condition(void *arg) {
  pthread_mutex_lock(&m);
  pthread_cleanup_push(note_and_unlock, &m);
  sem_post(&reached);
  for (;;) pthread_cond_wait(&c, &m);
  pthread_cleanup_pop(1);
  return arg;
}

static void *test_in_loop(void *arg) {
  sem_post(&reached);
  for (;;) {
    pthread_testcancel();
    sched_yield();
  }
  return arg;
}

static void *stay(void *arg) {
  while (sem_wait(&sem)) continue;
  return arg;
}

static void *join_other(void *arg) {
  sem_post(&reached);
  pthread_join(*(pthread_t *)arg, NULL);
  return NULL;
}

static void *disabled(void *arg) {
  int old;
  CHECK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old) == 0);
  CHECK(old == PTHREAD_CANCEL_ENABLE);
  sem_post(&reached);
  usleep(5000);
  pthread_testcancel();
  cleaned++;
  CHECK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old) == 0);
  CHECK(old == PTHREAD_CANCEL_DISABLE);
  pthread_testcancel();
  cleaned = -1000;
  return arg;
}

static void *asynchronous(void *arg) {
  int old;
  CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old) == 0);
  CHECK(old == PTHREAD_CANCEL_DEFERRED);
  sem_post(&reached);
  for (;;) sched_yield();
  return arg;
}

static void *waits_for_mutex(void *arg) {
  sem_post(&reached);
  CHECK(pthread_mutex_lock(&m) == 0); /* not a cancellation point */
  cleaned++;
  CHECK(pthread_mutex_unlock(&m) == 0);
  pthread_testcancel();
  return arg;
}

static void *itself(void *arg) {
  sem_post(&reached);
  CHECK(pthread_cancel(pthread_self()) == 0);
  cleaned++;
  pthread_testcancel();
  cleaned = -1000;
  return arg;
}

static void *ends(void *arg) { return arg; }

static void note_destroyed(void *arg) {
  (void)arg;
  cleaned++;
}

static pthread_key_t key;

static void *with_key(void *arg) {
  pthread_setspecific(key, &key);
  sem_post(&reached);
  sleep(1000);
  return arg;
}

static void again(void) {
  sem_post(&reached);
  sleep(100);
}

static void done(void) { cleaned++; }

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *run_once(void *arg) {
  pthread_once(&once, again);
  return arg;
}

int main(void) {
  pthread_t t;
  void *result;
  int waiting;
  sem_init(&sem, 0, 0);
  sem_init(&reached, 0, 0);
  CHECK(cancelled(sleep_long, NULL) == PTHREAD_CANCELED);
  CHECK(cancelled(wait_semaphore, NULL) == PTHREAD_CANCELED);
  CHECK(sem_getvalue(&sem, &waiting) == 0 && waiting == 0);
  CHECK(cancelled(wait_condition, NULL) == PTHREAD_CANCELED);
  CHECK(cleaned == 1);
  CHECK(pthread_mutex_trylock(&m) == 0 && pthread_mutex_unlock(&m) == 0);
  CHECK(cancelled(test_in_loop, NULL) == PTHREAD_CANCELED);
  CHECK(pthread_create(&t, NULL, stay, &m) == 0);
  CHECK(cancelled(join_other, &t) == PTHREAD_CANCELED);
  CHECK(sem_post(&sem) == 0);
  CHECK(pthread_join(t, &result) == 0 && result == &m);
  cleaned = 0;
  CHECK(cancelled(disabled, NULL) == PTHREAD_CANCELED);
  CHECK(cleaned == 1);
  CHECK(cancelled(asynchronous, NULL) == PTHREAD_CANCELED);
  CHECK(cancelled(itself, NULL) == PTHREAD_CANCELED);
  CHECK(cleaned == 2);

  pthread_mutex_lock(&m);
  CHECK(pthread_create(&t, NULL, waits_for_mutex, NULL) == 0);
  sem_wait(&reached);
  usleep(1000);
  CHECK(pthread_cancel(t) == 0);
  usleep(1000);
  CHECK(cleaned == 2);
  pthread_mutex_unlock(&m);
  CHECK(pthread_join(t, &result) == 0 && result == PTHREAD_CANCELED);
  CHECK(cleaned == 3);

  CHECK(pthread_create(&t, NULL, ends, &m) == 0);
  usleep(1000);
  CHECK(pthread_cancel(t) == 0);
  CHECK(pthread_join(t, &result) == 0 && result == &m);

  CHECK(pthread_key_create(&key, note_destroyed) == 0);
  CHECK(cancelled(with_key, NULL) == PTHREAD_CANCELED);
  CHECK(cleaned == 4);
  CHECK(cancelled(run_once, NULL) == PTHREAD_CANCELED);
  CHECK(pthread_once(&once, done) == 0);
  CHECK(cleaned == 5);
  return check_end();
}
