/*
** signal.c - signals that a program sends to itself.
**
** Nobody else sends any but timers, and faults of its own (fault.c). One that
** is not blocked is delivered before the call that sent it returns: its handler
** is a call. One to another thread is delivered when that one goes on. A signal
** whose default is to end the program ends it by a halt fault, as abort() must,
** in a place that is named after the signal.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <string.h>

#include "pthread_impl.h"
#include "scheduler.h"
#include "signals.h"

#define UNBLOCKABLE (SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP))

struct k_sigaction __zvm_actions[SIGNALS];

uint64_t *__zvm_signal_mask(void) {
  return &__pthread_self()->zvm.signal_mask;
}

static void set_mask(uint64_t mask) {
  *__zvm_signal_mask() = mask & ~UNBLOCKABLE;
}

/* Stopped with nobody to continue it: carry on. */
static bool default_is_nothing(int sig) {
  return SIG_BIT(sig) &
         (SIG_BIT(SIGCHLD) | SIG_BIT(SIGURG) | SIG_BIT(SIGWINCH) |
          SIG_BIT(SIGCONT) | SIG_BIT(SIGSTOP) | SIG_BIT(SIGTSTP) |
          SIG_BIT(SIGTTIN) | SIG_BIT(SIGTTOU));
}

static bool is_ignored(int sig) {
  void (*handler)(int) = __zvm_actions[sig].handler;
  return handler == SIG_IGN ||
         (handler == SIG_DFL && default_is_nothing(sig));
}

/* -- Threads, in a program that has more than one ------------------------ */

extern weak __typeof(__zvm_thread_oldest) __zvm_thread_oldest;
extern weak __typeof(__zvm_thread_is_idle) __zvm_thread_is_idle;
extern weak __typeof(__zvm_thread_of) __zvm_thread_of;
extern weak __typeof(__zvm_thread_interrupt) __zvm_thread_interrupt;
extern weak __typeof(__zvm_thread_progress) __zvm_thread_progress;

static pthread_t first(void) {
  return __zvm_thread_oldest ? __zvm_thread_oldest() : __pthread_self();
}

/* The one after it in the ring; NULL: that was the last. */
static pthread_t next(pthread_t t) {
  t = __zvm_thread_oldest ? t->next : NULL;
  return t == first() ? NULL : t;
}

static bool is_idle(void) {
  return __zvm_thread_is_idle && __zvm_thread_is_idle();
}

static pthread_t thread_of(int tid) {
  pthread_t self = __pthread_self();
  if (self->tid == tid) return self;
  return __zvm_thread_of && tid > 0 ? __zvm_thread_of(tid) : NULL;
}

static bool takes(pthread_t t, int sig) {
  return !(t->zvm.signal_mask & SIG_BIT(sig));
}

/* The one who runs if it may, else the oldest. NULL: all block it. */
static pthread_t taker(int sig, pthread_t to) {
  pthread_t self = __pthread_self(), t;
  if (to) return takes(to, sig) ? to : NULL;
  if (!is_idle() && takes(self, sig)) return self;
  for (t = first(); t; t = next(t))
    if (takes(t, sig)) return t;
  return NULL;
}

/* Let the one go on who takes it. All who wait for one look again. */
static void notify(int sig, pthread_t to) {
  pthread_t t = taker(sig, to);
  if (t && __zvm_actions[sig].handler == SIG_DFL && !default_is_nothing(sig))
    __zvm_killed(sig);
  if (!__zvm_thread_interrupt) return;
  if (t && (is_idle() || t != __pthread_self()))
    __zvm_thread_interrupt(t);
  else
    __zvm_thread_progress();
}

/* -- What is pending ----------------------------------------------------- */

/* In the order sent. A signal below 32 is there once, others as often. */
enum { QUEUE = 64 };
LARGE static struct sent {
  siginfo_t info;
  pthread_t to; /* NULL: the program */
} queue[QUEUE];
static int queued;
static uint64_t to_all; /* one without a place in the queue too */

