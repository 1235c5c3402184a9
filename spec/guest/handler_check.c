/*
** handler_check.c - faults that a program handles itself.
**
** Each fault is what Linux would make of it: signal, code, address, registers.
** So all of it also passes natively, but for the report's own count.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "check.h"

static sigjmp_buf back;
static volatile int zero, seven = 7;
static volatile uintptr_t nothing = 0x40;
static const char constant[4096] = "constant";
static char own_stack[65536];

static int seen, code, depth;
static void *address;
static uintptr_t stood; /* where the handler's frame was */
static ucontext_t context;

static void handle(int sig, siginfo_t *info, void *uc) {
  seen = sig;
  code = info->si_code;
  address = info->si_addr;
  context = *(ucontext_t *)uc;
  stood = (uintptr_t)__builtin_frame_address(0);
  siglongjmp(back, 1);
}

static void handle_all(int flags) {
  static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
  struct sigaction act = { .sa_sigaction = handle,
                           .sa_flags = SA_SIGINFO | flags };
  for (int i = 0; i < 5; i++) CHECK(sigaction(signals[i], &act, NULL) == 0);
}

static int __attribute__((noinline)) recurse(int n) {
  volatile char frame[512];
  frame[0] = (char)n;
  depth = n;
  return n < 0 ? 0 : recurse(n + 1) + frame[0];
}

#define FAULTS(what)                                                     \
  do {                                                                   \
    seen = 0;                                                            \
    if (!sigsetjmp(back, 1)) {                                           \
      what;                                                              \
      CHECK(!"it went on");                                              \
    }                                                                    \
  } while (0)

static void check_kinds(void) {
  FAULTS(*(volatile int *)nothing);
  CHECK(seen == SIGSEGV && code == SEGV_MAPERR && address == (void *)0x40);
  FAULTS(*(volatile int *)nothing = 1);
  CHECK(seen == SIGSEGV && code == SEGV_MAPERR && address == (void *)0x40);
  FAULTS(*(volatile char *)&constant[17] = 1);
  CHECK(seen == SIGSEGV && code == SEGV_ACCERR && address == &constant[17]);
  FAULTS(((void (*)(void))nothing)());
  CHECK(seen == SIGSEGV && code == SEGV_MAPERR);
  FAULTS(((void (*)(void))(uintptr_t)own_stack)());
  CHECK(seen == SIGSEGV && code == SEGV_ACCERR);
  FAULTS(seven /= zero);
  CHECK(seen == SIGFPE && code == FPE_INTDIV && address != NULL);
  FAULTS(__asm__ volatile("ud2"));
  CHECK(seen == SIGILL && code == ILL_ILLOPN && address != NULL);
  FAULTS(__asm__ volatile("int3"));
  CHECK(seen == SIGTRAP);
  FAULTS(__asm__ volatile("hlt"));
  CHECK(seen == SIGSEGV && code == 0x80 && address == NULL);
}

static void check_float(void) {
  unsigned unmasked = 0x1f80 & ~0x200u, masked = 0x1f80;
  volatile double one = 1, none = 0;
  FAULTS(__asm__ volatile("ldmxcsr %0" : : "m"(unmasked)); one /= none);
  __asm__ volatile("ldmxcsr %0" : : "m"(masked));
  CHECK(seen == SIGFPE && code == FPE_FLTDIV);
  CHECK(context.uc_mcontext.fpregs->mxcsr & 4);
}

static void check_registers(void) {
  const greg_t *g = context.uc_mcontext.gregs;
  FAULTS(__asm__ volatile(
      "mov $0x123456789abcdef0, %%rax\n mov $1, %%ecx\n mov $2, %%edx\n"
      "mov $3, %%esi\n mov $4, %%edi\n mov $5, %%r8d\n mov $6, %%r15d\n"
      "mov $0x50, %%r9d\n stc\n mov %%rcx, (%%r9d)"
      : : : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r15", "memory"));
  CHECK(g[REG_RAX] == 0x123456789abcdef0 && g[REG_RCX] == 1);
  CHECK(g[REG_RDX] == 2 && g[REG_RSI] == 3 && g[REG_RDI] == 4);
  CHECK(g[REG_R8] == 5 && g[REG_R15] == 6);
  CHECK(g[REG_CR2] == 0x50 && g[REG_TRAPNO] == 14 && g[REG_ERR] == 6);
  CHECK(g[REG_EFL] & 1);
  CHECK(g[REG_RIP] > 0x20000 && g[REG_RIP] != 0);
  CHECK((uintptr_t)g[REG_RSP] > stood && (uintptr_t)g[REG_RSP] - stood < 8192);
}

static int on_own(uintptr_t p) {
  return p - (uintptr_t)own_stack < sizeof(own_stack);
}

static void check_stacks(void) {
  stack_t own = { .ss_sp = own_stack, .ss_size = sizeof(own_stack) }, was;
  FAULTS(*(volatile int *)nothing);
  CHECK(!on_own(stood));
  CHECK(sigaltstack(&own, NULL) == 0);
  FAULTS(*(volatile int *)nothing);
  CHECK(!on_own(stood)); /* it did not ask for it */
  handle_all(SA_ONSTACK);
  FAULTS(*(volatile int *)nothing);
  CHECK(on_own(stood));
  for (volatile int i = 0; i < 3; i++) {
    FAULTS(recurse(0));
    CHECK(seen == SIGSEGV && depth > 1000 && on_own(stood));
  }
  CHECK(sigaltstack(NULL, &was) == 0);
  CHECK(was.ss_sp == own_stack && was.ss_size == sizeof(own_stack) &&
        was.ss_flags == 0);
  handle_all(0);
}

/* A handler that faults in a way that another one handles. */
static void divide_in_it(int sig) {
  (void)sig;
  seven /= zero;
}

static void check_nested(void) {
  sigset_t mask;
  signal(SIGSEGV, divide_in_it);
  FAULTS(*(volatile int *)nothing);
  CHECK(seen == SIGFPE);
  CHECK(sigismember(&context.uc_sigmask, SIGSEGV) == 1);
  CHECK(sigismember(&context.uc_sigmask, SIGFPE) == 0);
  sigprocmask(SIG_BLOCK, NULL, &mask);
  CHECK(!sigismember(&mask, SIGSEGV) && !sigismember(&mask, SIGFPE));
  handle_all(0);
}

static void check_many(void) {
  static volatile int handled; /* longjmp may lose a register's */
  for (volatile int i = 0; i < 20000; i++) {
    FAULTS(*(volatile int *)nothing = i);
    handled += seen == SIGSEGV;
  }
  CHECK(handled == 20000);
}

/* A page at a time is looked at: what programs do that probe memory. */
static void check_probe(void) {
  volatile int readable = 0;
  for (volatile uintptr_t p = 0; p < 0x40000; p += 4096) {
    if (!sigsetjmp(back, 1)) {
      (void)*(volatile char *)p;
      readable++;
    }
  }
#ifdef __ILP32__ /* natively nothing is there */
  CHECK(readable > 2 && readable < 60);
#endif
}

int main(void) {
  handle_all(0);
  check_kinds();
  check_float();
  check_registers();
  check_stacks();
  check_nested();
  check_many();
  check_probe();
  return check_end();
}
