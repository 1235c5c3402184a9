/*
** signal.c - signals that a program sends to itself.
**
** Nobody else sends any: a fault ends the instance and is the host's to
** report. raise() runs the handler as a call; a signal whose default is to
** end the program ends it by a halt fault, as abort() must.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <signal.h>
#include <string.h>

#include "atomic.h"
#include "ksigaction.h"
#include "sys.h"

#define COUNT 65 /* signals are 1 to 64 */
#define BIT(sig) (1ull << ((sig) - 1))
#define UNBLOCKABLE (BIT(SIGKILL) | BIT(SIGSTOP))

static struct k_sigaction action[COUNT];
static uint64_t blocked, pending;

static uint64_t mask_of(const struct k_sigaction *act) {
  return act->mask[0] | (uint64_t)act->mask[1] << 32;
}

static bool default_is_nothing(int sig) {
  switch (sig) {
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
    case SIGCONT:
    case SIGSTOP: /* stopped with nobody to continue it: carry on */
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU: return true;
    default: return false;
  }
}

static void deliver(int sig) {
  struct k_sigaction *act = &action[sig];
  void (*handler)(int) = act->handler;
  unsigned flags = (unsigned)act->flags;
  uint64_t old = blocked;
  if (handler == SIG_IGN) return;
  if (handler == SIG_DFL) {
    if (default_is_nothing(sig)) return;
    a_crash();
  }
  blocked |= mask_of(act) | (flags & SA_NODEFER ? 0 : BIT(sig));
  blocked &= ~UNBLOCKABLE;
  if (flags & SA_RESETHAND) act->handler = SIG_DFL;
  if (flags & SA_SIGINFO) {
    siginfo_t info = { .si_signo = sig, .si_code = SI_USER };
    ((void (*)(int, siginfo_t *, void *))handler)(sig, &info, NULL);
  } else {
    handler(sig);
  }
  blocked = old;
}

static void deliver_pending(void) {
  uint64_t due;
  while ((due = pending & ~blocked)) {
    int sig = __builtin_ctzll(due) + 1;
    pending &= ~BIT(sig);
    deliver(sig);
  }
}

static int send(int sig) {
  if (sig < 0 || sig >= COUNT) return -EINVAL;
  if (!sig) return 0;
  pending |= BIT(sig);
  deliver_pending();
  return 0;
}

SYS(kill) {
  int pid = (int)a;
  return pid == 1 || pid == 0 || pid == -1 ? send((int)b) : -ESRCH;
}
SYS(tkill) { return (int)a == 1 ? send((int)b) : -ESRCH; }
SYS(tgkill) { return (int)b == 1 ? send((int)c) : -ESRCH; }

SYS(rt_sigaction) {
  int sig = (int)a;
  const struct k_sigaction *act = PTR(const struct k_sigaction, b);
  struct k_sigaction *old = PTR(struct k_sigaction, c);
  if (sig < 1 || sig >= COUNT) return -EINVAL;
  if (act && (BIT(sig) & UNBLOCKABLE)) return -EINVAL;
  struct k_sigaction was = action[sig];
  if (act) action[sig] = *act;
  if (old) *old = was;
  return 0;
}

SYS(rt_sigprocmask) {
  uint64_t old = blocked, set;
  if (b) {
    memcpy(&set, PTR(void, b), sizeof(set));
    switch ((int)a) {
      case SIG_BLOCK: blocked |= set; break;
      case SIG_UNBLOCK: blocked &= ~set; break;
      case SIG_SETMASK: blocked = set; break;
      default: return -EINVAL;
    }
    blocked &= ~UNBLOCKABLE;
  }
  if (c) memcpy(PTR(void, c), &old, sizeof(old));
  deliver_pending();
  return 0;
}

SYS(rt_sigpending) {
  memcpy(PTR(void, a), &pending, sizeof(pending));
  return 0;
}

/* Handlers are calls, and run where they are called. */
SYS(sigaltstack) {
  if (b) *PTR(stack_t, b) = (stack_t){ .ss_flags = SS_DISABLE };
  return 0;
}
