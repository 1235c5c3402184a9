/*
** poll.c - threads that look again and again, as those do which wait for a
** pipe: the scheduler's hooks for them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"

bool __zvm_thread_yield_blocked(void);
bool __zvm_thread_yield_before(int64_t ns);
int64_t __zvm_clock_now(void);
void __zvm_clock_advance(int64_t ns);

static int pipes[4];

/* An I/O call moves the clock once, and looks as often as it has to. */
static bool get(int n) {
  __zvm_clock_advance(1000);
  while (!pipes[n])
    if (!__zvm_thread_yield_blocked()) return false;
  pipes[n]--;
  return true;
}

static void put(int n) {
  __zvm_clock_advance(1000);
  pipes[n]++;
}

static void *pass_on(void *arg) {
  int n = (int)(intptr_t)arg, count = 0;
  while (get(n)) {
    put(n + 1);
    count++;
  }
  return (void *)(intptr_t)count;
}

static void *put_later(void *arg) {
  usleep(500);
  put((int)(intptr_t)arg);
  return NULL;
}

int main(void) {
  pthread_t t[3], later;
  void *count;
  CHECK(!__zvm_thread_yield_blocked()); /* nobody else is there */
  for (intptr_t i = 0; i < 3; i++)
    CHECK(!pthread_create(&t[i], NULL, pass_on, (void *)i));
  for (int i = 0; i < 100; i++) {
    put(0);
    CHECK(get(3));
  }
  /* Someone who sleeps will put: time goes on until then. */
  CHECK(!pthread_create(&later, NULL, put_later, (void *)0));
  CHECK(get(3));
  CHECK(!pthread_join(later, NULL));
  /* All look and nobody will ever put: each is told so, in turn. */
  CHECK(!get(3));
  for (int i = 0; i < 3; i++) {
    CHECK(!pthread_join(t[i], &count));
    CHECK((intptr_t)count == 101);
  }
  int64_t now = __zvm_clock_now();
  CHECK(!__zvm_thread_yield_before(now + 5000));
  CHECK(__zvm_clock_now() == now + 5000);
  CHECK(!__zvm_thread_yield_before(now));
  CHECK(__zvm_clock_now() == now + 5000);
  return check_end();
}
