/*
** locks.c - mutexes of each kind, conditions, read-write locks, barriers,
** spin locks, semaphores: what each call returns when.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"

#define VALUE(n) ((void *)(intptr_t)(n))

static int in_thread(void *(*f)(void *), void *arg) {
  pthread_t t;
  void *result;
  CHECK(pthread_create(&t, NULL, f, arg) == 0);
  CHECK(pthread_join(t, &result) == 0);
  return (int)(intptr_t)result;
}

static struct timespec in_ms(int ms) {
  struct timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  ts.tv_nsec += ms * 1000000l;
  ts.tv_sec += ts.tv_nsec / 1000000000;
  ts.tv_nsec %= 1000000000;
  return ts;
}

/* -- Mutexes ------------------------------------------------------------- */

static void *try_mutex(void *m) { return VALUE(pthread_mutex_trylock(m)); }
static void *unlock_mutex(void *m) { return VALUE(pthread_mutex_unlock(m)); }

static void *timed_mutex(void *m) {
  struct timespec ts = in_ms(10);
  return VALUE(pthread_mutex_timedlock(m, &ts));
}

static void init(pthread_mutex_t *m, int type, int robust) {
  pthread_mutexattr_t a;
  int got;
  pthread_mutexattr_init(&a);
  CHECK(pthread_mutexattr_settype(&a, type) == 0);
  CHECK(pthread_mutexattr_gettype(&a, &got) == 0 && got == type);
  CHECK(pthread_mutexattr_setrobust(&a, robust) == 0);
  CHECK(pthread_mutexattr_getrobust(&a, &got) == 0 && got == robust);
  CHECK(pthread_mutex_init(m, &a) == 0);
  CHECK(pthread_mutexattr_destroy(&a) == 0);
}