static uint64_t *pending(pthread_t to) {
  return to ? &to->zvm.signal_pending : &to_all;
}

bool __zvm_signal_is_pending(int sig, pthread_t to) {
  return (*pending(to) & SIG_BIT(sig)) != 0;
}

int __zvm_signal_queue(const siginfo_t *info, pthread_t to) {
  int sig = info->si_signo;
  if (is_ignored(sig) && takes(to ? to : first(), sig)) return 0;
  if (sig < 32 && __zvm_signal_is_pending(sig, to)) return 0;
  if (queued == QUEUE && sig >= 32) return -EAGAIN;
  if (queued < QUEUE) queue[queued++] = (struct sent){ *info, to };
  *pending(to) |= SIG_BIT(sig);
  notify(sig, to);
  return 0;
}

static void drop(int at) {
  queued--;
  memmove(&queue[at], &queue[at + 1], (size_t)(queued - at) * sizeof(*queue));
}

/* The first one of `sig`; the bit goes with the last one. */
static void take(int sig, pthread_t to, siginfo_t *info) {
  int at = -1, more = 0;
  for (int i = queued; i-- > 0;) {
    if (queue[i].info.si_signo != sig || queue[i].to != to) continue;
    more += at >= 0;
    at = i;
  }
  *info = (siginfo_t){ .si_signo = sig, .si_code = SI_USER };
  if (!more) *pending(to) &= ~SIG_BIT(sig);
  if (at < 0) return;
  *info = queue[at].info;
  drop(at);
}

/* Those to the thread alone come first. */
int __zvm_signal_take(uint64_t set, siginfo_t *info) {
  pthread_t to = __pthread_self();
  if (!(*pending(to) & set)) to = NULL;
  uint64_t due = *pending(to) & set;
  if (!due) return 0;
  int sig = __builtin_ctzll(due) + 1;
  take(sig, to, info);
  return sig;
}

/* What was sent to a thread that ends. */
void __zvm_signals_leave(pthread_t t) {
  for (int i = queued; i-- > 0;)
    if (queue[i].to == t) drop(i);
  t->zvm.signal_pending = 0;
}

/* What is ignored from now on is not pending any more. */
static void forget(int sig) {
  for (int i = queued; i-- > 0;)
    if (queue[i].info.si_signo == sig) drop(i);
  to_all &= ~SIG_BIT(sig);
  for (pthread_t t = first(); t; t = next(t))
    t->zvm.signal_pending &= ~SIG_BIT(sig);
}

/* -- Delivery ------------------------------------------------------------ */

extern weak __typeof(__zvm_fault_disarm) __zvm_fault_disarm;
extern weak __typeof(__zvm_timer_overrun) __zvm_timer_overrun;

/* Its halt is not the program's to handle. */
_Noreturn void __zvm_killed(int sig) {
  if (__zvm_fault_disarm) __zvm_fault_disarm();
  __zvm_killed_by(sig);
}

static void run_handler(const struct k_sigaction *act,
                        const siginfo_t *info) {
  struct signal_frame frame = { .act = *act, .info = *info };
  ucontext_t *context = &frame.context;
  uintptr_t rsp = (uintptr_t)__builtin_frame_address(0);
  uintptr_t top = __zvm_handler_stack(act, rsp);
  if (info->si_code == SI_TIMER && __zvm_timer_overrun)
    frame.info.si_overrun = __zvm_timer_overrun(info->si_timerid);
  context->uc_mcontext.gregs[REG_RSP] = rsp;
  context->uc_mcontext.gregs[REG_RIP] =
      (uintptr_t)__builtin_return_address(0);
  context->uc_stack = __zvm_alternate();
  memcpy(&context->uc_sigmask, __zvm_signal_mask(), sizeof(uint64_t));
  if (top == rsp)
    __zvm_handler_call(&frame);
  else
    __zvm_call_on(top, __zvm_handler_call, &frame);
  set_mask(__zvm_mask_of(&context->uc_sigmask));
}

