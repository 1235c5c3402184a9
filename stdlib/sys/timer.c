/*
** timer.c - timers that go off when the clock has passed.
**
** The clock moves when the program asks for it, moves bytes or sleeps. So a
** timer's signal comes in such a call, always in the same one, and never to a
** program that only computes. All interval timers go by the one clock.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "pthread_impl.h"
#include "scheduler.h"
#include "signals.h"

#define NS_PER_S 1000000000

enum { INTERVALS = 3, TIMERS = INTERVALS + 32 };

static struct timer {
  bool used;
  int64_t due; /* ns since 1970; INT64_MAX: it does not run */
  int64_t interval;
  int64_t missed; /* how often it went off while its signal was pending */
  int clock, signal, notify, code;
  int tid; /* of the thread that gets the signal; 0: the program */
  union sigval value;
} timers[TIMERS];

static int64_t next_due = INT64_MAX;

static int64_t sum(int64_t a, int64_t b) {
  int64_t s;
  return __builtin_add_overflow(a, b, &s) ? INT64_MAX : s;
}

static void find_next(void) {
  next_due = INT64_MAX;
  for (int i = 0; i < TIMERS; i++)
    if (timers[i].used && timers[i].due < next_due) next_due = timers[i].due;
}

int64_t __zvm_timer_next(void) { return next_due; }

/* -- Going off ----------------------------------------------------------- */

static siginfo_t info_of(const struct timer *t) {
  siginfo_t info = { .si_signo = t->signal, .si_code = t->code };
  if (t->code == SI_TIMER) {
    info.si_timerid = (int)(t - timers);
    info.si_value = t->value;
  }
  return info;
}

/* How often it did until now, which is once or more. */
static int64_t go_on(struct timer *t, int64_t now) {
  int64_t times = 1;
  if (!t->interval) {
    t->due = INT64_MAX;
    return times;
  }
  times += (now - t->due) / t->interval;
  t->due = __builtin_mul_overflow(times, t->interval, &times)
               ? INT64_MAX
               : sum(t->due, times);
  return times / t->interval;
}

extern weak __typeof(__zvm_thread_of) __zvm_thread_of;

static pthread_t thread_of(int tid) {
  pthread_t self = __pthread_self();
  if (self->tid == tid) return self;
  return __zvm_thread_of && tid > 0 ? __zvm_thread_of(tid) : NULL;
}

static void go_off(struct timer *t, int64_t now) {
  int64_t times = go_on(t, now);
  pthread_t to = t->tid ? thread_of(t->tid) : NULL;
  if (t->notify == SIGEV_NONE || (t->tid && !to)) return;
  if (__zvm_signal_is_pending(t->signal, to)) {
    t->missed = sum(t->missed, times);
    return;
  }
  t->missed = times - 1;
  siginfo_t info = info_of(t);
  (void)__zvm_signal_queue(&info, to);
}

int __zvm_timer_overrun(int id) {
  if (id < INTERVALS || id >= TIMERS) return 0;
  return timers[id].missed < INT32_MAX ? (int)timers[id].missed : INT32_MAX;
}

/* A handler may move the clock: then this is called within itself. */
void __zvm_clock_passed(void) {
  int64_t now = __zvm_clock_now();
  if (now < next_due) return;
  for (int i = 0; i < TIMERS; i++)
    if (timers[i].used && timers[i].due <= now) go_off(&timers[i], now);
  find_next();
  __zvm_signal_deliver();
}

int __zvm_timer_sleep(int64_t until) {
  const struct zvm_thread *self = &__pthread_self()->zvm;
  unsigned before = self->handlers;
  int64_t now;
  while ((now = __zvm_clock_now()) < until) {
    __zvm_clock_sleep((until < next_due ? until : next_due) - now);
    if (self->handlers != before) return -EINTR;
  }
  return 0;
}

/* -- Setting ------------------------------------------------------------- */

/* -1: it is none. What is too long never comes. */
static int64_t length(int64_t s, int64_t part, int64_t per_s) {
  int64_t ns;
  if (s < 0 || part < 0 || part >= per_s) return -1;
  if (__builtin_mul_overflow(s, (int64_t)NS_PER_S, &ns)) return INT64_MAX;
  return sum(ns, part * (NS_PER_S / per_s));
}

/* As time since 1970, `at` by the timer's clock. */
static int64_t absolute(const struct timer *t, int64_t at) {
  struct timespec own;
  if (t->clock == CLOCK_REALTIME) return at;
  __zvm_sys_clock_gettime(t->clock, (arg)(uintptr_t)&own, 0, 0, 0, 0);
  return sum(at, __zvm_clock_now() - (own.tv_sec * NS_PER_S + own.tv_nsec));
}

