/*
** scheduler.c - which thread runs.
**
** One at a time, until it waits, yields or ends; then the one that has been
** ready longest. Nothing else switches: between two calls of this file a
** thread is alone, and what musl and malloc do there needs no lock.
**
** Those who can run are in the queue `ready`; who waits is in the queue of
** its address's bucket, and with a deadline in the heap of deadlines too.
** When nobody can run, the clock goes to the first deadline; when there is
** none either, that is a deadlock.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scheduler.h"

#include <stddef.h>

#include "sys.h"

#define BUCKETS 256
#define YIELD_NS 1000

extern uint64_t __zvm_tp;

/* Of sys/signal.c and sys/timer.c, where a program has them. */
extern weak hidden void __zvm_signal_deliver(void);
extern weak hidden int64_t __zvm_timer_next(void);

pthread_t __zvm_oldest = &__zvm_thread;
static bool idles;

static struct zvm_link ready = { &ready, &ready };
static unsigned ready_count;
static struct zvm_link buckets[BUCKETS]; /* next is NULL: never used */
static pthread_t timers;                 /* the first deadline       */
static uint64_t turns;
static pthread_t corpse; /* ended and detached; its stack was in use */

static unsigned polls; /* in a row by threads that found nothing to do */
static int64_t polls_clock;
static int64_t polls_limit = NEVER; /* the first that one of them has */

/* -- Queues -------------------------------------------------------------- */

static pthread_t thread_at(struct zvm_link *link) {
  return (pthread_t)((char *)link - offsetof(struct __pthread, zvm.link));
}

static void append(struct zvm_link *queue, struct zvm_link *link) {
  link->next = queue;
  link->prev = queue->prev;
  queue->prev->next = link;
  queue->prev = link;
}

static void detach(struct zvm_link *link) {
  link->next->prev = link->prev;
  link->prev->next = link->next;
}

static struct zvm_link *bucket_of(const volatile void *on) {
  uint32_t hash = (uint32_t)(uintptr_t)on * 2654435761u;
  struct zvm_link *bucket = &buckets[hash >> 24];
  if (!bucket->next) bucket->next = bucket->prev = bucket;
  return bucket;
}

static void make_ready(pthread_t t) {
  t->zvm.on = NULL;
  append(&ready, &t->zvm.link);
  ready_count++;
}

/* -- Deadlines: a skew heap ---------------------------------------------- */

static bool is_before(pthread_t a, pthread_t b) {
  if (a->zvm.deadline != b->zvm.deadline)
    return a->zvm.deadline < b->zvm.deadline;
  return a->zvm.turn < b->zvm.turn;
}

/* Both heaps in the place of a child of `parent`. */
static void merge(pthread_t *at, pthread_t parent, pthread_t a, pthread_t b) {
  while (a && b) {
    pthread_t first = is_before(a, b) ? a : b;
    b = first == a ? b : a;
    a = first->zvm.right;
    *at = first;
    first->zvm.parent = parent;
    first->zvm.right = first->zvm.left;
    at = &first->zvm.left;
    parent = first;
  }
  *at = a ? a : b;
  if (*at) (*at)->zvm.parent = parent;
}

static void add_deadline(pthread_t t, int64_t deadline) {
  t->zvm.deadline = deadline;
  if (deadline == NEVER) return;
  t->zvm.turn = turns++;
  t->zvm.left = t->zvm.right = NULL;
  merge(&timers, NULL, timers, t);
}

static void drop_deadline(pthread_t t) {
  pthread_t parent = t->zvm.parent;
  pthread_t *at = &timers;
  if (t->zvm.deadline == NEVER) return;
  if (parent)
    at = parent->zvm.left == t ? &parent->zvm.left : &parent->zvm.right;
  merge(at, parent, t->zvm.left, t->zvm.right);
}

/* -- Waking -------------------------------------------------------------- */

/* Something happened: all who look have to look again. */
void __zvm_thread_progress(void) {
  polls = 0;
  polls_limit = NEVER;
}

static void wake(pthread_t t, int result) {
  detach(&t->zvm.link);
  drop_deadline(t);
  t->zvm.result = result;
  make_ready(t);
  __zvm_thread_progress();
}

static void wake_due(void) {
  int64_t now = __zvm_clock_now();
  while (timers && timers->zvm.deadline <= now) wake(timers, ETIMEDOUT);
}

pthread_t __zvm_thread_parked(const volatile void *on) {
  struct zvm_link *bucket = bucket_of(on), *link;
  for (link = bucket->next; link != bucket; link = link->next)
    if (thread_at(link)->zvm.on == on) return thread_at(link);
  return NULL;
}

pthread_t __zvm_thread_unpark(const volatile void *on) {
  pthread_t t = __zvm_thread_parked(on);
  if (t) wake(t, 0);
  return t;
}

int __zvm_requeue(const volatile void *from, const volatile void *to,
                  int most) {
  int count = 0;
  pthread_t t;
  while (from != to && count < most && (t = __zvm_thread_parked(from))) {
    detach(&t->zvm.link);
    t->zvm.on = to;
    append(bucket_of(to), &t->zvm.link);
    count++;
  }
  return count;
}

void __zvm_thread_interrupt(pthread_t t) {
  if (t->zvm.on)
    wake(t, EINTR);
  else
    __zvm_thread_progress();
}

/* -- Switching ----------------------------------------------------------- */

static void check_stack(pthread_t t) {
  const uint32_t *canary = t->zvm.canary;
  uint32_t here = (uint32_t)(uintptr_t)__builtin_frame_address(0);
  if (!canary) return;
  if (*canary != CANARY || here < (uint32_t)(uintptr_t)canary)
    zvm_stack_overflow(t);
}

