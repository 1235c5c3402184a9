/*
** time.c - who waits for a time gets it, in order of deadlines, and the
** clock is where it should be.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"

#define MS 1000000ll

static long long now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1000 * MS + ts.tv_nsec;
}

/* Within 10 us: what looking at the clock costs. */
static int is_about(long long t, long long expected) {
  return t >= expected && t < expected + 10000;
}

static int order[8], count;
static long long begin, at[8];

static void *sleep_for(void *arg) {
  int ms = (int)(intptr_t)arg;
  usleep(1000u * (unsigned)ms);
  at[count] = now() - begin;
  order[count++] = ms;
  return NULL;
}

static void test_order(void) {
  static const int ms[] = { 50, 10, 40, 10, 30 };
  static const int sorted[] = { 10, 10, 30, 40, 50 };
  pthread_t t[5];
  begin = now();
  for (int i = 0; i < 5; i++)
    pthread_create(&t[i], NULL, sleep_for, (void *)(intptr_t)ms[i]);
  for (int i = 0; i < 5; i++) pthread_join(t[i], NULL);
  for (int i = 0; i < 5; i++) {
    CHECK(order[i] == sorted[i]);
    CHECK(is_about(at[i], sorted[i] * MS));
  }
}

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t sem;
static int flag;

static struct timespec in(long long ns) {
  struct timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  ns += ts.tv_nsec;
  ts.tv_sec += ns / (1000 * MS);
  ts.tv_nsec = ns % (1000 * MS);
  return ts;
}

static void *signal_later(void *arg) {
  usleep(5000);
  pthread_mutex_lock(&m);
  flag = 1;
  pthread_cond_signal(&c);
  pthread_mutex_unlock(&m);
  return arg;
}

static void test_timed_waits(void) {
  pthread_t t;
  struct timespec ts = in(20 * MS);
  begin = now();
  pthread_create(&t, NULL, signal_later, NULL);
  pthread_mutex_lock(&m);
  int r = 0;
  while (!flag && !r) r = pthread_cond_timedwait(&c, &m, &ts);
  CHECK(!r && flag);
  CHECK(is_about(now() - begin, 5 * MS));
  r = pthread_cond_timedwait(&c, &m, &ts);
  CHECK(r == ETIMEDOUT);
  CHECK(is_about(now() - begin, 20 * MS - 2000));
  pthread_mutex_unlock(&m);
  pthread_join(t, NULL);
  ts = in(3600 * 1000 * MS);
  begin = now();
  CHECK(sem_timedwait(&sem, &ts) == -1 && errno == ETIMEDOUT);
  CHECK(is_about(now() - begin, 3600 * 1000 * MS - 2000));
}

static void *set_flag_later(void *arg) {
  usleep(1000);
  flag++;
  return arg;
}

static void *spin_on_flag(void *arg) {
  while (*(volatile int *)&flag < 2) sched_yield();
  return arg;
}

/* Yielding in a loop lets time pass, alone and in company. */
static void test_yield(void) {
  pthread_t a, b, d;
  flag = 0;
  begin = now();
  pthread_create(&a, NULL, set_flag_later, NULL);
  while (*(volatile int *)&flag < 1) sched_yield();
  CHECK(is_about(now() - begin, 1 * MS));
  pthread_create(&b, NULL, spin_on_flag, NULL);
  pthread_create(&d, NULL, set_flag_later, NULL);
  spin_on_flag(NULL);
  pthread_join(a, NULL);
  pthread_join(b, NULL);
  pthread_join(d, NULL);
  CHECK(is_about(now() - begin, 2 * MS));
}

/* A time that is over lets others run before it fails. */
static void *set_flag(void *arg) {
  flag = 1;
  return arg;
}

static void test_past(void) {
  pthread_t t;
  struct timespec past = { 1, 0 };
  flag = 0;
  pthread_create(&t, NULL, set_flag, NULL);
  pthread_mutex_lock(&m);
  CHECK(pthread_cond_timedwait(&c, &m, &past) == ETIMEDOUT);
  pthread_mutex_unlock(&m);
  CHECK(flag == 1);
  pthread_join(t, NULL);
}

int main(void) {
  sem_init(&sem, 0, 0);
  test_order();
  test_timed_waits();
  test_yield();
  test_past();
  for (int i = 0; i < 10; i++) sleep(1);
  CHECK(now() > 3600 * 1000 * MS);
  return check_end();
}
