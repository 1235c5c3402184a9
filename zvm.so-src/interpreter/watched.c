/*
** watched.c - a process that runs a guest, traced: its stops and its steps.
**
** A step is an instruction; those that stay in a bundle are taken together, and
** a trap is taken as one, by a breakpoint of the processor's behind its call. A
** fault is a stop before it is delivered; then the host's code runs, unwatched,
** to the end or to where the guest wants to hear of its faults.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "watched.h"
#include "zvm_abi.h"

#define GUEST_END        ZVM__WATCHED_END
#define BREAK_ON_EXECUTE 1u      /* DR7: breakpoint 0, of this task */
#define HOST_STEPS       1000000 /* of a host's handler, back to the guest */


/* -- Waiting --------------------------------------------------------------- */

/*
** Whether the stop is a fault of what runs. A SIGTRAP that is no doing of ours
** is of an int3.
*/
static bool is_fault(const zvm__watched *r) {
  int number = WSTOPSIG(r->status);
  siginfo_t info;
  if ((number != SIGSEGV && number != SIGBUS && number != SIGILL &&
       number != SIGFPE && number != SIGTRAP) ||
      ptrace(PTRACE_GETSIGINFO, r->pid, NULL, &info) != 0)
    return false;
  return number == SIGTRAP ? info.si_code == SI_KERNEL : info.si_code > 0;
}


bool zvm__watched_note(zvm__watched *r, pid_t got) {
  if (got == r->pid && WIFSTOPPED(r->status)) {
    r->fault = is_fault(r);
    return true;
  }
  r->pid = 0;
  r->fault = false;
  return false;
}


/* Waits for the next stop; false if there will be none. */
bool zvm__watched_wait(zvm__watched *r) {
  pid_t got;
  do
    got = waitpid(r->pid, &r->status, 0);
  while (got < 0 && errno == EINTR);
  return zvm__watched_note(r, got);
}


/*
** Let it go on with `request`. A signal that is not of ours is for the run: a
** guest's fault, a time limit. An interrupt is for who watches.
*/
bool zvm__watched_let_go(const zvm__watched *r, int request) {
  int number = WSTOPSIG(r->status);
  if (!r->fault && (number == SIGTRAP || number == SIGSTOP || number == SIGINT))
    number = 0;
  return ptrace(request, r->pid, NULL, (void *)(intptr_t)number) == 0;
}


/* The same, to its next stop. */
static bool go_on(zvm__watched *r, int request) {
  return zvm__watched_let_go(r, request) && zvm__watched_wait(r);
}


bool zvm__watched_break(const zvm__watched *r, uint64_t address) {
  size_t at = offsetof(struct user, u_debugreg);
  size_t word = sizeof(((struct user *)NULL)->u_debugreg[0]);
  return ptrace(PTRACE_POKEUSER, r->pid, (void *)(at + 7 * word), NULL) == 0 &&
         ptrace(PTRACE_POKEUSER, r->pid, (void *)at, (void *)address) == 0 &&
         ptrace(PTRACE_POKEUSER, r->pid, (void *)(at + 7 * word),
                (void *)(uintptr_t)BREAK_ON_EXECUTE) == 0;
}


bool zvm__watched_read(const zvm__watched *r, uint64_t address, void *to,
                       size_t size) {
  struct iovec local = {to, size};
  struct iovec remote = {(void *)address, size};
  return process_vm_readv(r->pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}


static bool in_guest(const struct user_regs_struct *regs) {
  return regs->rip < GUEST_END;
}


/* Where the guest wants to hear of its next fault; 0: nowhere. */
static uint64_t handler_of(const zvm__watched *r) {
  zvm_abi_faults block = {0};
  if (r->faults == 0 || !zvm__watched_read(r, r->faults, &block, sizeof block))
    return 0;
  return block.entry >= ZVM_TEXT_BASE ? block.entry : 0;
}


/*
** Run to `address` (0: none), or to a fault of the guest's. One that the host
** takes for it, on the way in or out, leads to the guest's handler.
*/
zvm__outcome zvm__watched_run_to(zvm__watched *r, uint64_t address,
                                 struct user_regs_struct *regs) {
  do {
    if (!zvm__watched_break(r, address) || !go_on(r, PTRACE_CONT) ||
        ptrace(PTRACE_GETREGS, r->pid, NULL, regs) != 0)
      return ZVM__OVER;
    if (r->fault && in_guest(regs))
      return ZVM__FAULTED;
    if (r->fault)
      address = handler_of(r);
  } while (address == 0 || regs->rip != address);
  return ZVM__STOPPED;
}


/* -- Steps ----------------------------------------------------------------- */

/*
** In a gate slot or beyond: what the trap is to come back to, is on the stack,
** and cut to the start of a bundle. An exit runs to the end.
*/
static zvm__outcome pass_trap(zvm__watched *r, struct user_regs_struct *regs) {
  uint32_t back = 0;
  if (regs->rsp >= GUEST_END ||
      !zvm__watched_read(r, regs->rsp, &back, sizeof back))
    back = 0;
  back -= back % ZVM_BUNDLE_SIZE;
  return zvm__watched_run_to(r, back >= ZVM_TEXT_BASE ? back : 0, regs);
}


/* In the host's code, where a signal that was sent led: back to the guest. */
zvm__outcome zvm__watched_pass_host(zvm__watched *r,
                                    struct user_regs_struct *regs) {
  for (int i = 0; i < HOST_STEPS && !in_guest(regs); i++) {
    if (!go_on(r, PTRACE_SINGLESTEP) ||
        ptrace(PTRACE_GETREGS, r->pid, NULL, regs) != 0)
      return ZVM__OVER;
  }
  return in_guest(regs) ? ZVM__STOPPED : zvm__watched_run_to(r, 0, regs);
}


/* An instruction, or a trap, whose slot is noted. */
static zvm__outcome one_instruction(zvm__watched *r,
                                    struct user_regs_struct *regs, int *slot) {
  if (!go_on(r, PTRACE_SINGLESTEP) ||
      ptrace(PTRACE_GETREGS, r->pid, NULL, regs) != 0)
    return ZVM__OVER;
  if (r->fault && in_guest(regs))
    return ZVM__FAULTED;
  if (!in_guest(regs))
    return zvm__watched_pass_host(r, regs);
  if (regs->rip < ZVM_GATE_BASE || regs->rip >= ZVM_TEXT_BASE)
    return ZVM__STOPPED;
  *slot = (int)((regs->rip - ZVM_GATE_BASE) / ZVM_BUNDLE_SIZE);
  return pass_trap(r, regs);
}


/* On to the next bundle, or round a loop in this one. */
zvm__outcome zvm__watched_bundle(zvm__watched *r, struct user_regs_struct *regs,
                                 int *slot) {
  *slot = -1;
  if (r->fault)
    return zvm__watched_run_to(r, handler_of(r), regs);
  uint64_t bundle = regs->rip / ZVM_BUNDLE_SIZE;
  uint64_t last;
  do {
    last = regs->rip;
    zvm__outcome how = one_instruction(r, regs, slot);
    if (how != ZVM__STOPPED)
      return how;
    /* A loop within a bundle is a step each time round. */
  } while (regs->rip / ZVM_BUNDLE_SIZE == bundle && regs->rip > last);
  return ZVM__STOPPED;
}
