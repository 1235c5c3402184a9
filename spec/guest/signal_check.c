/*
** signal_check.c - signals that a program sends itself, and its timers.
**
** All but the parts for zvm alone also pass natively.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

static volatile int order[64], count; /* libc is said not to call back */
static siginfo_t last;
static sigset_t during;
static uintptr_t stood;

static void note(int sig) {
  if (count < 64) order[count] = sig;
  count++;
  sigprocmask(SIG_BLOCK, NULL, &during);
}

static void note_info(int sig, siginfo_t *info, void *context) {
  last = *info;
  stood = (uintptr_t)__builtin_frame_address(0);
  CHECK(context != NULL);
  note(sig);
}

static void act(int sig, int flags, int also) {
  struct sigaction a = { .sa_flags = flags };
  if (flags & SA_SIGINFO)
    a.sa_sigaction = note_info;
  else
    a.sa_handler = note;
  if (also) sigaddset(&a.sa_mask, also);
  CHECK(sigaction(sig, &a, NULL) == 0);
}

static sigset_t set_of(int a, int b) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, a);
  if (b) sigaddset(&set, b);
  return set;
}

static void hold(int a, int b) {
  sigset_t set = set_of(a, b);
  CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
}

static void release(int a, int b) {
  sigset_t set = set_of(a, b);
  CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
}

static int is_pending(int sig) {
  sigset_t set;
  return sigpending(&set) == 0 && sigismember(&set, sig);
}

static void check_masks(void) {
  count = 0;
  act(SIGUSR1, 0, SIGUSR2);
  act(SIGUSR2, 0, 0);
  raise(SIGUSR1);
  CHECK(count == 1 && sigismember(&during, SIGUSR1) &&
        sigismember(&during, SIGUSR2));
  hold(SIGUSR1, SIGUSR2);
  raise(SIGUSR2);
  raise(SIGUSR1);
  raise(SIGUSR1);
  CHECK(count == 1 && is_pending(SIGUSR1) && is_pending(SIGUSR2));
  release(SIGUSR1, SIGUSR2);
  CHECK(count == 3 && !is_pending(SIGUSR1));
  act(SIGUSR1, SA_NODEFER, 0);
  raise(SIGUSR1);
  CHECK(!sigismember(&during, SIGUSR1));
  struct sigaction now;
  act(SIGUSR1, SA_RESETHAND, 0);
  raise(SIGUSR1);
  sigaction(SIGUSR1, NULL, &now);
  CHECK(count == 5 && now.sa_handler == SIG_DFL);
  /* What is ignored while it is pending is gone. */
  hold(SIGUSR2, 0);
  raise(SIGUSR2);
  signal(SIGUSR2, SIG_IGN);
  CHECK(!is_pending(SIGUSR2));
  act(SIGUSR2, 0, 0);
  release(SIGUSR2, 0);
  CHECK(count == 5);
  CHECK(sigaction(SIGKILL, &now, NULL) < 0 && errno == EINVAL);
  CHECK(signal(65, SIG_IGN) == SIG_ERR && errno == EINVAL);
}

static void check_info(void) {
  count = 0;
  act(SIGUSR1, SA_SIGINFO, 0);
  CHECK(kill(getpid(), SIGUSR1) == 0);
  CHECK(last.si_signo == SIGUSR1 && last.si_code == SI_USER &&
        last.si_pid == getpid() && last.si_uid == getuid());
  raise(SIGUSR1);
  CHECK(last.si_code == SI_TKILL);
  CHECK(sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 77 }) == 0);
  CHECK(last.si_code == SI_QUEUE && last.si_value.sival_int == 77);
  CHECK(kill(getpid(), 0) == 0 && count == 3);
  CHECK(kill(getpid(), 65) < 0 && errno == EINVAL);
  CHECK(kill(99999999, SIGUSR1) < 0 && errno == ESRCH);
  /* Those for real time are queued, in order; lower numbers come first. */
  act(SIGRTMIN, SA_SIGINFO, SIGRTMIN + 1); /* else one interrupts another */
  act(SIGRTMIN + 1, SA_SIGINFO, SIGRTMIN);
  hold(SIGRTMIN, SIGRTMIN + 1);
  count = 0;
  for (int i = 0; i < 3; i++) {
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = i });
    sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 10 + i });
  }
  CHECK(count == 0);
  release(SIGRTMIN, SIGRTMIN + 1);
  CHECK(count == 6 && order[0] == SIGRTMIN && order[2] == SIGRTMIN &&
        order[5] == SIGRTMIN + 1 && last.si_value.sival_int == 2);
}

