/*
** poll.c - poll and select: which of some open files can go on.
**
** Files and channels always can, pipes when they hold or take bytes. Where
** nothing can, other threads run; where none can, the clock goes on to the
** time limit and that is the answer. Without a limit nothing would ever
** happen: EDEADLK.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>

#include "blocked.h"
#include "fs.h"

#define NS_PER_S 1000000000
#define NS_PER_MS 1000000

/* -- Waiting ------------------------------------------------------------- */

int __zvm_poll_file(struct file *f) {
  const struct kind *k = f->node->kind;
  return k->poll ? k->poll(f) : POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

int64_t __zvm_poll_limit(int64_t seconds, int64_t ns) {
  int64_t limit;
  if (__builtin_mul_overflow(seconds, (int64_t)NS_PER_S, &limit) ||
      __builtin_add_overflow(limit, ns, &limit) ||
      __builtin_add_overflow(limit, __zvm_clock_now(), &limit))
    return FOREVER - 1;
  return limit;
}

/* 0, or why it is of no use to go on: whatever handler ran, EINTR. */
static int pass_time(int64_t limit) {
  const struct zvm_thread *self = &__pthread_self()->zvm;
  int64_t due = __zvm_timer_due ? __zvm_timer_due() : FOREVER;
  unsigned before = self->handlers;
  int err = let_pass(due < limit ? due : limit);
  return self->handlers != before || is_cancelled() ? -EINTR : err;
}

int __zvm_poll_wait(int (*look)(void *), void *what, int64_t limit) {
  for (;;) {
    int found = look(what), err;
    if (found) return found;
    if (limit != FOREVER && __zvm_clock_now() >= limit) return 0;
    if ((err = pass_time(limit))) return err;
  }
}

/*
** A mask for the time of the call: what it lets through is handled now, and
** the call is over when something was.
*/
static int set_mask(const void *mask, uint64_t *old) {
  uint64_t pending, now;
  if (!mask) return 0;
  memcpy(&now, mask, sizeof(now));
  __zvm_sys_rt_sigpending((uintptr_t)&pending, 0, 0, 0, 0, 0);
  __zvm_sys_rt_sigprocmask(SIG_SETMASK, (uintptr_t)mask, (uintptr_t)old, 0, 0,
                           0);
  return pending & ~now ? -EINTR : 0;
}

static void restore_mask(const void *mask, const uint64_t *old) {
  if (!mask) return;
  __zvm_sys_rt_sigprocmask(SIG_SETMASK, (uintptr_t)old, 0, 0, 0, 0);
}

int __zvm_poll_masked(int (*look)(void *), void *what, int64_t limit,
                      const void *mask) {
  uint64_t old;
  int found = set_mask(mask, &old);
  if (!found) found = __zvm_poll_wait(look, what, limit);
  restore_mask(mask, &old);
  return found;
}

static int limit_of(const struct timespec *ts, int64_t *limit) {
  *limit = FOREVER;
  if (!ts) return 0;
  if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= NS_PER_S)
    return -EINVAL;
  *limit = __zvm_poll_limit(ts->tv_sec, ts->tv_nsec);
  return 0;
}

/* -- poll ---------------------------------------------------------------- */

struct polled {
  struct pollfd *fds;
  nfds_t count;
};

static int look_at_fds(void *what) {
  struct polled *p = what;
  int found = 0;
  for (nfds_t i = 0; i < p->count; i++) {
    struct pollfd *fd = &p->fds[i];
    struct file *f = fd->fd < 0 ? NULL : __zvm_file(fd->fd);
    fd->revents = 0;
    if (f)
      fd->revents =
          (short)(__zvm_poll_file(f) & (fd->events | POLLERR | POLLHUP));
    else if (fd->fd >= 0)
      fd->revents = POLLNVAL;
    if (fd->revents) found++;
  }
  return found;
}

SYS(poll) {
  struct polled p = { PTR(struct pollfd, a), (nfds_t)b };
  int64_t ms = (int)c;
  if (p.count > FD_MAX) return -EINVAL;
  return __zvm_poll_wait(look_at_fds, &p,
                         ms < 0 ? FOREVER
                                : __zvm_poll_limit(0, ms * NS_PER_MS));
}

SYS(ppoll) {
  struct polled p = { PTR(struct pollfd, a), (nfds_t)b };
  int64_t limit;
  int err = limit_of(PTR(const struct timespec, c), &limit);
  if (err) return err;
  if (p.count > FD_MAX) return -EINVAL;
  return __zvm_poll_masked(look_at_fds, &p, limit, PTR(const void, d));
}

/* -- select -------------------------------------------------------------- */

struct selected {
  int count;
  fd_set *asked[3], found[3]; /* to read, to write, of exceptions */
};

static int look_at_sets(void *what) {
  static const int wanted[3] = {
    POLLIN | POLLRDNORM | POLLHUP | POLLERR,
    POLLOUT | POLLWRNORM | POLLERR,
    POLLPRI,
  };
  struct selected *s = what;
  int found = 0;
  memset(s->found, 0, sizeof(s->found));
  for (int fd = 0; fd < s->count; fd++) {
    struct file *f = NULL;
    for (int i = 0; i < 3; i++) {
      if (!s->asked[i] || !FD_ISSET(fd, s->asked[i])) continue;
      if (!f && !(f = __zvm_file(fd))) return -EBADF;
      if (!(__zvm_poll_file(f) & wanted[i])) continue;
      FD_SET(fd, &s->found[i]);
      found++;
    }
  }
  return found;
}

static int select_until(int count, arg sets[3], int64_t limit,
                        const void *mask) {
  struct selected s = { .count = count };
  size_t bytes;
  int found;
  if (count < 0) return -EINVAL;
  if (count > FD_SETSIZE) s.count = FD_SETSIZE;
  for (int i = 0; i < 3; i++) s.asked[i] = PTR(fd_set, sets[i]);
  found = __zvm_poll_masked(look_at_sets, &s, limit, mask);
  if (found < 0) return found;
  bytes = ((size_t)s.count + 8 * sizeof(long) - 1) / (8 * sizeof(long));
  bytes *= sizeof(long);
  for (int i = 0; i < 3; i++)
    if (s.asked[i]) memcpy(s.asked[i], &s.found[i], bytes);
  return found;
}

SYS(pselect6) {
  const arg *mask = PTR(const arg, f);
  int64_t limit;
  int err = limit_of(PTR(const struct timespec, e), &limit);
  if (err) return err;
  return select_until((int)a, (arg[]){ b, c, d }, limit,
                      mask ? PTR(const void, mask[0]) : NULL);
}
