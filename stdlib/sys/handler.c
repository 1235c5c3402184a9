/*
** handler.c - the call of a signal's handler, and the stack for it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include "signals.h"

stack_t __zvm_alternate = { .ss_flags = SS_DISABLE };

bool __zvm_on_alternate(uintptr_t rsp) {
  uintptr_t base = (uintptr_t)__zvm_alternate.ss_sp;
  return !(__zvm_alternate.ss_flags & SS_DISABLE) &&
         rsp - base < __zvm_alternate.ss_size;
}

/* A handler that interrupts another one on that stack goes on below it. */
uintptr_t __zvm_handler_stack(const struct k_sigaction *act, uintptr_t rsp) {
  if (!(act->flags & SA_ONSTACK) || __zvm_on_alternate(rsp) ||
      (__zvm_alternate.ss_flags & SS_DISABLE))
    return rsp;
  return (uintptr_t)__zvm_alternate.ss_sp + __zvm_alternate.ss_size;
}

static void set_mask(const struct k_sigaction *act, int sig) {
  uint64_t own = act->flags & SA_NODEFER ? 0 : SIG_BIT(sig);
  *__zvm_signal_mask() |= (__zvm_mask_of(act->mask) | own) &
                          ~(SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP));
}

void __zvm_handler_call(void *frame) {
  struct signal_frame *f = frame;
  int sig = f->info.si_signo;
  __zvm_handlers_run++;
  if (f->act.flags & SA_RESETHAND) __zvm_actions[sig].handler = SIG_DFL;
  set_mask(&f->act, sig);
  if (f->act.flags & SA_SIGINFO)
    ((void (*)(int, siginfo_t *, void *))f->act.handler)(sig, &f->info,
                                                         &f->context);
  else
    f->act.handler(sig);
}

SYS(sigaltstack) {
  const stack_t *set = PTR(const stack_t, a);
  bool on = __zvm_on_alternate((uintptr_t)__builtin_frame_address(0));
  stack_t old = __zvm_alternate;
  if (set) {
    if (on) return -EPERM;
    if (set->ss_flags & ~SS_DISABLE) return -EINVAL;
    if (!(set->ss_flags & SS_DISABLE) && set->ss_size < MINSIGSTKSZ)
      return -ENOMEM;
    __zvm_alternate = *set;
  }
  if (b) {
    *PTR(stack_t, b) = old;
    if (on) PTR(stack_t, b)->ss_flags |= SS_ONSTACK;
  }
  return 0;
}