static void check_queue_full(void) {
#ifdef __ILP32__
  int sent = 0;
  hold(SIGRTMIN, 0);
  while (sent < 1000 &&
         sigqueue(1, SIGRTMIN, (union sigval){ .sival_int = sent }) == 0)
    sent++;
  CHECK(sent == 64 && errno == EAGAIN);
  CHECK(raise(SIGUSR1) == 0);
  count = 0;
  release(SIGRTMIN, 0);
  CHECK(count == 64);
#endif
}

static void check_waits(void) {
  sigset_t set = set_of(SIGUSR1, SIGUSR2), all, none;
  siginfo_t info;
  int sig = 0;
  struct timespec moment = { .tv_nsec = 1000000 }, bad = { .tv_nsec = -1 };
  hold(SIGUSR1, SIGUSR2);
  sigqueue(getpid(), SIGUSR2, (union sigval){ .sival_int = 5 });
  CHECK(sigwaitinfo(&set, &info) == SIGUSR2 && info.si_value.sival_int == 5);
  raise(SIGUSR1);
  CHECK(sigwait(&set, &sig) == 0 && sig == SIGUSR1);
  CHECK(sigtimedwait(&set, &info, &moment) < 0 && errno == EAGAIN);
  CHECK(sigtimedwait(&set, &info, &bad) < 0 && errno == EINVAL);
  count = 0;
  raise(SIGUSR1);
  sigfillset(&all);
  sigdelset(&all, SIGUSR1);
  CHECK(sigsuspend(&all) < 0 && errno == EINTR && count == 1);
  CHECK(!is_pending(SIGUSR1));
  sigprocmask(SIG_BLOCK, NULL, &none);
  CHECK(sigismember(&none, SIGUSR1) == 1);
  release(SIGUSR1, SIGUSR2);
}

static char own_stack[32768];

static void check_stack(void) {
  stack_t own = { .ss_sp = own_stack, .ss_size = sizeof(own_stack) }, now;
  stack_t small = { .ss_sp = own_stack, .ss_size = 100 };
  CHECK(sigaltstack(&own, NULL) == 0);
  act(SIGUSR1, SA_SIGINFO | SA_ONSTACK, 0);
  raise(SIGUSR1);
  CHECK(stood - (uintptr_t)own_stack < sizeof(own_stack));
  act(SIGUSR1, SA_SIGINFO, 0);
  raise(SIGUSR1);
  CHECK(stood - (uintptr_t)own_stack >= sizeof(own_stack));
  CHECK(sigaltstack(&small, NULL) < 0 && errno == ENOMEM);
  own.ss_flags = SS_DISABLE;
  CHECK(sigaltstack(&own, &now) == 0 && now.ss_sp == own_stack);
  CHECK(sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_DISABLE);
}

static int64_t now_ns(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void check_timers(void) {
  struct itimerval every = { { 0, 10000 }, { 0, 20000 } }, left, off = { 0 };
  struct timespec second = { .tv_sec = 1 }, rest;
  act(SIGALRM, 0, 0);
  count = 0;
  CHECK(alarm(5) == 0 && alarm(1) == 5);
  int64_t start = now_ns();
  CHECK(pause() < 0 && errno == EINTR && count == 1);
  CHECK(now_ns() - start >= 999000000);
  CHECK(alarm(1) == 0);
  CHECK(sleep(3) == 2 && count == 2);
  /* Four of them in a second: sleep is cut short by the first. */
  CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0);
  CHECK(nanosleep(&second, &rest) < 0 && errno == EINTR);
  CHECK(rest.tv_sec == 0 && rest.tv_nsec > 900000000);
  CHECK(getitimer(ITIMER_REAL, &left) == 0);
  CHECK(left.it_interval.tv_usec == 10000 && left.it_value.tv_usec > 0 &&
        left.it_value.tv_usec <= 10000);
  while (count < 7) now_ns();
  CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
  count = 0;
  CHECK(nanosleep(&second, NULL) == 0 && count == 0);
  every.it_value.tv_usec = 1000000;
  CHECK(setitimer(ITIMER_REAL, &every, NULL) < 0 && errno == EINVAL);
  /* One that is ignored does not wake. */
  signal(SIGALRM, SIG_IGN);
  alarm(1);
  CHECK(sleep(2) == 0);
}

