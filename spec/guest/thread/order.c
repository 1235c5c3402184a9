/*
** order.c - who runs when, in letters: the rules of docs/threads.md.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t sem;

static void say(void *who) { putchar((int)(intptr_t)who); }

static void *yield(void *who) {
  for (int i = 0; i < 3; i++) {
    say(who);
    sched_yield();
  }
  return NULL;
}

static void *lock(void *who) {
  for (int i = 0; i < 3; i++) {
    pthread_mutex_lock(&m);
    say(who);
    sched_yield(); /* nobody gets it meanwhile */
    pthread_mutex_unlock(&m);
  }
  return NULL;
}

static void *wait(void *who) {
  pthread_mutex_lock(&m);
  pthread_cond_wait(&c, &m);
  say(who);
  pthread_mutex_unlock(&m);
  return NULL;
}

static void *take(void *who) {
  for (int i = 0; i < 3; i++) {
    sem_wait(&sem);
    say(who);
    sem_post(&sem);
  }
  return NULL;
}

static void *meet(void *who) {
  pthread_barrier_wait(&barrier);
  say(who);
  return NULL;
}

static void *read_it(void *who) {
  pthread_rwlock_rdlock(&rw);
  say(who);
  sched_yield();
  pthread_rwlock_unlock(&rw);
  return NULL;
}

static void *write_it(void *who) {
  pthread_rwlock_wrlock(&rw);
  say(who);
  sched_yield();
  pthread_rwlock_unlock(&rw);
  return NULL;
}

static pthread_t t[8];
static int count;

static void start(void *(*f)(void *), int who) {
  pthread_create(&t[count++], NULL, f, (void *)(intptr_t)who);
}

static void join(const char *what) {
  for (int i = 0; i < count; i++) pthread_join(t[i], NULL);
  count = 0;
  printf(" %s\n", what);
}

int main(void) {
  for (int i = 'a'; i <= 'c'; i++) start(yield, i);
  say((void *)'-');
  join("yield");
  for (int i = 'a'; i <= 'c'; i++) start(lock, i);
  join("mutex");
  for (int i = 'a'; i <= 'd'; i++) start(wait, i);
  sched_yield();
  pthread_cond_signal(&c);
  sched_yield();
  say((void *)'-');
  pthread_mutex_lock(&m);
  pthread_cond_broadcast(&c);
  pthread_mutex_unlock(&m);
  join("condition");
  sem_init(&sem, 0, 0);
  for (int i = 'a'; i <= 'c'; i++) start(take, i);
  sched_yield();
  sem_post(&sem);
  join("semaphore");
  pthread_barrier_init(&barrier, NULL, 3);
  for (int i = 'a'; i <= 'c'; i++) start(meet, i);
  join("barrier");
  start(write_it, 'w');
  start(read_it, 'a');
  start(read_it, 'b');
  start(write_it, 'x');
  start(read_it, 'c');
  join("read-write lock");
  return 0;
}
