/*
** trace.c - prints every switch that a handful of threads make, with the
** clock: the same in every run.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static sem_t sem;
static int turn;

static void say(int who, const char *what, int n) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  printf("%d.%09ld thread %d %s %d\n", (int)ts.tv_sec, ts.tv_nsec, who, what,
         n);
}

static void *run(void *arg) {
  int me = (int)(intptr_t)arg;
  unsigned random = (unsigned)me;
  say(me, "starts at", (int)(intptr_t)&me);
  for (int i = 0; i < 30; i++) {
    random = random * 1103515245 + 12345;
    switch (random >> 16 & 7) {
      case 0:
        usleep(random >> 20);
        say(me, "slept", i);
        break;
      case 1:
        pthread_mutex_lock(&m);
        say(me, "locked", i);
        sched_yield();
        pthread_mutex_unlock(&m);
        break;
      case 2:
        pthread_rwlock_rdlock(&rw);
        say(me, "reads", i);
        sched_yield();
        pthread_rwlock_unlock(&rw);
        break;
      case 3:
        pthread_rwlock_wrlock(&rw);
        say(me, "writes", turn++);
        usleep(10);
        pthread_rwlock_unlock(&rw);
        break;
      case 4:
        sem_wait(&sem);
        say(me, "has the semaphore", i);
        sched_yield();
        sem_post(&sem);
        break;
      case 5: {
        struct timespec ts;
        clock_gettime(CLOCK_REALTIME, &ts);
        ts.tv_nsec = (ts.tv_nsec + 50000) % 1000000000;
        pthread_mutex_lock(&m);
        say(me, "condition", pthread_cond_timedwait(&c, &m, &ts));
        pthread_mutex_unlock(&m);
        break;
      }
      case 6: pthread_cond_signal(&c); break;
      default: sched_yield(); say(me, "yielded", i);
    }
  }
  return NULL;
}

int main(void) {
  pthread_t t[8];
  sem_init(&sem, 0, 2);
  for (intptr_t i = 0; i < 8; i++)
    pthread_create(&t[i], NULL, run, (void *)(i + 2));
  for (int i = 0; i < 8; i++) {
    pthread_join(t[i], NULL);
    say(1, "joined", i + 2);
  }
  return 0;
}
