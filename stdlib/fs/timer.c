/*
** timer.c - timerfd: how often a time came on the clock of the instance.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

#include "blocked.h"
#include "new_node.h"

#define NS_PER_S 1000000000

struct timer {
  struct timer *next;
  int clock;
  int64_t due;      /* on the clock that never jumps back; 0: not set */
  int64_t interval; /* 0: once                                        */
};

static struct timer *timers;

int64_t __zvm_timer_due(void) {
  int64_t now = __zvm_clock_now(), first = FOREVER;
  for (struct timer *t = timers; t; t = t->next)
    if (t->due > now && t->due < first) first = t->due;
  return first;
}

static int look(void *what) {
  struct timer *t = what;
  return t->due && __zvm_clock_now() >= t->due;
}

static int64_t timer_read(struct file *f, void *to, size_t n, int64_t off) {
  struct timer *t = f->node->own;
  uint64_t count = 1;
  int err;
  (void)off;
  if (n < sizeof(count)) return -EINVAL;
  if (!look(t) && (f->flags & O_NONBLOCK)) return -EAGAIN;
  /* Its own time is among those that the wait goes on to. */
  if ((err = __zvm_poll_wait(look, t, FOREVER)) < 0) return err;
  if (t->interval)
    count += (uint64_t)((__zvm_clock_now() - t->due) / t->interval);
  t->due = t->interval ? t->due + (int64_t)count * t->interval : 0;
  memcpy(to, &count, sizeof(count));
  return sizeof(count);
}

static int timer_poll(struct file *f) {
  return look(f->node->own) ? POLLIN | POLLRDNORM : 0;
}

static void timer_drop(struct node *n) {
  struct timer **link = &timers;
  while (*link != n->own) link = &(*link)->next;
  *link = (*link)->next;
  __zvm_fs_free(n->own);
}

static const struct kind kind = {
  .read = timer_read,
  .poll = timer_poll,
  .drop = timer_drop,
};

SYS(timerfd_create) {
  int clock = (int)a, flags = (int)b;
  struct timer *made;
  struct node *n;
  if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK)) return -EINVAL;
  if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
      clock != CLOCK_BOOTTIME)
    return -EINVAL;
  made = __zvm_fs_alloc(sizeof(*made));
  if (!(n = __zvm_node_owning(&kind, 0600, made))) return -ENOMEM;
  *made = (struct timer){ .next = timers, .clock = clock };
  timers = made;
  return __zvm_open_new(n, O_RDWR | flags);
}

static int to_ns(const struct timespec *ts, int64_t *ns) {
  if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= NS_PER_S)
    return -EINVAL;
  if (__builtin_mul_overflow(ts->tv_sec, (int64_t)NS_PER_S, ns) ||
      __builtin_add_overflow(*ns, ts->tv_nsec, ns))
    *ns = FOREVER - 1;
  return 0;
}

static struct timespec from_ns(int64_t ns) {
  return (struct timespec){ .tv_sec = ns / NS_PER_S,
                            .tv_nsec = (long)(ns % NS_PER_S) };
}

static void tell(const struct timer *t, struct itimerspec *out) {
  int64_t now = __zvm_clock_now(), due = t->due;
  if (due && due <= now && t->interval)
    due += ((now - due) / t->interval + 1) * t->interval;
  out->it_interval = from_ns(t->interval);
  out->it_value = from_ns(due > now ? due - now : 0);
}

/* What the timer's clock shows less what the instance's does. */
static int64_t shift_of(const struct timer *t) {
  struct timespec ts;
  if (t->clock == CLOCK_REALTIME) return 0;
  __zvm_sys_clock_gettime(t->clock, (uintptr_t)&ts, 0, 0, 0, 0);
  return ts.tv_sec * NS_PER_S + ts.tv_nsec - __zvm_clock_now();
}

static struct timer *timer_of(int fd, int *err) {
  struct file *f = __zvm_file(fd);
  *err = f ? -EINVAL : -EBADF;
  return f && f->node->kind == &kind ? f->node->own : NULL;
}

SYS(timerfd_settime) {
  const struct itimerspec *in = PTR(const struct itimerspec, c);
  struct itimerspec *out = PTR(struct itimerspec, d);
  int64_t due, interval, base;
  int err;
  struct timer *t = timer_of((int)a, &err);
  if (!t) return err;
  if (((int)b & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) ||
      to_ns(&in->it_value, &due) || to_ns(&in->it_interval, &interval))
    return -EINVAL;
  if (out) tell(t, out);
  base = (int)b & TFD_TIMER_ABSTIME ? -shift_of(t) : __zvm_clock_now();
  t->interval = due ? interval : 0;
  t->due = due;
  if (due && __builtin_add_overflow(due, base, &t->due)) t->due = FOREVER - 1;
  tell_others();
  return 0;
}

SYS(timerfd_gettime) {
  int err;
  struct timer *t = timer_of((int)a, &err);
  if (!t) return err;
  tell(t, PTR(struct itimerspec, b));
  return 0;
}
