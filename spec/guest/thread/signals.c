/*
** signals.c - signals and threads: each has its mask, a signal to one thread
** runs its handler there, one to the program in a thread that takes it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"

static pthread_t handled_by;
static volatile int handled;
static sem_t sem, ready;

static void handler(int sig) {
  handled += sig == SIGUSR1 ? 1 : 100;
  handled_by = pthread_self();
}

static void act(int sig, int flags) {
  struct sigaction a = { .sa_handler = handler, .sa_flags = flags };
  CHECK(!sigaction(sig, &a, NULL));
}

static sigset_t set_of(int sig) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, sig);
  return set;
}

static void mask(int how, int sig) {
  sigset_t set = set_of(sig);
  CHECK(!pthread_sigmask(how, &set, NULL));
}

/* Time for the others to wait, on any host. */
static void give_time(void) { usleep(100000); }

static void *wait_for_sem(void *arg) {
  sem_post(&ready);
  int r = sem_wait(&sem);
  return (void *)(intptr_t)(r ? errno : 0);
}

static void *start(pthread_t *t, void *(*run)(void *)) {
  CHECK(!pthread_create(t, NULL, run, NULL));
  sem_wait(&ready);
  give_time();
  return NULL;
}

static intptr_t end_of(pthread_t t) {
  void *result;
  CHECK(!pthread_join(t, &result));
  return (intptr_t)result;
}

static void test_directed(void) {
  pthread_t t;
  handled = 0;
  act(SIGUSR1, 0);
  start(&t, wait_for_sem);
  CHECK(!pthread_kill(t, 0));
  CHECK(!pthread_kill(t, SIGUSR1));
  CHECK(end_of(t) == EINTR);
  CHECK(handled == 1 && pthread_equal(handled_by, t));
  /* With SA_RESTART it goes on waiting. */
  act(SIGUSR1, SA_RESTART);
  start(&t, wait_for_sem);
  CHECK(!pthread_kill(t, SIGUSR1));
  give_time();
  CHECK(handled == 2 && pthread_equal(handled_by, t));
  sem_post(&sem);
  CHECK(end_of(t) == 0);
  CHECK(!pthread_kill(pthread_self(), SIGUSR1));
  CHECK(handled == 3 && pthread_equal(handled_by, pthread_self()));
}

static void *own_mask(void *arg) {
  sigset_t set;
  pthread_sigmask(SIG_BLOCK, NULL, &set);
  CHECK(sigismember(&set, SIGUSR2) && !sigismember(&set, SIGUSR1));
  mask(SIG_BLOCK, SIGUSR1);
  sem_post(&ready);
  sem_wait(&sem);
  sigpending(&set);
  CHECK(sigismember(&set, SIGUSR1) && handled == 0);
  mask(SIG_UNBLOCK, SIGUSR1);
  CHECK(handled == 1 && pthread_equal(handled_by, pthread_self()));
  return NULL;
}

static void test_masks(void) {
  pthread_t t;
  sigset_t set;
  handled = 0;
  act(SIGUSR1, 0);
  mask(SIG_BLOCK, SIGUSR2);
  start(&t, own_mask);
  pthread_sigmask(SIG_BLOCK, NULL, &set);
  CHECK(sigismember(&set, SIGUSR2) && !sigismember(&set, SIGUSR1));
  CHECK(!pthread_kill(t, SIGUSR1));
  sigpending(&set);
  CHECK(!sigismember(&set, SIGUSR1));
  give_time();
  CHECK(handled == 0);
  sem_post(&sem);
  end_of(t);
  mask(SIG_UNBLOCK, SIGUSR2);
}

static void *take_signals(void *arg) {
  sigset_t set = set_of(SIGUSR1);
  int sig, sum = 0;
  sigaddset(&set, SIGUSR2);
  sem_post(&ready);
  do {
    CHECK(!sigwait(&set, &sig));
    sum += sig;
    sem_post(&ready);
  } while (sig != SIGUSR2);
  return (void *)(intptr_t)sum;
}

/* All block them, one waits: the usual way. */
static void test_sigwait(void) {
  pthread_t t;
  handled = 0;
  mask(SIG_BLOCK, SIGUSR1);
  mask(SIG_BLOCK, SIGUSR2);
  start(&t, take_signals);
  for (int i = 0; i < 3; i++) {
    CHECK(!kill(getpid(), SIGUSR1));
    sem_wait(&ready);
  }
  CHECK(!pthread_kill(t, SIGUSR1));
  sem_wait(&ready);
  CHECK(!kill(getpid(), SIGUSR2));
  CHECK(end_of(t) == 4 * SIGUSR1 + SIGUSR2 && handled == 0);
  CHECK(!sem_wait(&ready));
  mask(SIG_UNBLOCK, SIGUSR1);
  mask(SIG_UNBLOCK, SIGUSR2);
  CHECK(handled == 0);
}