static void free_corpse(void) {
  pthread_t t = corpse;
  corpse = NULL;
  if (t) __zvm_thread_free(t);
}

/* When something will happen by itself, without anyone running. */
static int64_t next_event(void) {
  int64_t first = timers ? timers->zvm.deadline : NEVER;
  int64_t alarm = __zvm_timer_next ? __zvm_timer_next() : NEVER;
  return alarm < first ? alarm : first;
}

static void move_clock(int64_t to) {
  int64_t now = __zvm_clock_now();
  if (to > now) __zvm_clock_sleep(to - now);
  wake_due();
}

/* Nobody can run: to where time brings something. No handler may run in the
** midst of this: the thread whose stack it is waits in a queue. */
static void idle(void) {
  idles = true;
  while (ready.next == &ready) {
    int64_t next = next_event();
    if (next == NEVER) zvm_deadlock();
    move_clock(next);
  }
  idles = false;
}

/* The next to run, out of the queue. */
static pthread_t next_thread(void) {
  struct zvm_link *link;
  wake_due();
  if (ready.next == &ready) idle();
  link = ready.next;
  detach(link);
  ready_count--;
  return thread_at(link);
}

/* In the thread that goes on. */
static void arrive(void) {
  pthread_t self = __zvm_self;
  free_corpse();
  if (self->cancel && self->cancelasync && !self->canceldisable)
    pthread_exit(PTHREAD_CANCELED);
  if (__zvm_signal_deliver) __zvm_signal_deliver();
}

/* Returns what the wait came to; a handler that runs now may wait, too. */
static int run_next(void) {
  pthread_t self = __zvm_self, t = next_thread();
  int result;
  check_stack(self);
  if (t != self) {
    __zvm_self = t;
    __zvm_tp = t->zvm.distance;
    __zvm_switch(&self->zvm.sp, t->zvm.sp);
  }
  result = self->zvm.result;
  arrive();
  return result;
}

int __zvm_thread_park(const volatile void *on, enum wait kind,
                      int64_t deadline) {
  pthread_t self = __zvm_self;
  self->zvm.on = on;
  self->zvm.kind = kind;
  append(bucket_of(on), &self->zvm.link);
  add_deadline(self, deadline);
  __zvm_thread_progress();
  return run_next();
}

/* A signal that another thread took in the end does not cut it short. */
int __zvm_sleep_until(int64_t ns) {
  pthread_t self = __zvm_self;
  unsigned before = self->zvm.handlers;
  int64_t deadline = ns == NEVER ? NEVER - 1 : ns;
  int r;
  do r = __zvm_thread_park(&self->zvm.sp, WAIT_TIME, deadline);
  while (r == EINTR && self->zvm.handlers == before && !self->cancel);
  return r == EINTR ? -EINTR : 0;
}

/* -- Yielding ------------------------------------------------------------ */

static void go_last(void) {
  make_ready(__zvm_self);
  run_next();
}

/*
** A yield takes a microsecond, so that who waits for a time gets its turn
** however many threads do nothing but yield; alone, up to that time.
*/
void __zvm_thread_yield(void) {
  pthread_t self = __zvm_self;
  if (self->next == self) return;
  __zvm_thread_progress();
  __zvm_clock_advance(YIELD_NS);
  wake_due();
  if (!ready_count && next_event() != NEVER) move_clock(next_event());
  go_last();
}

/*
** For a thread that looks again and again whether it can go on. When all
** who are ready did so in turn, and none found anything (each would have
** moved the clock, waited or woken someone), only time can help.
*/
bool __zvm_thread_yield_before(int64_t limit) {
  int64_t now = __zvm_clock_now();
  if (now != polls_clock) __zvm_thread_progress();
  wake_due();
  if (limit <= now) return false;
  if (limit < polls_limit) polls_limit = limit;
  if (!ready_count || polls > ready_count) {
    int64_t next = next_event();
    if (polls_limit < next) next = polls_limit;
    if (next == NEVER) return false;
    move_clock(next);
    __zvm_thread_progress();
    if (limit <= __zvm_clock_now()) return false;
  }
  polls_clock = __zvm_clock_now();
  polls++;
  go_last();
  return true;
}

bool __zvm_thread_yield_blocked(void) {
  return __zvm_thread_yield_before(NEVER);
}

bool __zvm_thread_is_idle(void) { return idles; }

/* -- Coming and going ---------------------------------------------------- */

void __zvm_thread_add(pthread_t t) {
  t->next = __zvm_oldest;
  t->prev = __zvm_oldest->prev;
  t->prev->next = t;
  t->next->prev = t;
  __zvm_thread_progress();
  make_ready(t);
}

void __zvm_thread_leave(bool detached) {
  pthread_t self = __zvm_self;
  if (__zvm_oldest == self) __zvm_oldest = self->next;
  self->next->prev = self->prev;
  self->prev->next = self->next;
  self->prev = self->next = self;
  free_corpse();
  __zvm_thread_progress();
  if (detached && self->map_base) corpse = self;
  run_next();
  __builtin_unreachable();
}

/* A new thread's first function, on its own stack. */
void __zvm_thread_main(void) {
  pthread_t self = __zvm_self;
  arrive();
  pthread_exit(self->zvm.run(self->zvm.argument));
}

pthread_t __zvm_thread_oldest(void) { return __zvm_oldest; }

pthread_t __zvm_thread_of(int tid) {
  pthread_t t = __zvm_oldest;
  do {
    if (t->tid == tid) return t;
  } while ((t = t->next) != __zvm_oldest);
  return NULL;
}
