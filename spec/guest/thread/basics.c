/*
** basics.c - creating, joining, detaching, ending; keys, once, names.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../check.h"

#define VALUE(n) ((void *)(intptr_t)(n))

/* -- Create, join, exit -------------------------------------------------- */

static void *give_back(void *arg) { return arg; }

static void deep(int n) {
  if (n > 0) deep(n - 1);
  if (n == 0) pthread_exit(VALUE(77));
}

static void *exit_deep(void *arg) {
  (void)arg;
  deep(20);
  return NULL;
}

static void *join_it(void *arg) {
  void *result;
  CHECK(pthread_join(*(pthread_t *)arg, &result) == 0);
  return result;
}

static void test_join(void) {
  pthread_t a, b, list[50];
  void *result;
  CHECK(pthread_create(&a, NULL, give_back, VALUE(5)) == 0);
  CHECK(pthread_join(a, &result) == 0 && result == VALUE(5));
  CHECK(pthread_create(&a, NULL, exit_deep, NULL) == 0);
  CHECK(pthread_join(a, &result) == 0 && result == VALUE(77));
  CHECK(pthread_create(&a, NULL, give_back, VALUE(9)) == 0);
  CHECK(pthread_create(&b, NULL, join_it, &a) == 0);
  CHECK(pthread_join(b, &result) == 0 && result == VALUE(9));
  CHECK(pthread_join(pthread_self(), NULL) == EDEADLK);
  for (int i = 0; i < 50; i++)
    CHECK(pthread_create(&list[i], NULL, give_back, VALUE(i)) == 0);
  for (int i = 49; i >= 0; i--)
    CHECK(pthread_join(list[i], &result) == 0 && result == VALUE(i));
  CHECK(pthread_equal(pthread_self(), pthread_self()));
  CHECK(!pthread_equal(pthread_self(), 0));
}

static volatile int detached_ran;

static void *count_detached(void *arg) {
  (void)arg;
  if (pthread_detach(pthread_self()) == 0) detached_ran++;
  return NULL;
}

static void *count_only(void *arg) {
  (void)arg;
  detached_ran++;
  return NULL;
}

static void test_detach(void) {
  pthread_t t;
  pthread_attr_t attr;
  int state;
  pthread_attr_init(&attr);
  CHECK(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0);
  CHECK(pthread_attr_getdetachstate(&attr, &state) == 0);
  CHECK(state == PTHREAD_CREATE_DETACHED);
  CHECK(pthread_create(&t, &attr, count_only, NULL) == 0);
  CHECK(pthread_create(&t, NULL, count_detached, NULL) == 0);
  CHECK(pthread_create(&t, NULL, count_only, NULL) == 0);
  CHECK(pthread_detach(t) == 0);
  while (detached_ran < 3) sched_yield();
  CHECK(detached_ran == 3);
  pthread_attr_destroy(&attr);
}

/* -- Keys ---------------------------------------------------------------- */

static pthread_key_t key, again;
static int destroyed, rounds;

static void count_destroyed(void *value) {
  destroyed += (int)(intptr_t)value;
}

static void set_again(void *value) {
  rounds++;
  pthread_setspecific(again, value);
}

static void *use_keys(void *arg) {
  CHECK(pthread_getspecific(key) == NULL);
  CHECK(pthread_setspecific(key, arg) == 0);
  pthread_setspecific(again, arg);
  sched_yield();
  CHECK(pthread_getspecific(key) == arg);
  return NULL;
}

static void test_keys(void) {
  pthread_t a, b;
  CHECK(pthread_key_create(&key, count_destroyed) == 0);
  CHECK(pthread_key_create(&again, set_again) == 0);
  CHECK(pthread_setspecific(key, VALUE(1000)) == 0);
  pthread_create(&a, NULL, use_keys, VALUE(1));
  pthread_create(&b, NULL, use_keys, VALUE(2));
  pthread_join(a, NULL);
  pthread_join(b, NULL);
  CHECK(destroyed == 3);
  CHECK(rounds == 2 * 4);
  CHECK(pthread_getspecific(key) == VALUE(1000));
  CHECK(pthread_key_delete(again) == 0);
  CHECK(pthread_key_delete(key) == 0);
  for (int i = 0; i < 2 * PTHREAD_KEYS_MAX; i++) {
    CHECK(pthread_key_create(&key, NULL) == 0);
    CHECK(pthread_key_delete(key) == 0);
  }
}

