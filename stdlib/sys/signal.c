/*
** signal.c - signals that a program sends to itself.
**
** Nobody else sends any but timers, and faults of its own (fault.c). One that
** is not blocked is delivered before the call that sent it returns: its handler
** is a call. A signal whose default is to end the program ends it by a halt
** fault, as abort() must, in a place that is named after the signal.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <string.h>

#include "pthread_impl.h"
#include "signals.h"

#define UNBLOCKABLE (SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP))

struct k_sigaction __zvm_actions[SIGNALS];
unsigned __zvm_handlers_run;

static uint64_t blocked;

uint64_t *__zvm_signal_mask(void) { return &blocked; }

static void set_mask(uint64_t mask) {
  *__zvm_signal_mask() = mask & ~UNBLOCKABLE;
}

/* -- What is pending ----------------------------------------------------- */

/* In the order sent. A signal below 32 is there once, others as often. */
enum { QUEUE = 64 };
static siginfo_t queue[QUEUE];
static int queued;
static uint64_t pending; /* one without a place in the queue too */

bool __zvm_signal_is_pending(int sig) {
  return (pending & SIG_BIT(sig)) != 0;
}

int __zvm_signal_queue(const siginfo_t *info) {
  int sig = info->si_signo;
  if (sig < 32 && __zvm_signal_is_pending(sig)) return 0;
  if (queued == QUEUE && sig >= 32) return -EAGAIN;
  if (queued < QUEUE) queue[queued++] = *info;
  pending |= SIG_BIT(sig);
  return 0;
}

/* The first one of `sig`; the bit goes with the last one. */
static void take(int sig, siginfo_t *info) {
  int at = -1, more = 0;
  for (int i = queued; i-- > 0;) {
    if (queue[i].si_signo != sig) continue;
    more += at >= 0;
    at = i;
  }
  *info = (siginfo_t){ .si_signo = sig, .si_code = SI_USER };
  if (!more) pending &= ~SIG_BIT(sig);
  if (at < 0) return;
  *info = queue[at];
  queued--;
  memmove(&queue[at], &queue[at + 1], (size_t)(queued - at) * sizeof(*queue));
}

int __zvm_signal_take(uint64_t set, siginfo_t *info) {
  uint64_t due = pending & set;
  if (!due) return 0;
  int sig = __builtin_ctzll(due) + 1;
  take(sig, info);
  return sig;
}

/* -- Delivery ------------------------------------------------------------ */

/* Stopped with nobody to continue it: carry on. */
static bool default_is_nothing(int sig) {
  return SIG_BIT(sig) &
         (SIG_BIT(SIGCHLD) | SIG_BIT(SIGURG) | SIG_BIT(SIGWINCH) |
          SIG_BIT(SIGCONT) | SIG_BIT(SIGSTOP) | SIG_BIT(SIGTSTP) |
          SIG_BIT(SIGTTIN) | SIG_BIT(SIGTTOU));
}

extern weak __typeof(__zvm_fault_disarm) __zvm_fault_disarm;
extern weak __typeof(__zvm_timer_overrun) __zvm_timer_overrun;

/* Its halt is not the program's to handle. */
_Noreturn void __zvm_killed(int sig) {
  if (__zvm_fault_disarm) __zvm_fault_disarm();
  __zvm_killed_by(sig);
}

_Noreturn void __zvm_deadlock(void) { __zvm_killed(0); }

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
  context->uc_stack = __zvm_alternate;
  memcpy(&context->uc_sigmask, __zvm_signal_mask(), sizeof(uint64_t));
  if (top == rsp)
    __zvm_handler_call(&frame);
  else
    __zvm_call_on(top, __zvm_handler_call, &frame);
  set_mask(__zvm_mask_of(&context->uc_sigmask));
}

static void deliver(int sig, const siginfo_t *info) {
  const struct k_sigaction *act = &__zvm_actions[sig];
  if (act->handler == SIG_IGN) return;
  if (act->handler != SIG_DFL)
    run_handler(act, info);
  else if (!default_is_nothing(sig))
    __zvm_killed(sig);
}

void __zvm_signal_deliver(void) {
  siginfo_t info;
  int sig;
  while ((sig = __zvm_signal_take(~*__zvm_signal_mask(), &info)))
    deliver(sig, &info);
}

/* -- Sending ------------------------------------------------------------- */

static int send(const siginfo_t *info) {
  int result;
  if (info->si_signo < 0 || info->si_signo >= SIGNALS) return -EINVAL;
  if (!info->si_signo) return 0;
  result = __zvm_signal_queue(info);
  __zvm_signal_deliver();
  return result;
}

static int send_own(int sig, int code) {
  siginfo_t info = { .si_signo = sig, .si_code = code };
  info.si_pid = 1;
  info.si_uid = 1000;
  return send(&info);
}

void __zvm_signal_send(int sig) { (void)send_own(sig, SI_USER); }

static bool is_this(int pid) { return pid >= -1 && pid <= 1; }

/* One that is ignored is not an error, and one to others finds nobody. */
SYS(kill) { return is_this((int)a) ? send_own((int)b, SI_USER) : -ESRCH; }
SYS(tkill) { return (int)a == 1 ? send_own((int)b, SI_TKILL) : -ESRCH; }
SYS(tgkill) { return (int)b == 1 ? send_own((int)c, SI_TKILL) : -ESRCH; }

static int send_queued(int sig, const siginfo_t *info) {
  siginfo_t own = *info;
  if (info->si_code >= 0) return -EPERM; /* only a kernel says so */
  own.si_signo = sig;
  return send(&own);
}

SYS(rt_sigqueueinfo) {
  return (int)a == 1 ? send_queued((int)b, PTR(const siginfo_t, c)) : -ESRCH;
}
SYS(rt_tgsigqueueinfo) {
  return (int)b == 1 ? send_queued((int)c, PTR(const siginfo_t, d)) : -ESRCH;
}

/* -- Actions and masks --------------------------------------------------- */

/* What is ignored from now on is not pending any more. */
static void forget(int sig) {
  siginfo_t info;
  while (__zvm_signal_take(SIG_BIT(sig), &info)) continue;
}

SYS(rt_sigaction) {
  int sig = (int)a;
  const struct k_sigaction *act = PTR(const struct k_sigaction, b);
  struct k_sigaction *old = PTR(struct k_sigaction, c);
  if (sig < 1 || sig >= SIGNALS) return -EINVAL;
  if (act && (SIG_BIT(sig) & UNBLOCKABLE)) return -EINVAL;
  struct k_sigaction was = __zvm_actions[sig];
  if (act) {
    __zvm_actions[sig] = *act;
    if (act->handler == SIG_IGN ||
        (act->handler == SIG_DFL && default_is_nothing(sig)))
      forget(sig);
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
  uint64_t set = pending & *__zvm_signal_mask();
  memcpy(PTR(void, a), &set, sizeof(set));
  return 0;
}