static void check_timer_create(void) {
  struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
                            .sigev_signo = SIGRTMIN + 2,
                            .sigev_value.sival_int = 123 };
  struct itimerspec spec = { { 0, 10000000 }, { 0, 5000000 } }, left;
  struct timespec at;
  timer_t t;
  act(SIGRTMIN + 2, SA_SIGINFO, 0);
  count = 0;
  CHECK(timer_create(CLOCK_MONOTONIC, &event, &t) == 0);
  CHECK(timer_gettime(t, &left) == 0 && left.it_value.tv_nsec == 0);
  CHECK(timer_settime(t, 0, &spec, NULL) == 0);
  CHECK(pause() < 0 && count == 1);
  CHECK(last.si_code == SI_TIMER && last.si_value.sival_int == 123);
  hold(SIGRTMIN + 2, 0);
  at = (struct timespec){ .tv_nsec = 57000000 };
  CHECK(nanosleep(&at, NULL) == 0);
  CHECK(timer_gettime(t, &left) == 0 && left.it_value.tv_nsec > 0 &&
        left.it_interval.tv_nsec == 10000000);
  CHECK(timer_settime(t, 0, &(struct itimerspec){ 0 }, NULL) == 0);
  release(SIGRTMIN + 2, 0);
#ifdef __ILP32__
  CHECK(count == 2 && last.si_overrun == 0); /* it was stopped meanwhile */
#endif
  clock_gettime(CLOCK_MONOTONIC, &at);
  spec = (struct itimerspec){ .it_value = { at.tv_sec + 1, at.tv_nsec } };
  count = 0;
  CHECK(timer_settime(t, TIMER_ABSTIME, &spec, NULL) == 0);
  CHECK(sleep(5) > 0 && count == 1);
  CHECK(timer_delete(t) == 0);
  event.sigev_signo = 0;
  CHECK(timer_create(CLOCK_MONOTONIC, &event, &t) < 0 && errno == EINVAL);
}

static void check_overrun(void) {
  struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
                            .sigev_signo = SIGUSR1 };
  struct itimerspec spec = { { 0, 10000000 }, { 0, 10000000 } };
  struct timespec at = { .tv_nsec = 55000000 };
  timer_t t;
  act(SIGUSR1, SA_SIGINFO, 0);
  hold(SIGUSR1, 0);
  CHECK(timer_create(CLOCK_REALTIME, &event, &t) == 0);
  CHECK(timer_settime(t, 0, &spec, NULL) == 0);
  CHECK(nanosleep(&at, NULL) == 0);
  count = 0;
  release(SIGUSR1, 0);
  CHECK(count == 1 && last.si_overrun == 4 && timer_getoverrun(t) == 4);
  CHECK(timer_delete(t) == 0);
}

static void check_rest(void) {
  count = 0;
  act(SIGUSR1, 0, 0);
  CHECK(siginterrupt(SIGUSR1, 0) == 0);
  CHECK(sighold(SIGUSR1) == 0 && raise(SIGUSR1) == 0 && count == 0);
  CHECK(sigrelse(SIGUSR1) == 0 && count == 1);
  CHECK(sigset(SIGUSR1, SIG_HOLD) == note && raise(SIGUSR1) == 0);
  CHECK(sigset(SIGUSR1, note) == SIG_HOLD && count == 2);
  CHECK(strcmp(strsignal(SIGTERM), "Terminated") == 0);
  CHECK(raise(SIGCHLD) == 0 && raise(SIGWINCH) == 0);
}

/* -- Leaving a wait ------------------------------------------------------ */

static sigjmp_buf out_of_read;
static void jump_out(int sig) { siglongjmp(out_of_read, sig); }

static unsigned long free_blocks(void) {
  struct statvfs v;
  return statvfs("/tmp", &v) ? 0 : v.f_bfree;
}

/* A handler that does not return leaves nothing behind of the read. */
static void check_leaving(void) {
  unsigned long before = 0;
  signal(SIGALRM, jump_out);
  for (volatile int i = 0; i < 20000; i++) {
    int ends[2];
    char byte;
    if (i == 100) before = free_blocks();
    if (pipe(ends)) break;
    if (!sigsetjmp(out_of_read, 1)) {
      ualarm(1, 0);
      CHECK(read(ends[0], &byte, 1) == 9);
    }
    close(ends[0]);
    close(ends[1]);
  }
  CHECK(before > 0 && free_blocks() >= before);
  signal(SIGALRM, SIG_DFL);
}

int main(void) {
  check_masks();
  check_info();
  check_queue_full();
  check_waits();
  check_stack();
  check_timers();
  check_timer_create();
  check_overrun();
  check_rest();
  check_leaving();
  return check_end();
}