static void test_types(void) {
  pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
  CHECK(pthread_mutex_lock(&m) == 0);
  CHECK(pthread_mutex_trylock(&m) == EBUSY);
  CHECK(in_thread(try_mutex, &m) == EBUSY);
  CHECK(in_thread(timed_mutex, &m) == ETIMEDOUT);
  CHECK(pthread_mutex_unlock(&m) == 0);
  CHECK(pthread_mutex_trylock(&m) == 0);
  CHECK(pthread_mutex_unlock(&m) == 0);
  CHECK(pthread_mutex_destroy(&m) == 0);
  init(&m, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
  CHECK(pthread_mutex_unlock(&m) == EPERM);
  CHECK(pthread_mutex_lock(&m) == 0);
  CHECK(pthread_mutex_lock(&m) == EDEADLK);
  CHECK(pthread_mutex_trylock(&m) == EBUSY);
  CHECK(in_thread(unlock_mutex, &m) == EPERM);
  CHECK(in_thread(try_mutex, &m) == EBUSY);
  CHECK(pthread_mutex_unlock(&m) == 0);
  CHECK(pthread_mutex_destroy(&m) == 0);
  init(&m, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
  for (int i = 0; i < 10; i++) CHECK(pthread_mutex_lock(&m) == 0);
  CHECK(pthread_mutex_trylock(&m) == 0);
  for (int i = 0; i < 10; i++) CHECK(pthread_mutex_unlock(&m) == 0);
  CHECK(in_thread(try_mutex, &m) == EBUSY);
  CHECK(in_thread(unlock_mutex, &m) == EPERM);
  CHECK(pthread_mutex_unlock(&m) == 0);
  CHECK(pthread_mutex_unlock(&m) == EPERM);
  CHECK(in_thread(try_mutex, &m) == 0);
}

static void *lock_and_end(void *m) { return VALUE(pthread_mutex_lock(m)); }

static void *wait_for_dead(void *m) {
  int r = pthread_mutex_lock(m);
  CHECK(r == EOWNERDEAD);
  CHECK(pthread_mutex_consistent(m) == 0);
  CHECK(pthread_mutex_unlock(m) == 0);
  return NULL;
}

static sem_t locked_it;

static void *lock_slowly(void *m) {
  CHECK(pthread_mutex_lock(m) == 0);
  sem_post(&locked_it);
  usleep(20000);
  return NULL;
}

static void test_robust(void) {
  pthread_mutex_t m;
  pthread_t t;
  init(&m, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
  CHECK(pthread_mutex_consistent(&m) == EINVAL);
  CHECK(in_thread(lock_and_end, &m) == 0);
  CHECK(pthread_mutex_lock(&m) == EOWNERDEAD);
  CHECK(pthread_mutex_consistent(&m) == 0);
  CHECK(pthread_mutex_unlock(&m) == 0);
  CHECK(pthread_mutex_lock(&m) == 0);
  CHECK(pthread_mutex_unlock(&m) == 0);
  sem_init(&locked_it, 0, 0);
  CHECK(pthread_create(&t, NULL, lock_slowly, &m) == 0);
  sem_wait(&locked_it);
  wait_for_dead(&m);
  CHECK(pthread_join(t, NULL) == 0);
  CHECK(in_thread(lock_and_end, &m) == 0);
  CHECK(pthread_mutex_trylock(&m) == EOWNERDEAD);
  CHECK(pthread_mutex_unlock(&m) == 0);
  CHECK(pthread_mutex_lock(&m) == ENOTRECOVERABLE);
  CHECK(pthread_mutex_trylock(&m) == ENOTRECOVERABLE);
  CHECK(pthread_mutex_destroy(&m) == 0);
}

static void test_protocol(void) {
  pthread_mutexattr_t a;
  pthread_mutex_t m;
  int got;
  pthread_mutexattr_init(&a);
  CHECK(pthread_mutexattr_setprotocol(&a, 99) == EINVAL);
  CHECK(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT) == 0);
  CHECK(pthread_mutexattr_getprotocol(&a, &got) == 0);
  CHECK(got == PTHREAD_PRIO_INHERIT);
  CHECK(pthread_mutex_init(&m, &a) == 0);
  CHECK(pthread_mutex_lock(&m) == 0);
  CHECK(in_thread(try_mutex, &m) == EBUSY);
  CHECK(in_thread(timed_mutex, &m) == ETIMEDOUT);
  CHECK(pthread_mutex_unlock(&m) == 0);
  CHECK(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_PROTECT) == 0);
  CHECK(pthread_mutexattr_getprotocol(&a, &got) == 0);
  CHECK(got == PTHREAD_PRIO_PROTECT);
}

static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
static int counter;

static void *count(void *arg) {
  for (int i = 0; i < 1000; i++) {
    pthread_mutex_lock(&counting);
    int was = counter;
    if (i % 100 == 0) sched_yield();
    counter = was + 1;
    pthread_mutex_unlock(&counting);
  }
  return arg;
}

static void test_exclusion(void) {
  pthread_t t[8];
  for (int i = 0; i < 8; i++) pthread_create(&t[i], NULL, count, NULL);
  for (int i = 0; i < 8; i++) pthread_join(t[i], NULL);
  CHECK(counter == 8000);
}

/* -- Conditions ---------------------------------------------------------- */

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t full = PTHREAD_COND_INITIALIZER;
static pthread_cond_t empty = PTHREAD_COND_INITIALIZER;
static int slot, sum;

static void *produce(void *arg) {
  for (int i = 1; i <= 100; i++) {
    pthread_mutex_lock(&m);
    while (slot) pthread_cond_wait(&empty, &m);
    slot = i;
    pthread_cond_signal(&full);
    pthread_mutex_unlock(&m);
  }
  return arg;
}

static void *consume(void *arg) {
  for (int i = 1; i <= 100; i++) {
    pthread_mutex_lock(&m);
    while (!slot) pthread_cond_wait(&full, &m);
    sum += slot;
    slot = 0;
    pthread_cond_signal(&empty);
    pthread_mutex_unlock(&m);
  }
  return arg;
}

static int go, gone;

static void *wait_to_go(void *arg) {
  pthread_mutex_lock(&m);
  while (!go) pthread_cond_wait(&full, &m);
  gone++;
  pthread_mutex_unlock(&m);
  return arg;
}

static void test_conditions(void) {
  pthread_t t[10];
  struct timespec ts = in_ms(10), past = { 0, 0 }, wrong = { 0, -1 };
  pthread_create(&t[0], NULL, produce, NULL);
  pthread_create(&t[1], NULL, consume, NULL);
  pthread_join(t[0], NULL);
  pthread_join(t[1], NULL);
  CHECK(sum == 5050);
  for (int i = 0; i < 10; i++) pthread_create(&t[i], NULL, wait_to_go, NULL);
  usleep(1000);
  pthread_mutex_lock(&m);
  CHECK(gone == 0);
  go = 1;
  CHECK(pthread_cond_broadcast(&full) == 0);
  pthread_mutex_unlock(&m);
  for (int i = 0; i < 10; i++) pthread_join(t[i], NULL);
  CHECK(gone == 10);
  pthread_mutex_lock(&m);
  CHECK(pthread_cond_timedwait(&full, &m, &ts) == ETIMEDOUT);
  CHECK(pthread_cond_timedwait(&full, &m, &past) == ETIMEDOUT);
  CHECK(pthread_cond_timedwait(&full, &m, &wrong) == EINVAL);
  CHECK(pthread_mutex_trylock(&m) == EBUSY);
  pthread_mutex_unlock(&m);
  CHECK(pthread_cond_signal(&full) == 0);
  CHECK(pthread_cond_destroy(&full) == 0);
}

static void test_monotonic(void) {
  pthread_condattr_t a;
  pthread_cond_t c;
  struct timespec ts, after;
  clockid_t clock;
  pthread_condattr_init(&a);
  CHECK(pthread_condattr_setclock(&a, CLOCK_MONOTONIC) == 0);
  CHECK(pthread_condattr_getclock(&a, &clock) == 0);
  CHECK(clock == CLOCK_MONOTONIC);
  CHECK(pthread_cond_init(&c, &a) == 0);
  clock_gettime(CLOCK_MONOTONIC, &ts);
  ts.tv_sec += 1;
  pthread_mutex_lock(&m);
  CHECK(pthread_cond_timedwait(&c, &m, &ts) == ETIMEDOUT);
  pthread_mutex_unlock(&m);
  clock_gettime(CLOCK_MONOTONIC, &after);
  CHECK(after.tv_sec >= ts.tv_sec && after.tv_sec <= ts.tv_sec + 60);
}

/* -- Read-write locks ---------------------------------------------------- */

static void *try_read(void *rw) {
  int r = pthread_rwlock_tryrdlock(rw);
  if (!r) CHECK(pthread_rwlock_unlock(rw) == 0);
  return VALUE(r);
}

static void *try_write(void *rw) {
  int r = pthread_rwlock_trywrlock(rw);
  if (!r) CHECK(pthread_rwlock_unlock(rw) == 0);
  return VALUE(r);
}

static void *timed_read(void *rw) {
  struct timespec ts = in_ms(5);
  return VALUE(pthread_rwlock_timedrdlock(rw, &ts));
}

static void *timed_write(void *rw) {
  struct timespec ts = in_ms(5);
  return VALUE(pthread_rwlock_timedwrlock(rw, &ts));
}

static void *read_and_leave(void *rw) {
  CHECK(pthread_rwlock_rdlock(rw) == 0);
  sched_yield();
  CHECK(pthread_rwlock_unlock(rw) == 0);
  return NULL;
}

static void test_rwlock(void) {
  pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
  pthread_t t[4];
  CHECK(pthread_rwlock_rdlock(&rw) == 0);
  CHECK(pthread_rwlock_rdlock(&rw) == 0);
  CHECK(in_thread(try_read, &rw) == 0);
  CHECK(in_thread(try_write, &rw) == EBUSY);
  CHECK(in_thread(timed_write, &rw) == ETIMEDOUT);
  CHECK(pthread_rwlock_unlock(&rw) == 0);
  CHECK(in_thread(try_write, &rw) == EBUSY);
  CHECK(pthread_rwlock_unlock(&rw) == 0);
  CHECK(in_thread(try_write, &rw) == 0);
  CHECK(pthread_rwlock_wrlock(&rw) == 0);
  CHECK(in_thread(try_read, &rw) == EBUSY);
  CHECK(in_thread(timed_read, &rw) == ETIMEDOUT);
  CHECK(in_thread(try_write, &rw) == EBUSY);
  CHECK(pthread_rwlock_wrlock(&rw) == EDEADLK);
  for (int i = 0; i < 4; i++)
    pthread_create(&t[i], NULL, read_and_leave, &rw);
  usleep(1000);
  CHECK(pthread_rwlock_unlock(&rw) == 0);
  for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
  CHECK(pthread_rwlock_trywrlock(&rw) == 0);
  CHECK(pthread_rwlock_unlock(&rw) == 0);
  CHECK(pthread_rwlock_destroy(&rw) == 0);
}

/* -- Barriers, spin locks, semaphores ------------------------------------ */

static pthread_barrier_t barrier;
static int serial, arrived;

static void *meet(void *arg) {
  for (int i = 1; i <= 5; i++) {
    pthread_mutex_lock(&counting);
    arrived++;
    pthread_mutex_unlock(&counting);
    int r = pthread_barrier_wait(&barrier);
    CHECK(arrived >= i * 4);
    pthread_mutex_lock(&counting);
    if (r == PTHREAD_BARRIER_SERIAL_THREAD) {
      serial++;
    } else {
      CHECK(r == 0);
    }
    pthread_mutex_unlock(&counting);
    pthread_barrier_wait(&barrier);
  }
  return arg;
}

static void test_barrier(void) {
  pthread_t t[4];
  CHECK(pthread_barrier_init(&barrier, NULL, 0) == EINVAL);
  CHECK(pthread_barrier_init(&barrier, NULL, 4) == 0);
  for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, meet, NULL);
  for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
  CHECK(serial == 5 && arrived == 20);
  CHECK(pthread_barrier_destroy(&barrier) == 0);
}

