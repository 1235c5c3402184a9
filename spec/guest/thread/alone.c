/*
** alone.c - one thread that waits, and alarms that end its waits. It makes
** no thread, and links nothing of them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"

static int fds[2], handled;

static void handler(int sig) { handled++; }

static void feed(int sig) {
  handled++;
  CHECK(write(fds[1], "a", 1) == 1);
}

static void ring(void (*run)(int), int flags) {
  struct sigaction a = { .sa_handler = run, .sa_flags = flags };
  CHECK(!sigaction(SIGALRM, &a, NULL));
  handled = 0;
  ualarm(20000, 0);
}

static struct timespec soon(void) {
  struct timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  ts.tv_nsec += 100000000;
  ts.tv_sec += ts.tv_nsec / 1000000000;
  ts.tv_nsec %= 1000000000;
  return ts;
}

static void test_pipe(void) {
  struct pollfd p;
  char byte;
  CHECK(!pipe(fds));
  ring(handler, 0);
  CHECK(read(fds[0], &byte, 1) < 0 && errno == EINTR && handled == 1);
  ring(feed, SA_RESTART);
  CHECK(read(fds[0], &byte, 1) == 1 && byte == 'a' && handled == 1);
  ring(feed, 0);
  CHECK(read(fds[0], &byte, 1) < 0 && errno == EINTR && handled == 1);
  CHECK(read(fds[0], &byte, 1) == 1);
  p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
  ring(handler, SA_RESTART);
  CHECK(poll(&p, 1, -1) < 0 && errno == EINTR && handled == 1);
  ring(handler, SA_RESTART);
  CHECK(poll(&p, 1, 1000) < 0 && errno == EINTR && handled == 1);
  ring(SIG_IGN, 0);
  CHECK(poll(&p, 1, 50) == 0);
}

static sem_t sem;

static void post(int sig) {
  handled++;
  sem_post(&sem);
}

static void test_locks(void) {
  pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t c = PTHREAD_COND_INITIALIZER;
  struct timespec at;
  int r;
  sem_init(&sem, 0, 0);
  ring(handler, 0);
  CHECK(sem_wait(&sem) < 0 && errno == EINTR && handled == 1);
  ring(post, SA_RESTART);
  CHECK(!sem_wait(&sem) && handled == 1);
  at = soon();
  ring(handler, SA_RESTART);
  CHECK(sem_timedwait(&sem, &at) < 0 && errno == EINTR && handled == 1);
  at = soon();
  ring(handler, 0);
  pthread_mutex_lock(&m);
  CHECK(pthread_mutex_timedlock(&m, &at) == ETIMEDOUT && handled == 1);
  at = soon();
  ring(handler, 0);
  while (!(r = pthread_cond_timedwait(&c, &m, &at))) continue;
  CHECK(r == ETIMEDOUT && handled == 1);
  CHECK(!pthread_mutex_unlock(&m));
}

int main(void) {
  test_pipe();
  test_locks();
  return check_end();
}
