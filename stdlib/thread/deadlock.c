/*
** deadlock.c - who waits for what, when nobody can run.
**
** Goes to stderr past stdio, whose locks may be part of it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stddef.h>

#include "scheduler.h"
#include "sys.h"

#define LINES 100

extern weak hidden void __zvm_fault_disarm(void); /* sys/fault.c */

/* -- Lines --------------------------------------------------------------- */

struct line {
  char text[200];
  size_t len;
};

static void add(struct line *l, const char *s) {
  while (*s && l->len < sizeof(l->text) - 1) l->text[l->len++] = *s++;
}

static void add_number(struct line *l, uint32_t n, unsigned base) {
  char digits[12], *p = digits + sizeof(digits);
  *--p = 0;
  do *--p = "0123456789abcdef"[n % base];
  while (n /= base);
  add(l, p);
}

static void add_thread(struct line *l, pthread_t t) {
  add(l, "thread ");
  add_number(l, (uint32_t)t->tid, 10);
  if (!t->zvm.name[0]) return;
  add(l, " (");
  add(l, t->zvm.name);
  add(l, ")");
}

static void put(struct line *l) {
  l->text[l->len++] = '\n';
  zvm_pwrite(2, l->text, (int32_t)l->len, 0);
}

/* -- Waits --------------------------------------------------------------- */

/* Who could end the wait: a thread's number, 0 if that cannot be told. */
static int holder_of(pthread_t t) {
  const volatile void *on = t->zvm.on;
  switch ((enum wait)t->zvm.kind) {
    case WAIT_MUTEX: return *(const volatile int *)on & 0x3fffffff;
    case WAIT_READ:
    case WAIT_WRITE: return ((const pthread_rwlock_t *)on)->_rw_waiters;
    case WAIT_ADDRESS:
    case WAIT_CONDITION:
    case WAIT_SEMAPHORE:
    case WAIT_BARRIER:
    case WAIT_ONCE:
    case WAIT_SPIN:
    case WAIT_JOIN:
    case WAIT_TIME: break;
  }
  return 0;
}

/* What it waits for, and where in it the address lies that it waits on. */
static const struct {
  const char *name;
  size_t offset;
} known[] = {
  [WAIT_ADDRESS] = { "waits for the word at", 0 },
  [WAIT_MUTEX] = { "waits for mutex", offsetof(pthread_mutex_t, _m_lock) },
  [WAIT_CONDITION] = { "waits for condition",
                       offsetof(pthread_cond_t, _c_seq) },
  [WAIT_READ] = { "waits to read, read-write lock", 0 },
  [WAIT_WRITE] = { "waits to write, read-write lock", 0 },
  [WAIT_SEMAPHORE] = { "waits for semaphore", 0 },
  [WAIT_BARRIER] = { "waits at barrier",
                     offsetof(pthread_barrier_t, _b_count) },
  [WAIT_ONCE] = { "waits for pthread_once", 0 },
  [WAIT_SPIN] = { "waits for spin lock", 0 },
  [WAIT_JOIN] = { "waits for the end of",
                  offsetof(struct __pthread, detach_state) },
  [WAIT_TIME] = { "waits for a time", 0 },
};

static void describe(struct line *l, pthread_t t) {
  uintptr_t on = (uintptr_t)t->zvm.on;
  pthread_t owner;
  int holder;
  add_thread(l, t);
  add(l, " ");
  add(l, on ? known[t->zvm.kind].name : "looks for what does not come");
  if (!on) return;
  on -= known[t->zvm.kind].offset;
  add(l, " ");
  if (t->zvm.kind == WAIT_JOIN) {
    add_thread(l, (pthread_t)on);
    return;
  }
  add(l, "0x");
  add_number(l, (uint32_t)on, 16);
  if (!(holder = holder_of(t))) return;
  add(l, " held by ");
  owner = __zvm_thread_of(holder);
  if (owner) {
    add_thread(l, owner);
  } else {
    add(l, "thread ");
    add_number(l, (uint32_t)holder, 10);
    add(l, ", which has ended");
  }
}

void __zvm_deadlock_report(void) {
  pthread_t t = __zvm_oldest;
  unsigned count = 0;
  do {
    struct line l = { .len = 0 };
    if (++count > LINES) continue;
    add(&l, "zvm: deadlock: ");
    describe(&l, t);
    put(&l);
  } while ((t = t->next) != __zvm_oldest);
  if (count > LINES) {
    struct line l = { .len = 0 };
    add(&l, "zvm: deadlock: ");
    add_number(&l, count - LINES, 10);
    add(&l, " more threads wait");
    put(&l);
  }
}

/* The halt is not the program's to handle. */
void zvm_stack_overflow(pthread_t t) {
  struct line l = { .len = 0 };
  add(&l, "zvm: stack overflow: ");
  add_thread(&l, t);
  add(&l, " has ");
  add_number(&l, t->stack_size, 10);
  add(&l, " bytes");
  put(&l);
  if (__zvm_fault_disarm) __zvm_fault_disarm();
  a_crash();
  __builtin_unreachable();
}