/* -- Once ---------------------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_runs;

static void slow_once(void) {
  for (int i = 0; i < 5; i++) sched_yield();
  once_runs++;
}

static void *run_once(void *arg) {
  pthread_once(&once, slow_once);
  CHECK(once_runs == 1);
  return arg;
}

static void test_once(void) {
  pthread_t t[5];
  for (int i = 0; i < 5; i++) pthread_create(&t[i], NULL, run_once, NULL);
  for (int i = 0; i < 5; i++) pthread_join(t[i], NULL);
  CHECK(once_runs == 1);
}

/* -- errno, names, attributes -------------------------------------------- */

static void *own_errno(void *arg) {
  errno = (int)(intptr_t)arg;
  sched_yield();
  CHECK(errno == (int)(intptr_t)arg);
  return NULL;
}

static void test_errno(void) {
  pthread_t a, b;
  errno = 3;
  pthread_create(&a, NULL, own_errno, VALUE(1));
  pthread_create(&b, NULL, own_errno, VALUE(2));
  pthread_join(a, NULL);
  pthread_join(b, NULL);
  CHECK(errno == 3);
}

static void *look_at_stack(void *arg) {
  pthread_attr_t attr;
  void *bottom;
  size_t size, *wanted = arg;
  char here;
  CHECK(pthread_getattr_np(pthread_self(), &attr) == 0);
  CHECK(pthread_attr_getstack(&attr, &bottom, &size) == 0);
  CHECK(size >= *wanted);
  CHECK(&here > (char *)bottom && &here < (char *)bottom + size);
  return bottom;
}

static void test_attributes(void) {
  static char own_stack[65536] __attribute__((aligned(64)));
  pthread_attr_t attr;
  pthread_t t;
  char name[16];
  size_t size = 65536;
  void *bottom;
  int value;
  struct sched_param param;
  CHECK(pthread_setname_np(pthread_self(), "sixteen letters!") == ERANGE);
  CHECK(pthread_setname_np(pthread_self(), "main thread") == 0);
  CHECK(pthread_getname_np(pthread_self(), name, sizeof(name)) == 0);
  CHECK(strcmp(name, "main thread") == 0);
  pthread_attr_init(&attr);
  CHECK(pthread_attr_setstacksize(&attr, 1) == EINVAL);
  CHECK(pthread_attr_setstacksize(&attr, size) == 0);
  CHECK(pthread_create(&t, &attr, look_at_stack, &size) == 0);
  CHECK(pthread_join(t, NULL) == 0);
  size = sizeof(own_stack) / 2;
  CHECK(pthread_attr_setstack(&attr, own_stack, sizeof(own_stack)) == 0);
  CHECK(pthread_create(&t, &attr, look_at_stack, &size) == 0);
  CHECK(pthread_join(t, &bottom) == 0);
  CHECK((char *)bottom >= own_stack && (char *)bottom < own_stack + 4096);
  pthread_attr_destroy(&attr);
  size = 4096;
  look_at_stack(&size);
  CHECK(pthread_getschedparam(pthread_self(), &value, &param) == 0);
  CHECK(value == SCHED_OTHER && param.sched_priority == 0);
  CHECK(pthread_setschedparam(pthread_self(), SCHED_OTHER, &param) == 0);
  CHECK(pthread_setconcurrency(0) == 0);
}

static void test_affinity(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(0, &set);
  CHECK(pthread_setaffinity_np(pthread_self(), sizeof(set), &set) == 0);
  CPU_ZERO(&set);
  CHECK(pthread_getaffinity_np(pthread_self(), sizeof(set), &set) == 0);
  CHECK(CPU_COUNT(&set) == 1 && CPU_ISSET(0, &set));
}

/* -- Cleanup ------------------------------------------------------------- */

static char order[8];

static void note(void *arg) { strcat(order, arg); }

static void *clean_up(void *arg) {
  pthread_cleanup_push(note, "a");
  pthread_cleanup_push(note, "b");
  pthread_cleanup_push(note, "c");
  pthread_cleanup_pop(1);
  pthread_exit(arg);
  pthread_cleanup_pop(0);
  pthread_cleanup_pop(0);
  return NULL;
}

static void test_cleanup(void) {
  pthread_t t;
  pthread_create(&t, NULL, clean_up, NULL);
  pthread_join(t, NULL);
  CHECK(strcmp(order, "cba") == 0);
}

static void *never_runs(void *arg) { return arg; }
static void no_fork(void) {}

int main(void) {
  pthread_t t;
  test_join();
  test_detach();
  test_keys();
  test_once();
  test_errno();
  test_attributes();
  test_affinity();
  test_cleanup();
  CHECK(pthread_atfork(no_fork, no_fork, no_fork) == 0);
  CHECK(pthread_create(&t, NULL, never_runs, NULL) == 0);
  return check_end();
}
