/*
** sigaction.c - musl's, and with it handlers of faults.
**
** A program that never calls it has no handlers: it does not link what sends
** faults to them, and the host does not ask.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <string.h>

#include "pthread_impl.h"
#include "signals.h"
#include "syscall.h"

static sigset_t handled; /* since the start, for posix_spawn */

/* Some calls of musl's end with EINTR only where this says so. */
volatile int __eintr_valid_flag;

void __get_handler_set(sigset_t *set) { *set = handled; }

int __libc_sigaction(int sig, const struct sigaction *restrict set,
                     struct sigaction *restrict old) {
  struct k_sigaction act = { 0 }, was = { 0 };
  if (set) {
    act.handler = set->sa_handler;
    act.flags = (unsigned)set->sa_flags;
    memcpy(&act.mask, &set->sa_mask, sizeof(act.mask));
    if (act.handler != SIG_DFL && act.handler != SIG_IGN) {
      sigaddset(&handled, sig);
      if (!(act.flags & SA_RESTART)) __eintr_valid_flag = 1;
    }
  }
  int result =
      (int)__syscall(SYS_rt_sigaction, sig, set ? &act : 0, old ? &was : 0, 8);
  if (!result && set && sig < 32 && (SIG_FAULTS & SIG_BIT(sig)))
    __zvm_fault_arm();
  if (!result && old) {
    old->sa_handler = was.handler;
    old->sa_flags = (int)was.flags;
    memset(&old->sa_mask, 0, sizeof(old->sa_mask));
    memcpy(&old->sa_mask, &was.mask, sizeof(was.mask));
  }
  return (int)__syscall_ret((unsigned long)result);
}

/* Those between 32 and 34 are musl's own. */
int __sigaction(int sig, const struct sigaction *restrict set,
                struct sigaction *restrict old) {
  if (sig >= 32 && sig < 35) {
    errno = EINVAL;
    return -1;
  }
  return __libc_sigaction(sig, set, old);
}

weak_alias(__sigaction, sigaction);
