/*
** bell.c - how the two sides of a ring wait for each other.
**
** Who has to wait looks a little first, then says for which position, and
** sleeps in a read of its end of a socket pair. Who gets to that position
** sends a byte. That the other process is gone is seen at the same socket:
** nobody else has its end.
**
** To tell a position and to look who waits, and to say that one waits and to
** look at the position, are each in this order for all processors: one of the
** two sees the other.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "progress.h"
#include "ring.h"

enum {
  LOOK_CYCLES = 40000, /* of the time stamp counter: some 15 microseconds */
  EAGER_CYCLES = 400000, /* some times what it takes to wake up a sleeper */
  ANSWER_CYCLES = 2000000, /* so that is little of what an answer may take */
  MISSES_MOST = 6,
  PATIENCE_MS = 32,
};


static zvm__ring_side *my_side(const zvm__ring *r) {
  return &r->head->side[r->shape.writes];
}


static zvm__ring_side *their_side(const zvm__ring *r) {
  return &r->head->side[!r->shape.writes];
}


/* If the program around has closed it the other side hears that as our end. */
static bool has_bell(zvm__ring *r) {
  r->gone = r->gone ||
            (r->identity != NULL && !zvm__fd_is(r->bell, r->identity));
  return !r->gone;
}


/*
** It is full: then there is a byte there already. Or there was no memory for a
** byte: then it is lost, and who sleeps looks up later (pipe.c).
*/
static void ring_bell(zvm__ring *r) {
  if (has_bell(r) &&
      send(r->bell, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
      (errno == EPIPE || errno == ECONNRESET))
    r->gone = true;
}


void zvm__ring_tell(zvm__ring *r) {
  zvm__ring_side *other = their_side(r);
  (void)atomic_exchange(&my_side(r)->position, r->mine);
  uint64_t wants = atomic_load_explicit(&other->wants, memory_order_relaxed);
  if (wants != 0 && r->mine >= wants && atomic_exchange(&other->wants, 0) != 0)
    ring_bell(r);
}


void zvm__ring_end(zvm__ring *r) {
  (void)atomic_exchange(&my_side(r)->ended, 1);
  if (atomic_exchange(&their_side(r)->wants, 0) != 0)
    ring_bell(r);
}


void zvm__ring_tell_need(zvm__ring *r) {
  zvm__ring_side *other = their_side(r);
  if (atomic_load(&other->wants) != 0 &&
      r->mine >= atomic_load(&other->needs) &&
      atomic_exchange(&other->wants, 0) != 0)
    ring_bell(r);
}


/* Others have what they need, and may be told when they have what they like. */
static void tell_all(zvm__ring *r) {
  for (zvm__ring *q = r->next; q != r; q = q->next)
    zvm__ring_tell_need(q);
}


void zvm__ring_join(zvm__ring *a, zvm__ring *b) {
  zvm__ring *next = a->next;
  a->next = b->next;
  b->next = next;
}


static bool is_time(const zvm__ring *r, uint64_t target) {
  zvm__ring_side *other = their_side(r);
  return atomic_load(&other->position) >= target || zvm__ring_is_over(r) ||
         (r->shape.writes && atomic_load(&r->head->granted) > r->segment);
}


static bool has_come(const zvm__ring *r, uint64_t target) {
  return atomic_load_explicit(&their_side(r)->position,
                              memory_order_relaxed) >= target;
}


static void note_miss(zvm__ring *r) {
  r->misses += r->misses < MISSES_MOST;
  r->rest = (1U << r->misses) - 1;
}


/*
** On the only processor there is: the other side gets it. If others do, and
** keep it for long, to sleep is better: who is woken comes before them.
*/
static bool take_turns(zvm__ring *r, uint64_t target) {
  uint64_t start = __builtin_ia32_rdtsc();
  bool there, late;
  if (r->rest > 0) {
    r->rest--;
    return false;
  }
  do {
    (void)sched_yield();
    there = has_come(r, target);
    late = __builtin_ia32_rdtsc() - start > EAGER_CYCLES;
  } while (!there && !late && *r->stop == 0);
  if (late)
    note_miss(r);
  else
    r->misses = 0;
  return there;
}


/* For so many cycles. */
static bool look(zvm__ring *r, uint64_t target, uint64_t most) {
  uint64_t start = __builtin_ia32_rdtsc();
  while (__builtin_ia32_rdtsc() - start < most && *r->stop == 0) {
    if (has_come(r, target)) {
      r->misses = r->rest = 0;
      return true;
    }
    __builtin_ia32_pause();
  }
  return false;
}


/*
** While both run, the other one is there sooner than a sleeper is woken. Each
** look in vain, in a row, doubles how often it is not done; or is a short one,
** if the ring is eager, as sides that ask and answer in turn then would not
** meet any more. The longest one is for an answer: that is on its way.
*/
static bool glance(zvm__ring *r, uint64_t target) {
  bool eager = r->shape.eager;
  if (r->shape.alone)
    return eager && take_turns(r, target);
  if (r->rest > 0) {
    r->rest--;
    return eager && look(r, target, LOOK_CYCLES);
  }
  if (look(r, target, !eager       ? LOOK_CYCLES
                      : r->answers ? ANSWER_CYCLES
                                   : EAGER_CYCLES))
    return true;
  note_miss(r);
  return false;
}


/* The clock is looked at from the second wait on: most calls have but one. */
static bool is_late(zvm__ring *r) {
  if (r->patience_ns == 0)
    return false;
  uint64_t now = zvm__now_ns();
  if (r->until_ns == 0)
    r->until_ns = now + r->patience_ns;
  return now >= r->until_ns;
}


/*
** A bell, or the end of who rings it: a count or -errno as of a read; 0: gone.
** Now and then it is -EAGAIN: for a reader as its socket says; for a writer as
** the host may have granted a segment, soon at first: a deadlock may wait for
** that.
*/
static long hear(const zvm__ring *r, int *patience_ms) {
  char bytes[64];
  if (r->shape.writes) {
    struct pollfd p = {.fd = r->bell, .events = POLLIN};
    long n = zvm__blocking_call(r->stop, SYS_poll, (long)&p, 1, *patience_ms);
    if (*patience_ms < PATIENCE_MS)
      *patience_ms *= 2;
    if (n <= 0)
      return n == 0 ? -EAGAIN : n;
  }
  return zvm__blocking_call(r->stop, SYS_read, r->bell, (long)bytes,
                            sizeof bytes);
}


static int sleep_until(zvm__ring *r, uint64_t needs, uint64_t likes) {
  int patience_ms = 1;
  atomic_store_explicit(&my_side(r)->needs, needs, memory_order_relaxed);
  for (;;) {
    (void)atomic_exchange(&my_side(r)->wants, likes);
    if (is_time(r, needs) || !has_bell(r))
      return 0;
    long n = hear(r, &patience_ms);
    if ((n == -EAGAIN || n == -EINTR) && is_late(r))
      return ETIMEDOUT;
    if (n == -EAGAIN || (n == -EINTR && *r->stop == 0))
      continue;
    r->gone = r->gone || (n <= 0 && n != -EINTR);
    return n == -EINTR ? EINTR : 0;
  }
}


int zvm__ring_wait(zvm__ring *r, uint64_t needs, uint64_t likes) {
  if (r->waits++ > 0 && is_late(r))
    return ETIMEDOUT;
  if (glance(r, needs))
    return 0;
  tell_all(r);
  if (r->says != NULL)
    zvm__progress_wait(r->says, r->as);
  int os = sleep_until(r, needs, likes);
  if (r->says != NULL)
    zvm__progress_wait(r->says, 0);
  atomic_store_explicit(&my_side(r)->wants, 0, memory_order_relaxed);
  return os;
}
