/*
** watched.h - a process that runs a guest, traced.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_WATCHED_H
#define ZVM_WATCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#define ZVM__WATCHED_END 0x100000000 /* of the guest's addresses */

typedef struct zvm__watched {
  pid_t pid; /* 0: it is over, and waited for */
  int status;
  int told;        /* end of a pipe: what the copy says; -1: closed      */
  uint64_t faults; /* address of the guest's zvm_abi_faults; 0: none     */
  bool fault;      /* it stopped for a fault, which is not delivered yet */
} zvm__watched;

typedef enum zvm__outcome {
  ZVM__STOPPED,
  ZVM__FAULTED, /* of the guest's, and not delivered yet */
  ZVM__OVER,
} zvm__outcome;

/* Waits for the next stop; false if there will be none. */
bool zvm__watched_wait(zvm__watched *r);

/* The same of what waitpid gave. */
bool zvm__watched_note(zvm__watched *r, pid_t got);

/* Let it go on with this request of ptrace's. */
bool zvm__watched_let_go(const zvm__watched *r, int request);

/* A breakpoint at `address`; 0: none. */
bool zvm__watched_break(const zvm__watched *r, uint64_t address);

bool zvm__watched_read(const zvm__watched *r, uint64_t address, void *to,
                       size_t size);

/*
** Each leaves the registers where it stops: at `address` (0: nowhere); at the
** next bundle, or again in this one, with the slot of a trap, or -1; from the
** host's code, if it is there, in the guest's.
*/
zvm__outcome zvm__watched_run_to(zvm__watched *r, uint64_t address,
                                 struct user_regs_struct *regs);
zvm__outcome zvm__watched_bundle(zvm__watched *r, struct user_regs_struct *regs,
                                 int *slot);
zvm__outcome zvm__watched_pass_host(zvm__watched *r,
                                    struct user_regs_struct *regs);

#endif
