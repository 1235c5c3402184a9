/*
** handler.c - the call of a signal's handler, and the stack for it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include "pthread_impl.h"
#include "signals.h"

stack_t __zvm_alternate(void) {
  const struct zvm_thread *t = &__pthread_self()->zvm;
  return (stack_t){ .ss_sp = (void *)(uintptr_t)t->alternate,
                    .ss_size = t->alternate_size,
                    .ss_flags = t->alternate_size ? 0 : SS_DISABLE };
}

bool __zvm_on_alternate(uintptr_t rsp) {
  const struct zvm_thread *t = &__pthread_self()->zvm;
  return rsp - t->alternate < t->alternate_size;
}

/* A handler that interrupts another one on that stack goes on below it. */
uintptr_t __zvm_handler_stack(const struct k_sigaction *act, uintptr_t rsp) {
  const struct zvm_thread *t = &__pthread_self()->zvm;
  if (!(act->flags & SA_ONSTACK) || __zvm_on_alternate(rsp) ||
      !t->alternate_size)
    return rsp;
  return t->alternate + t->alternate_size;
}

static void set_mask(const struct k_sigaction *act, int sig) {
  uint64_t own = act->flags & SA_NODEFER ? 0 : SIG_BIT(sig);
  *__zvm_signal_mask() |= (__zvm_mask_of(act->mask) | own) &
                          ~(SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP));
}

void __zvm_handler_call(void *frame) {
  struct signal_frame *f = frame;
  int sig = f->info.si_signo;
  struct zvm_thread *t = &__pthread_self()->zvm;
  t->handlers++;
  if (!(f->act.flags & SA_RESTART)) t->interrupts++;
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
  struct zvm_thread *t = &__pthread_self()->zvm;
  stack_t old = __zvm_alternate();
  if (set) {
    if (on) return -EPERM;
    if (set->ss_flags & ~SS_DISABLE) return -EINVAL;
    bool none = set->ss_flags & SS_DISABLE;
    if (!none && set->ss_size < MINSIGSTKSZ) return -ENOMEM;
    t->alternate = none ? 0 : (uint32_t)(uintptr_t)set->ss_sp;
    t->alternate_size = none ? 0 : set->ss_size;
  }
  if (b) {
    *PTR(stack_t, b) = old;
    if (on) PTR(stack_t, b)->ss_flags |= SS_ONSTACK;
  }
  return 0;
}
