/*
** clock.c - time that passes only by what the program does.
**
** It starts where the start block says. Each question about it moves it on
** by a microsecond, a call that moves bytes by that and a nanosecond for each
** byte, and a sleep by its length, which takes no time. Clocks that are not
** the wall's count from the start of the program; those of the CPU leave out
** what was slept. The clock stops in 2262, where its number ends.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

#include "signals.h"

#define NS_PER_S 1000000000
#define STEP_NS 1000

static int64_t elapsed; /* ns since the start, sleeps too */
static int64_t slept;   /* of these                       */

int64_t __zvm_clock_start(void) {
  return START_BLOCK->clock + __zvm_clock_shift;
}

/* `__zvm_clock_start() + elapsed` never passes the largest number. */
static void move(int64_t ns) {
  int64_t left = INT64_MAX - __zvm_clock_start() - elapsed;
  elapsed += ns < left ? ns : left;
}

/* Those of a program that has timers: one that is due goes off. */
extern weak __typeof(__zvm_clock_passed) __zvm_clock_passed;
extern weak __typeof(__zvm_timer_sleep) __zvm_timer_sleep;

void __zvm_clock_advance(int64_t ns) {
  move(ns);
  if (__zvm_clock_passed) __zvm_clock_passed();
}

void __zvm_clock_sleep(int64_t ns) {
  int64_t before = elapsed;
  move(ns);
  slept += elapsed - before;
  if (__zvm_clock_passed) __zvm_clock_passed();
}

int64_t __zvm_clock_now(void) { return __zvm_clock_start() + elapsed; }

int64_t __zvm_clock_elapsed(void) { return elapsed; }

/* -- Clocks -------------------------------------------------------------- */

enum { WALL, STEADY, CPU, UNKNOWN };

/* Numbers below zero are CPU clocks of a process, ~id >> 3, or a thread. */
static int sort_of(int id) {
  int process = ~(id >> 3);
  if (id < 0)
    return id & 4 || process == 0 || process == 1 ? CPU : UNKNOWN;
  switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI: return WALL;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM: return STEADY;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID: return CPU;
    default: return UNKNOWN;
  }
}

/* What the clock shows, after it has moved for being looked at. */
static int64_t look(int sort) {
  __zvm_clock_advance(STEP_NS);
  switch (sort) {
    case WALL: return __zvm_clock_now();
    case CPU: return elapsed - slept;
    default: return elapsed;
  }
}

SYS(clock_gettime) {
  struct timespec *ts = PTR(struct timespec, b);
  int sort = sort_of((int)a);
  int64_t t;
  if (sort == UNKNOWN) return -EINVAL;
  t = look(sort);
  ts->tv_sec = t / NS_PER_S;
  ts->tv_nsec = t % NS_PER_S;
  return 0;
}

SYS(clock_getres) {
  struct timespec *ts = PTR(struct timespec, b);
  if (sort_of((int)a) == UNKNOWN) return -EINVAL;
  if (ts) *ts = (struct timespec){ .tv_nsec = 1 };
  return 0;
}

/* Nobody may set a clock but root. */
SYS(clock_settime) {
  const struct timespec *ts = PTR(const struct timespec, b);
  if (sort_of((int)a) != WALL || ts->tv_nsec < 0 || ts->tv_nsec >= NS_PER_S)
    return -EINVAL;
  return -EPERM;
}

SYS(gettimeofday) {
  struct timeval *tv = PTR(struct timeval, a);
  int64_t t = look(WALL);
  if (tv) {
    tv->tv_sec = t / NS_PER_S;
    tv->tv_usec = t % NS_PER_S / 1000;
  }
  return 0;
}

SYS(time) {
  time_t t = look(WALL) / NS_PER_S;
  if (a) *PTR(time_t, a) = t;
  return t;
}

SYS(times) {
  struct tms *out = PTR(struct tms, a);
  int64_t t = look(STEADY);
  if (out)
    *out = (struct tms){ .tms_utime =
                             (long)((elapsed - slept) / (NS_PER_S / 100)) };
  return (long)(t / (NS_PER_S / 100));
}

/* musl takes the words of a 64-bit kernel: two times, then counters. */
SYS(getrusage) {
  int64_t *out = PTR(int64_t, b);
  int64_t us;
  if ((int)a < RUSAGE_CHILDREN || (int)a > RUSAGE_THREAD) return -EINVAL;
  us = (int)a == RUSAGE_CHILDREN ? 0 : look(CPU) / 1000;
  for (int i = 0; i < 18; i++) out[i] = 0;
  out[0] = us / 1000000;
  out[1] = us % 1000000;
  return 0;
}

/* -- Sleep --------------------------------------------------------------- */

/*
** Where there are threads, the others run meanwhile. 0, or -EINTR: a signal
** was handled before the time came.
*/
extern weak hidden int __zvm_sleep_until(int64_t ns);

/* -1: it is none. One that cannot be told in ns lasts to the end of time. */
static int64_t length(const struct timespec *ts) {
  int64_t ns;
  if (ts->tv_nsec < 0 || ts->tv_nsec >= NS_PER_S || ts->tv_sec < 0) return -1;
  if (__builtin_mul_overflow(ts->tv_sec, (int64_t)NS_PER_S, &ns) ||
      __builtin_add_overflow(ns, ts->tv_nsec, &ns))
    ns = INT64_MAX;
  return ns;
}

/* What was left of it goes to `rest`, if it was cut short. */
static int sleep_for(int64_t ns, struct timespec *rest) {
  int64_t now = __zvm_clock_now(), left;
  int64_t until = ns < INT64_MAX - now ? now + ns : INT64_MAX;
  int result;
  if (!__zvm_sleep_until && !__zvm_timer_sleep) {
    __zvm_clock_sleep(ns);
    return 0;
  }
  result = __zvm_sleep_until ? __zvm_sleep_until(until)
                             : __zvm_timer_sleep(until);
  left = until - __zvm_clock_now();
  if (left < 0) left = 0;
  if (result && rest)
    *rest = (struct timespec){ .tv_sec = left / NS_PER_S,
                               .tv_nsec = (long)(left % NS_PER_S) };
  return result;
}

SYS(nanosleep) {
  int64_t ns = length(PTR(const struct timespec, a));
  return ns < 0 ? -EINVAL : sleep_for(ns, PTR(struct timespec, b));
}

/* Nobody sleeps by a clock that stands still meanwhile. */
SYS(clock_nanosleep) {
  int64_t ns = length(PTR(const struct timespec, c));
  int sort = sort_of((int)a);
  if (sort == UNKNOWN || a == CLOCK_THREAD_CPUTIME_ID || ns < 0)
    return -EINVAL;
  if (sort == CPU) return -ENOTSUP;
  if (!((int)b & TIMER_ABSTIME)) return sleep_for(ns, PTR(struct timespec, d));
  ns -= sort == WALL ? __zvm_clock_now() : elapsed;
  return ns > 0 ? sleep_for(ns, NULL) : 0;
}
