/*
** clock.c - time that passes only when it is looked at.
**
** The clock starts at 2000-01-01T00:00:00Z, and each question moves it on
** by a microsecond; a sleep moves it on by its length and takes no time.
** Clocks that are not the wall's count from the start of the program.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

#include "sys.h"

#define NS_PER_S 1000000000
#define START_S 946684800
#define STEP_NS 1000

static int64_t elapsed; /* ns since the start */

void __zvm_clock_advance(int64_t ns) {
  if (__builtin_add_overflow(elapsed, ns, &elapsed)) elapsed = INT64_MAX;
}

static int64_t now(void) {
  __zvm_clock_advance(STEP_NS);
  return elapsed;
}

SYS(clock_gettime) {
  struct timespec *ts = PTR(struct timespec, b);
  bool wall = a == CLOCK_REALTIME || a == CLOCK_REALTIME_COARSE;
  int64_t t;
  if ((int)a > CLOCK_TAI) return -EINVAL;
  t = now();
  ts->tv_sec = t / NS_PER_S + (wall || a == CLOCK_TAI ? START_S : 0);
  ts->tv_nsec = t % NS_PER_S;
  return 0;
}

SYS(clock_getres) {
  struct timespec *ts = PTR(struct timespec, b);
  if (ts) *ts = (struct timespec){ .tv_nsec = STEP_NS };
  return 0;
}

SYS(gettimeofday) {
  struct timeval *tv = PTR(struct timeval, a);
  int64_t t = now();
  if (tv) {
    tv->tv_sec = t / NS_PER_S + START_S;
    tv->tv_usec = t % NS_PER_S / 1000;
  }
  return 0;
}

SYS(time) {
  time_t t = now() / NS_PER_S + START_S;
  if (a) *PTR(time_t, a) = t;
  return t;
}

SYS(times) {
  struct tms *out = PTR(struct tms, a);
  long ticks = (long)(now() / (NS_PER_S / 100));
  if (out) *out = (struct tms){ .tms_utime = ticks };
  return ticks;
}

static int sleep_for(const struct timespec *ts) {
  int64_t ns;
  if (ts->tv_nsec < 0 || ts->tv_nsec >= NS_PER_S || ts->tv_sec < 0)
    return -EINVAL;
  if (__builtin_mul_overflow(ts->tv_sec, (int64_t)NS_PER_S, &ns) ||
      __builtin_add_overflow(ns, ts->tv_nsec, &ns))
    ns = INT64_MAX;
  __zvm_clock_advance(ns);
  return 0;
}

SYS(nanosleep) { return sleep_for(PTR(const struct timespec, a)); }

SYS(clock_nanosleep) {
  struct timespec ts = *PTR(const struct timespec, c);
  bool wall = a == CLOCK_REALTIME;
  if ((int)b & TIMER_ABSTIME) {
    int64_t until;
    ts.tv_sec -= wall ? START_S : 0;
    if (ts.tv_sec < 0) return 0;
    if (__builtin_mul_overflow(ts.tv_sec, (int64_t)NS_PER_S, &until) ||
        __builtin_add_overflow(until, ts.tv_nsec, &until))
      until = INT64_MAX;
    if (until > elapsed) elapsed = until;
    return 0;
  }
  return sleep_for(&ts);
}