static void *in_pause(void *arg) {
  sem_post(&ready);
  return (void *)(intptr_t)(pause() < 0 ? errno : 0);
}

/* One to the program goes to the thread that does not block it. */
static void test_program(void) {
  pthread_t t;
  handled = 0;
  act(SIGUSR1, 0);
  start(&t, in_pause);
  mask(SIG_BLOCK, SIGUSR1);
  CHECK(!kill(getpid(), SIGUSR1));
  CHECK(end_of(t) == EINTR && handled == 1);
  CHECK(pthread_equal(handled_by, t));
  start(&t, in_pause);
  CHECK(!pthread_kill(t, SIGUSR1)); /* blocked there, too: it inherits */
  give_time();
  CHECK(handled == 1);
  CHECK(!pthread_cancel(t));
  CHECK(end_of(t) == (intptr_t)PTHREAD_CANCELED);
  mask(SIG_UNBLOCK, SIGUSR1);
  CHECK(handled == 1);
}

static struct timespec in_seconds(int s) {
  struct timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  ts.tv_sec += s;
  return ts;
}

static void *sleeper(void *arg) {
  sem_post(&ready);
  return (void *)(intptr_t)sleep(3);
}

static void test_alarm(void) {
  pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t c = PTHREAD_COND_INITIALIZER;
  struct timespec at;
  pthread_t t;
  int fd[2], r;
  char byte;
  handled = 0;
  act(SIGALRM, 0);
  mask(SIG_BLOCK, SIGALRM);
  start(&t, sleeper); /* does not take it */
  mask(SIG_UNBLOCK, SIGALRM);
  alarm(1);
  CHECK(sem_wait(&sem) < 0 && errno == EINTR && handled == 100);
  CHECK(!pipe(fd));
  alarm(1);
  CHECK(read(fd[0], &byte, 1) < 0 && errno == EINTR && handled == 200);
  at = in_seconds(3);
  alarm(1);
  pthread_mutex_lock(&m);
  while ((r = pthread_cond_timedwait(&c, &m, &at)) == 0) continue;
  CHECK(r == ETIMEDOUT && handled == 300);
  pthread_mutex_unlock(&m);
  CHECK(pthread_equal(handled_by, pthread_self()));
  CHECK(end_of(t) == 0);
  close(fd[0]);
  close(fd[1]);
}

static sigjmp_buf back;

static void leave(int sig) { siglongjmp(back, sig); }

static void *fault(void *arg) {
  static volatile int *volatile nowhere = (volatile int *)64;
  char *stack = arg;
  stack_t s = { .ss_sp = stack, .ss_size = 32768 }, old;
  CHECK(!sigaltstack(&s, &old) && (old.ss_flags & SS_DISABLE));
  if (sigsetjmp(back, 1) == SIGSEGV) return NULL;
  *nowhere = 1;
  return stack;
}

static char stacks[2][32768];

static void test_faults(void) {
  struct sigaction a = { .sa_handler = leave, .sa_flags = SA_ONSTACK };
  stack_t old;
  pthread_t t;
  CHECK(!sigaction(SIGSEGV, &a, NULL));
  for (int i = 0; i < 2; i++) {
    CHECK(!pthread_create(&t, NULL, fault, stacks[i]));
    CHECK(end_of(t) == 0);
  }
  CHECK(!sigaltstack(NULL, &old) && (old.ss_flags & SS_DISABLE));
  signal(SIGSEGV, SIG_DFL);
}

static sem_t rung;

static void ring(union sigval value) {
  CHECK(value.sival_int == 42);
  sem_post(&rung);
}

/* Each time in a thread of the timer's. */
static void test_timer(void) {
  struct sigevent e = { .sigev_notify = SIGEV_THREAD,
                        .sigev_notify_function = ring,
                        .sigev_value.sival_int = 42 };
  struct itimerspec every = { { 0, 20000000 }, { 0, 20000000 } };
  timer_t timer;
  sem_init(&rung, 0, 0);
  CHECK(!timer_create(CLOCK_REALTIME, &e, &timer));
  CHECK(!timer_settime(timer, 0, &every, NULL));
  for (int i = 0; i < 5; i++) CHECK(!sem_wait(&rung));
  CHECK(!timer_delete(timer));
}

int main(void) {
  sem_init(&sem, 0, 0);
  sem_init(&ready, 0, 0);
  test_directed();
  test_masks();
  test_sigwait();
  test_program();
  test_alarm();
  test_faults();
  test_timer();
  return check_end();
}
