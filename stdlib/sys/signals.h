/*
** signals.h - what the parts of the library OS that know signals share.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_SIGNALS_H
#define ZVM_SIGNALS_H

#include <signal.h>

#include "ksigaction.h"
#include "sys.h"

#define SIGNALS 65 /* numbers are 1 to 64 */
#define SIG_BIT(sig) (1ull << ((sig)-1))

/* What a program can have a handler for when it happens to it. */
#define SIG_FAULTS                                                       \
  (SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS) | SIG_BIT(SIGILL) |                \
   SIG_BIT(SIGFPE) | SIG_BIT(SIGTRAP))

/* -- State (signal.c) ---------------------------------------------------- */

extern hidden struct k_sigaction __zvm_actions[SIGNALS];

struct __pthread;

/* Of the thread that runs. */
hidden uint64_t *__zvm_signal_mask(void);

static inline uint64_t __zvm_mask_of(const void *words) {
  const unsigned *w = words;
  return w[0] | (uint64_t)w[1] << 32;
}

/*
** With info->si_signo, to one thread, or to the program (NULL): 0, or
** -EAGAIN where no more can be queued. Who waits and takes it goes on; of
** the running thread's own deliver() is the call.
*/
hidden int __zvm_signal_queue(const siginfo_t *info, struct __pthread *to);
/* As a kernel would: delivered at once if it is not blocked. */
hidden void __zvm_signal_send(int sig);
hidden bool __zvm_signal_is_pending(int sig, struct __pthread *to);
/* One of `set` that this thread can have, with its info; 0: none. */
hidden int __zvm_signal_take(uint64_t set, siginfo_t *info);
/* Handlers of all that is pending and not blocked. */
hidden void __zvm_signal_deliver(void);

/* The end of the program, by a halt fault where the signal's name is. */
hidden _Noreturn void __zvm_killed(int sig);
hidden _Noreturn void __zvm_killed_by(int sig); /* killed.S */

/* -- Handlers (handler.c) ------------------------------------------------ */

/* A handler that is due, and what it is called with. */
struct signal_frame {
  struct k_sigaction act; /* as it was: one for one time is forgotten */
  siginfo_t info;
  ucontext_t context;
};

hidden stack_t __zvm_alternate(void); /* of the running thread */
hidden bool __zvm_on_alternate(uintptr_t rsp);
/* Where a handler's stack begins that interrupts what has this rsp. */
hidden uintptr_t __zvm_handler_stack(const struct k_sigaction *act,
                                     uintptr_t rsp);
/* With the mask that it runs under. */
hidden void __zvm_handler_call(void *frame);
/* Run `run(arg)` on a stack that ends at `top`. */
hidden void __zvm_call_on(uintptr_t top, void (*run)(void *), void *arg);

/* -- Faults (fault.c): linked where sigaction is ------------------------- */

/* Ask the host for faults, if there is a handler for one. */
hidden void __zvm_fault_arm(void);
hidden void __zvm_fault_disarm(void);

/* -- Timers (timer.c): linked where there are any ------------------------ */

hidden int64_t __zvm_timer_next(void); /* ns since 1970, INT64_MAX: none */
hidden void __zvm_clock_passed(void);  /* those that are due go off      */
hidden int __zvm_timer_sleep(int64_t until); /* 0 or EINTR               */
/* The signal of timer `id` is being delivered: how often it went off since. */
hidden int __zvm_timer_overrun(int id);

#endif
