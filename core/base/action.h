/*
** action.h - what signals do, and which are blocked, as the kernel knows it.
**
** The C library's sigaction translates each structure twice and leaves two
** signals out of each mask. A run asks for the actions of a dozen signals and
** sets half of them, twice: here that is the system call and nothing else.
** What was read goes back as it was, the host's own way back included.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_BASE_ACTION_H
#define ZVM_BASE_ACTION_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct kernel_sigaction of x86-64 */
typedef struct zvm__action {
  union {
    void (*handler)(int sig);
    void (*info_handler)(int sig, siginfo_t *info, void *frame);
  };
  unsigned long flags; /* SA_* */
  void (*restorer)(void);
  uint64_t mask;
} zvm__action;

enum { ZVM__SA_RESTORER = 0x04000000 };

/* These stop a run if the host handles them; if not, they end the host. */
#define ZVM__STOP_SIGNALS {SIGINT, SIGTERM, SIGHUP, SIGQUIT}

/* Where a handler returns to (restorer.S). */
void zvm__restorer(void);


/* A handler of ours: on the signal stack, with everything blocked. */
static inline zvm__action zvm__action_of(void (*handler)(int, siginfo_t *,
                                                         void *)) {
  return (zvm__action){.info_handler = handler,
                       .flags = SA_SIGINFO | SA_ONSTACK | ZVM__SA_RESTORER,
                       .restorer = zvm__restorer,
                       .mask = ~(uint64_t)0};
}


/* Either may be NULL. False for a number that is no signal's. */
static inline bool zvm__action_swap(int sig, const zvm__action *to,
                                    zvm__action *was) {
  return syscall(SYS_rt_sigaction, sig, to, was, sizeof to->mask) == 0;
}


static inline uint64_t zvm__signal_bit(int sig) {
  return (uint64_t)1 << (sig - 1);
}


/*
** Block these, of the calling thread; gives what was blocked. The C library's
** own function leaves two signals out that it keeps for itself, with handlers
** that would run on a guest stack.
*/
static inline uint64_t zvm__mask_swap(uint64_t mask) {
  uint64_t old = 0;
  (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &old, sizeof mask);
  return old;
}


static inline bool zvm__action_has_handler(const zvm__action *a) {
  return a->handler != SIG_DFL && a->handler != SIG_IGN;
}


/* Has the host a handler for it now? */
static inline bool zvm__signal_has_handler(int sig) {
  zvm__action a;
  return zvm__action_swap(sig, NULL, &a) && zvm__action_has_handler(&a);
}

#endif
