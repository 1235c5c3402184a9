/*
** c11.c - the threads of the C standard.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>
#include <threads.h>
#include <time.h>

#include "../check.h"

static thread_local int own = 5;
static mtx_t m;
static cnd_t c;
static tss_t key;
static once_flag flag = ONCE_FLAG_INIT;
static int runs, ready, destroyed;

static int negative(void *arg) {
  (void)arg;
  own++;
  return -own;
}

static int leave(void *arg) {
  (void)arg;
  thrd_exit(12);
}

static void run(void) { runs++; }

static int use_all(void *arg) {
  call_once(&flag, run);
  tss_set(key, arg);
  mtx_lock(&m);
  while (!ready) cnd_wait(&c, &m);
  mtx_unlock(&m);
  return tss_get(key) == arg;
}

static void destroy(void *arg) {
  (void)arg;
  destroyed++;
}

static int try_it(void *arg) { return mtx_trylock(arg); }

static int result_of(thrd_start_t f, void *arg) {
  thrd_t t;
  int result = 0;
  CHECK(thrd_create(&t, f, arg) == thrd_success);
  CHECK(thrd_join(t, &result) == thrd_success);
  return result;
}

int main(void) {
  thrd_t t[3];
  int result;
  struct timespec ts;
  CHECK(result_of(negative, NULL) == -6 && own == 5);
  CHECK(result_of(leave, NULL) == 12);
  CHECK(thrd_equal(thrd_current(), thrd_current()));
  CHECK(mtx_init(&m, mtx_plain) == thrd_success);
  CHECK(cnd_init(&c) == thrd_success);
  CHECK(tss_create(&key, destroy) == thrd_success);
  for (int i = 0; i < 3; i++)
    CHECK(thrd_create(&t[i], use_all, &t[i]) == thrd_success);
  thrd_yield();
  mtx_lock(&m);
  ready = 1;
  CHECK(cnd_broadcast(&c) == thrd_success);
  CHECK(result_of(try_it, &m) == thrd_busy);
  mtx_unlock(&m);
  for (int i = 0; i < 3; i++)
    CHECK(thrd_join(t[i], &result) == thrd_success && result == 1);
  CHECK(runs == 1 && destroyed == 3);
  CHECK(cnd_signal(&c) == thrd_success);
  timespec_get(&ts, TIME_UTC);
  mtx_lock(&m);
  CHECK(cnd_timedwait(&c, &m, &ts) == thrd_timedout);
  mtx_unlock(&m);
  cnd_destroy(&c);
  mtx_destroy(&m);
  CHECK(mtx_init(&m, mtx_timed | mtx_recursive) == thrd_success);
  CHECK(mtx_lock(&m) == thrd_success && mtx_lock(&m) == thrd_success);
  CHECK(result_of(try_it, &m) == thrd_busy);
  CHECK(mtx_unlock(&m) == thrd_success && mtx_unlock(&m) == thrd_success);
  CHECK(result_of(try_it, &m) == thrd_success);
  CHECK(mtx_timedlock(&m, &ts) == thrd_timedout);
  ts = (struct timespec){ .tv_nsec = 1000 };
  CHECK(thrd_sleep(&ts, NULL) == 0);
  CHECK(thrd_create(&t[0], negative, NULL) == thrd_success);
  CHECK(thrd_detach(t[0]) == thrd_success);
  thrd_yield();
  return check_end();
}