static void deliver(int sig, const siginfo_t *info) {
  const struct k_sigaction *act = &__zvm_actions[sig];
  if (is_ignored(sig)) return;
  if (act->handler == SIG_DFL) __zvm_killed(sig);
  run_handler(act, info);
}

void __zvm_signal_deliver(void) {
  siginfo_t info;
  int sig;
  if (is_idle()) return;
  while ((sig = __zvm_signal_take(~*__zvm_signal_mask(), &info)))
    deliver(sig, &info);
}

/* -- Sending ------------------------------------------------------------- */

static int send(const siginfo_t *info, pthread_t to) {
  int result;
  if (info->si_signo < 0 || info->si_signo >= SIGNALS) return -EINVAL;
  if (!info->si_signo) return 0;
  result = __zvm_signal_queue(info, to);
  __zvm_signal_deliver();
  return result;
}

static int send_own(int sig, int code, pthread_t to) {
  siginfo_t info = { .si_signo = sig, .si_code = code };
  info.si_pid = 1;
  info.si_uid = 1000;
  return send(&info, to);
}

/* To the thread that runs, whose doing it is. */
void __zvm_signal_send(int sig) {
  (void)send_own(sig, SI_USER, __pthread_self());
}

static bool is_this(int pid) { return pid >= -1 && pid <= 1; }

/* One that is ignored is not an error, and one to others finds nobody. */
SYS(kill) {
  return is_this((int)a) ? send_own((int)b, SI_USER, NULL) : -ESRCH;
}

static int send_to(int tid, int sig) {
  pthread_t t = thread_of(tid);
  return t ? send_own(sig, SI_TKILL, t) : -ESRCH;
}

SYS(tkill) { return send_to((int)a, (int)b); }
SYS(tgkill) { return (int)a == 1 ? send_to((int)b, (int)c) : -ESRCH; }

static int send_queued(int sig, const siginfo_t *info, pthread_t to) {
  siginfo_t own = *info;
  if (info->si_code >= 0) return -EPERM; /* only a kernel says so */
  own.si_signo = sig;
  return send(&own, to);
}

SYS(rt_sigqueueinfo) {
  const siginfo_t *info = PTR(const siginfo_t, c);
  return (int)a == 1 ? send_queued((int)b, info, NULL) : -ESRCH;
}
SYS(rt_tgsigqueueinfo) {
  pthread_t t = (int)a == 1 ? thread_of((int)b) : NULL;
  return t ? send_queued((int)c, PTR(const siginfo_t, d), t) : -ESRCH;
}

/* -- Actions and masks --------------------------------------------------- */

SYS(rt_sigaction) {
  int sig = (int)a;
  const struct k_sigaction *act = PTR(const struct k_sigaction, b);
  struct k_sigaction *old = PTR(struct k_sigaction, c);
  if (sig < 1 || sig >= SIGNALS) return -EINVAL;
  if (act && (SIG_BIT(sig) & UNBLOCKABLE)) return -EINVAL;
  struct k_sigaction was = __zvm_actions[sig];
  if (act) {
    __zvm_actions[sig] = *act;
    if (is_ignored(sig)) forget(sig);
  }
  if (old) *old = was;
  return 0;
}

SYS(rt_sigprocmask) {
  uint64_t old = *__zvm_signal_mask();
  if (b) {
    uint64_t set = __zvm_mask_of(PTR(void, b));
    switch ((int)a) {
      case SIG_BLOCK: set_mask(old | set); break;
      case SIG_UNBLOCK: set_mask(old & ~set); break;
      case SIG_SETMASK: set_mask(set); break;
      default: return -EINVAL;
    }
  }
  if (c) memcpy(PTR(void, c), &old, sizeof(old));
  __zvm_signal_deliver();
  return 0;
}

SYS(rt_sigpending) {
  uint64_t mask = *__zvm_signal_mask();
  uint64_t set = (to_all | *pending(__pthread_self())) & mask;
  memcpy(PTR(void, a), &set, sizeof(set));
  return 0;
}
