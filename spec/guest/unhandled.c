/*
** unhandled.c - ends by a signal or a fault in the way its argument names,
** whatever handlers it has.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int zero, seven = 7;
static volatile uintptr_t place = 0x40;
static sigjmp_buf back;

static void return_at_once(int sig) { (void)sig; }
static void jump_back(int sig) { siglongjmp(back, sig); }

/* Faults, and is handled within, before it returns. */
static void return_late(int sig) {
  (void)sig;
  signal(SIGFPE, jump_back);
  if (!sigsetjmp(back, 1)) seven /= zero;
}

static void fault_again(int sig) {
  (void)sig;
  *(volatile int *)0x80 = 1;
}

static int __attribute__((noinline)) recurse(int n) {
  volatile char frame[512];
  frame[0] = (char)n;
  return n < 0 ? 0 : recurse(n + 1) + frame[0];
}

static void __attribute__((noinline)) write_to(uintptr_t where) {
  *(volatile int *)where = 1;
}

static void handle(int sig, void (*how)(int), int flags) {
  struct sigaction act = { .sa_handler = how, .sa_flags = flags };
  sigaction(sig, &act, NULL);
}

static void fault(const char *how) {
  sigset_t all;
  sigfillset(&all);
  if (strcmp(how, "returns") == 0) handle(SIGSEGV, return_at_once, 0);
  if (strcmp(how, "late") == 0) handle(SIGSEGV, return_late, 0);
  if (strcmp(how, "again") == 0) handle(SIGSEGV, fault_again, 0);
  if (strcmp(how, "reset") == 0) handle(SIGSEGV, fault_again, SA_RESETHAND);
  if (strcmp(how, "other") == 0) handle(SIGILL, return_at_once, 0);
  if (strcmp(how, "ignored") == 0) handle(SIGSEGV, SIG_IGN, 0);
  if (strcmp(how, "default") == 0) {
    handle(SIGSEGV, jump_back, 0);
    handle(SIGSEGV, SIG_DFL, 0);
  }
  if (strcmp(how, "blocked") == 0) {
    handle(SIGSEGV, jump_back, 0);
    sigprocmask(SIG_BLOCK, &all, NULL);
  }
  if (strcmp(how, "overflow") == 0) {
    handle(SIGSEGV, jump_back, 0);
    recurse(0);
  }
  if (strcmp(how, "stack") == 0) {
    static stack_t nowhere = { .ss_sp = (void *)0x1000, .ss_size = 8192 };
    handle(SIGSEGV, jump_back, SA_ONSTACK);
    sigaltstack(&nowhere, NULL);
  }
  write_to(place);
}

static void end(const char *how) {
  static const struct {
    const char *name;
    int number;
  } signals[] = {
    { "TERM", SIGTERM }, { "KILL", SIGKILL }, { "USR1", SIGUSR1 },
    { "PIPE", SIGPIPE }, { "SEGV", SIGSEGV }, { "ALRM", SIGALRM },
  };
  handle(SIGSEGV, how[0] == 's' ? SIG_DFL : return_at_once, 0);
  for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
    if (strcmp(how, signals[i].name) == 0) {
      handle(SIGSEGV, SIG_DFL, 0);
      raise(signals[i].number);
    }
  if (strcmp(how, "realtime") == 0) raise(SIGRTMIN);
  if (strcmp(how, "abort") == 0) abort();
  if (strcmp(how, "pause") == 0) pause();
  if (strcmp(how, "alarm") == 0) {
    alarm(1);
    pause();
  }
}

int main(int argc, char **argv) {
  puts("before");
  fflush(stdout);
  if (argc > 2) end(argv[2]);
  if (argc > 1) fault(argv[1]);
  return 3;
}