static pthread_spinlock_t spin;
static sem_t tried;

static void *spin_once(void *arg) {
  CHECK(pthread_spin_trylock(&spin) == EBUSY);
  sem_post(&tried);
  CHECK(pthread_spin_lock(&spin) == 0);
  counter++;
  CHECK(pthread_spin_unlock(&spin) == 0);
  return arg;
}

static void test_spin(void) {
  pthread_t t[3];
  sem_init(&tried, 0, 0);
  CHECK(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE) == 0);
  CHECK(pthread_spin_lock(&spin) == 0);
  counter = 0;
  for (int i = 0; i < 3; i++) pthread_create(&t[i], NULL, spin_once, NULL);
  for (int i = 0; i < 3; i++) sem_wait(&tried);
  CHECK(counter == 0);
  CHECK(pthread_spin_unlock(&spin) == 0);
  for (int i = 0; i < 3; i++) pthread_join(t[i], NULL);
  CHECK(counter == 3);
  CHECK(pthread_spin_trylock(&spin) == 0);
  CHECK(pthread_spin_destroy(&spin) == 0);
}

static void *post_later(void *sem) {
  usleep(1000);
  CHECK(sem_post(sem) == 0);
  return NULL;
}

static void test_semaphore(void) {
  sem_t sem;
  pthread_t t;
  int value;
  struct timespec ts = in_ms(5);
  CHECK(sem_init(&sem, 0, 2) == 0);
  CHECK(sem_getvalue(&sem, &value) == 0 && value == 2);
  CHECK(sem_wait(&sem) == 0);
  CHECK(sem_trywait(&sem) == 0);
  CHECK(sem_trywait(&sem) == -1 && errno == EAGAIN);
  CHECK(sem_timedwait(&sem, &ts) == -1 && errno == ETIMEDOUT);
  pthread_create(&t, NULL, post_later, &sem);
  CHECK(sem_wait(&sem) == 0);
  pthread_join(t, NULL);
  CHECK(sem_getvalue(&sem, &value) == 0 && value == 0);
  CHECK(sem_post(&sem) == 0 && sem_post(&sem) == 0);
  CHECK(sem_getvalue(&sem, &value) == 0 && value == 2);
  CHECK(sem_destroy(&sem) == 0);
  CHECK(sem_init(&sem, 0, 0x7fffffff) == 0);
  CHECK(sem_post(&sem) == -1 && errno == EOVERFLOW);
}

/* -- stdio --------------------------------------------------------------- */

static FILE *locked;

static void *try_file(void *arg) {
  (void)arg;
  return VALUE(ftrylockfile(locked) != 0);
}

static void *write_line(void *arg) {
  flockfile(stdout);
  for (const char *s = arg; *s; s++) {
    putchar_unlocked(*s);
    sched_yield();
  }
  putchar_unlocked('\n');
  funlockfile(stdout);
  return NULL;
}

static void test_stdio(void) {
  pthread_t t[3];
  locked = stderr;
  flockfile(locked);
  flockfile(locked);
  CHECK(in_thread(try_file, NULL));
  funlockfile(locked);
  CHECK(in_thread(try_file, NULL));
  funlockfile(locked);
  for (int i = 0; i < 3; i++)
    pthread_create(&t[i], NULL, write_line, "a whole line");
  for (int i = 0; i < 3; i++) pthread_join(t[i], NULL);
}

int main(void) {
  test_types();
  test_robust();
  test_protocol();
  test_exclusion();
  test_conditions();
  test_monotonic();
  test_rwlock();
  test_barrier();
  test_spin();
  test_semaphore();
  test_stdio();
  return check_end();
}
