/*
** stuck.c - runs that can never end, by name.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t b = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static sem_t sem;

static void *lock_b_then_a(void *arg) {
  pthread_setname_np(pthread_self(), "worker");
  pthread_mutex_lock(&b);
  sched_yield();
  pthread_mutex_lock(&a);
  return arg;
}

static void *wait_condition(void *arg) {
  pthread_mutex_lock(&a);
  pthread_cond_wait(&c, &a);
  return arg;
}

static void *wait_write(void *arg) {
  pthread_rwlock_wrlock(&rw);
  return arg;
}

static void *wait_semaphore(void *arg) {
  sem_wait(&sem);
  return arg;
}

static void *wait_barrier(void *arg) {
  pthread_barrier_wait(&barrier);
  return arg;
}

static void *lock_and_end(void *arg) {
  pthread_mutex_lock(&a);
  return arg;
}

static void *wait_signal(void *arg) {
  sigset_t set;
  int sig;
  sigfillset(&set);
  sigwait(&set, &sig);
  return arg;
}

static int pipe_ends[2];

static void *read_pipe(void *arg) {
  char byte;
  if (read(pipe_ends[0], &byte, 1) < 0 && errno == EDEADLK) puts("EDEADLK");
  return arg;
}

/* Three that read what nobody writes: nothing but errors. */
static int all_read(void) {
  pthread_t t[2];
  pipe(pipe_ends);
  for (int i = 0; i < 2; i++) pthread_create(&t[i], NULL, read_pipe, NULL);
  read_pipe(NULL);
  for (int i = 0; i < 2; i++) pthread_join(t[i], NULL);
  return 0;
}

static int deep(volatile char *above, int n) {
  volatile char room[1000];
  memset((char *)room, n, sizeof(room));
  sched_yield();
  return n ? deep(room, n - 1) + room[n % 1000] + above[0] : 0;
}

static void *overflow(void *arg) {
  volatile char here = 0;
  deep(&here, 100);
  return arg;
}

static pthread_t start(void *(*f)(void *)) {
  pthread_t t;
  pthread_create(&t, NULL, f, NULL);
  return t;
}

static void leave(int sig) { _exit(sig); }

/* With a second argument it has a handler for faults. */
int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  pthread_t t;
  sem_init(&sem, 0, 0);
  pthread_barrier_init(&barrier, NULL, 5);
  pthread_spin_init(&spin, 0);
  if (argc > 2) signal(SIGSEGV, leave);
  if (!strcmp(what, "two")) {
    t = start(lock_b_then_a);
    pthread_mutex_lock(&a);
    sched_yield();
    pthread_mutex_lock(&b);
  } else if (!strcmp(what, "self")) {
    pthread_mutex_lock(&a);
    pthread_mutex_lock(&a);
  } else if (!strcmp(what, "all")) {
    start(wait_condition);
    t = start(wait_write);
    start(wait_semaphore);
    start(wait_barrier);
    pthread_rwlock_wrlock(&rw);
    pthread_join(t, NULL);
  } else if (!strcmp(what, "dead")) {
    pthread_join(start(lock_and_end), NULL);
    pthread_mutex_lock(&a);
  } else if (!strcmp(what, "spin")) {
    pthread_spin_lock(&spin);
    start(wait_semaphore);
    pthread_spin_lock(&spin);
  } else if (!strcmp(what, "exit")) {
    start(wait_semaphore);
    pthread_exit(NULL);
  } else if (!strcmp(what, "signal")) {
    pthread_join(start(wait_signal), NULL);
  } else if (!strcmp(what, "pipe")) {
    return all_read();
  } else if (!strcmp(what, "many")) {
    for (int i = 0; i < 200; i++) start(wait_semaphore);
    sem_wait(&sem);
  } else if (!strcmp(what, "overflow")) {
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 16384);
    pthread_attr_setguardsize(&attr, 65536);
    pthread_create(&t, &attr, overflow, NULL);
    pthread_join(t, NULL);
  }
  printf("not reached\n");
  return 0;
}
