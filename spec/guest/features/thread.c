/*
** thread.c - thread-local variables are each thread's own.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "../check.h"

#define THREADS 64

static __thread int zero;
static __thread int seven = 7;
__thread int visible = 42;
static __thread char text[100] = "before";
static __thread struct {
  char c;
  long long wide;
  int list[5];
} record = { 'c', 1ll << 40, { 1, 2, 3, 4, 5 } };
static __thread int aligned64 __attribute__((aligned(64))) = 64;
static __thread char aligned32 __attribute__((aligned(32)));
static __thread double real = 1.5;
static __thread int *pointer = NULL;
static __thread const char *word = "word";

static int *shown[THREADS];

static int is_aligned(const void *p, unsigned n) {
  return (uintptr_t)p % n == 0;
}

static void check_fresh(void) {
  CHECK(zero == 0);
  CHECK(seven == 7);
  CHECK(visible == 42);
  CHECK(strcmp(text, "before") == 0);
  CHECK(record.c == 'c' && record.wide == 1ll << 40);
  CHECK(record.list[0] == 1 && record.list[4] == 5);
  CHECK(aligned64 == 64 && is_aligned(&aligned64, 64));
  CHECK(aligned32 == 0 && is_aligned(&aligned32, 32));
  CHECK(real == 1.5);
  CHECK(pointer == NULL);
  CHECK(strcmp(word, "word") == 0);
}

static void change(int n) {
  zero = n;
  seven += n;
  visible = -n;
  snprintf(text, sizeof(text), "thread %d", n);
  record.list[n % 5] = n;
  record.wide += n;
  aligned64 = n;
  aligned32 = (char)n;
  real *= n;
  pointer = &zero;
}

static void check_changed(int n) {
  char expected[100];
  snprintf(expected, sizeof(expected), "thread %d", n);
  CHECK(zero == n && seven == 7 + n && visible == -n);
  CHECK(strcmp(text, expected) == 0);
  CHECK(record.list[n % 5] == n && record.wide == (1ll << 40) + n);
  CHECK(aligned64 == n && aligned32 == (char)n);
  CHECK(real == 1.5 * n);
  CHECK(pointer == &zero && *pointer == n);
}

static pthread_barrier_t together;

static void *run(void *arg) {
  int n = (int)(intptr_t)arg;
  check_fresh();
  change(n);
  shown[n] = &zero;
  pthread_barrier_wait(&together);
  check_changed(n);
  /* A pointer to another thread's variable is good while it lives. */
  CHECK(*shown[(n + 1) % THREADS] == (n + 1) % THREADS);
  pthread_barrier_wait(&together);
  return &zero;
}

int main(void) {
  pthread_t t[THREADS];
  check_fresh();
  pthread_barrier_init(&together, NULL, THREADS);
  change(0);
  shown[0] = &zero;
  for (intptr_t i = 1; i < THREADS; i++)
    CHECK(pthread_create(&t[i], NULL, run, (void *)i) == 0);
  pthread_barrier_wait(&together);
  check_changed(0);
  for (int i = 1; i < THREADS; i++)
    for (int j = 0; j < i; j++) CHECK(shown[i] != shown[j]);
  pthread_barrier_wait(&together);
  for (int i = 1; i < THREADS; i++) CHECK(pthread_join(t[i], NULL) == 0);
  check_changed(0);
  return check_end();
}