static void set(struct timer *t, int64_t due, int64_t interval) {
  t->due = due;
  t->interval = interval;
  t->missed = 0;
  find_next();
  __zvm_clock_passed();
}

/* Until it goes off; one that is due has a little left. */
static int64_t left(const struct timer *t) {
  int64_t now = __zvm_clock_now();
  if (!t->used || t->due == INT64_MAX) return 0;
  return t->due > now ? t->due - now : 1;
}

/* -- setitimer, getitimer ------------------------------------------------ */

/* musl takes the words of a 32-bit kernel: interval, then value. */
static void show(const struct timer *t, int out[4]) {
  int64_t us = (left(t) + 999) / 1000, every = t->interval / 1000;
  out[0] = (int)(every / 1000000);
  out[1] = (int)(every % 1000000);
  out[2] = (int)(us / 1000000);
  out[3] = (int)(us % 1000000);
}

SYS(getitimer) {
  if ((unsigned)a >= INTERVALS) return -EINVAL;
  show(&timers[a], PTR(int, b));
  return 0;
}

SYS(setitimer) {
  static const int signals[INTERVALS] = { SIGALRM, SIGVTALRM, SIGPROF };
  const int *in = PTR(const int, b);
  if ((unsigned)a >= INTERVALS) return -EINVAL;
  struct timer *t = &timers[a];
  int64_t interval = length(in[0], in[1], 1000000);
  int64_t value = length(in[2], in[3], 1000000);
  if (interval < 0 || value < 0) return -EINVAL;
  if (c) show(t, PTR(int, c));
  t->used = true;
  t->signal = signals[a];
  t->code = 0x80 /* by the kernel */;
  t->notify = SIGEV_SIGNAL;
  set(t, value ? sum(__zvm_clock_now(), value) : INT64_MAX, interval);
  return 0;
}

/* -- timer_create -------------------------------------------------------- */

/* As musl gives it to a kernel. */
struct event {
  union sigval value;
  int signal, notify, thread;
};

static bool is_known(int clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC ||
         clock == CLOCK_BOOTTIME;
}

SYS(timer_create) {
  const struct event *event = PTR(const struct event, b);
  int id = INTERVALS;
  if (!is_known((int)a)) return -EINVAL;
  while (id < TIMERS && timers[id].used) id++;
  if (id == TIMERS) return -EAGAIN;
  struct timer t = { .used = true, .due = INT64_MAX, .clock = (int)a };
  t.code = SI_TIMER;
  t.signal = event ? event->signal : SIGALRM;
  t.notify = event ? event->notify : SIGEV_SIGNAL;
  t.value = event ? event->value : (union sigval){ .sival_int = id };
  if (t.notify != SIGEV_NONE && (t.signal < 1 || t.signal >= SIGNALS))
    return -EINVAL;
  if (t.notify == SIGEV_THREAD_ID) {
    if (!thread_of(event->thread)) return -EINVAL;
    t.tid = event->thread;
  }
  timers[id] = t;
  *PTR(int, c) = id;
  return 0;
}

static struct timer *timer_of(arg id) {
  bool is = id >= INTERVALS && id < TIMERS && timers[id].used;
  return is ? &timers[id] : NULL;
}

SYS(timer_delete) {
  struct timer *t = timer_of(a);
  if (!t) return -EINVAL;
  t->used = false;
  find_next();
  return 0;
}

SYS(timer_getoverrun) {
  return timer_of(a) ? __zvm_timer_overrun((int)a) : -EINVAL;
}

static void show_spec(const struct timer *t, struct itimerspec *out) {
  int64_t ns = left(t);
  out->it_interval.tv_sec = t->interval / NS_PER_S;
  out->it_interval.tv_nsec = t->interval % NS_PER_S;
  out->it_value.tv_sec = ns / NS_PER_S;
  out->it_value.tv_nsec = ns % NS_PER_S;
}

SYS(timer_gettime) {
  struct timer *t = timer_of(a);
  if (!t) return -EINVAL;
  show_spec(t, PTR(struct itimerspec, b));
  return 0;
}

/* musl passes four wide words: interval, then value. */
SYS(timer_settime) {
  struct timer *t = timer_of(a);
  const long long *in = PTR(const long long, c);
  if (!t) return -EINVAL;
  int64_t interval = length(in[0], in[1], NS_PER_S);
  int64_t value = length(in[2], in[3], NS_PER_S);
  if (interval < 0 || value < 0) return -EINVAL;
  if (d) show_spec(t, PTR(struct itimerspec, d));
  int64_t due = b & TIMER_ABSTIME ? absolute(t, value)
                                  : sum(__zvm_clock_now(), value);
  set(t, value ? due : INT64_MAX, interval);
  return 0;
}
