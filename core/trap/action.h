/*
** action.h - what a signal does, as the kernel knows it.
**
** The C library's sigaction translates each structure twice and leaves two
** signals out of each mask. A run asks for the actions of a dozen signals and
** sets half of them, twice: here that is the system call and nothing else.
** What was read goes back as it was, the host's own way back included.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_TRAP_ACTION_H
#define ZVM_TRAP_ACTION_H

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


static inline bool zvm__action_has_handler(const zvm__action *a) {
  return a->handler != SIG_DFL && a->handler != SIG_IGN;
}

#endif
