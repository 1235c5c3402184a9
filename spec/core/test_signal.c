/*
** test_signal.c - signals while a guest runs: stops, the host's own
** handlers and faults, other threads, forked children.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

GUEST(exits, "xor %edi, %edi\n finish", "");
GUEST(spins, "1: jmp 1b", "");
GUEST(traps_forever, ".p2align 5\n 1: gate 6\n jmp 1b", "");
GUEST(faults, "ud2", "");
GUEST(reads_null, "xor %eax, %eax\n mov (%eax), %ecx", "");
GUEST(reads,
      "xor %edi, %edi\n mov $0x23000, %esi\n mov $10, %edx\n"
      "gate 1\n"
      "mov %eax, %edi\n finish",
      "");

static atomic_int handled;
static atomic_bool on_guest_stack;


static void count(int sig) {
  (void)sig;
  char here;
  if ((uintptr_t)&here < 0x200000000)
    on_guest_stack = true;
  handled++;
}


static void handle(int sig, void (*fn)(int)) {
  struct sigaction sa = {.sa_handler = fn, .sa_flags = SA_RESTART};
  (void)sigaction(sig, &sa, NULL);
}


/*
** Wait until a guest runs, which is when `count` is no longer what handles
** `sig`: sent before, it would be the host's, and the guest would not end.
*/
static void wait_for_run(int sig) {
  struct sigaction now;
  do {
    (void)usleep(100);
    (void)sigaction(sig, NULL, &now);
  } while (now.sa_handler == count);
}


/* Sends `sig` to a thread, once, a while after its guest began to run. */
typedef struct sender {
  pthread_t to;
  int sig;
  int after_us;
} sender;

static void *send_once(void *arg) {
  const sender *s = arg;
  wait_for_run(s->sig);
  (void)usleep((unsigned)s->after_us);
  (void)pthread_kill(s->to, s->sig);
  return NULL;
}


static zvm_report run_and_send(const unsigned char *pages, int sig,
                               const zvm_session_options *opt) {
  sender s = {pthread_self(), sig, 5000};
  pthread_t t;
  (void)pthread_create(&t, NULL, send_once, &s);
  zvm_report r = run_guest(pages, opt);
  (void)pthread_join(t, NULL);
  return r;
}


static void test_stops(void) {
  handle(SIGINT, count);
  zvm_report r = run_and_send(spins, SIGINT, NULL);
  ok(r.state == ZVM_STATE_STOPPED && r.signal == SIGINT,
     "SIGINT ends a guest that loops");
  is(handled, 1, "the host's own handler sees it afterwards");
  r = run_and_send(traps_forever, SIGINT, NULL);
  ok(r.state == ZVM_STATE_STOPPED && handled == 2,
     "SIGINT ends a guest that traps all the time");
  int p[2];
  if (pipe(p) != 0)
    return;
  zvm_channel_options in = {.alias = "/dev/stdin",
                            .source = ZVM_SOURCE_FD,
                            .fd = p[0],
                            .limits = {9, 99, 0, 0}};
  zvm_session_options opt = {.channels = &in, .channels_count = 1};
  r = run_and_send(reads, SIGINT, &opt);
  ok(r.state == ZVM_STATE_STOPPED && handled == 3,
     "SIGINT ends a read that waits, although the host asked for restarts");
  (void)close(p[0]);
  (void)close(p[1]);
  for (int sig = 1; sig <= 3; sig++)
    handle(sig == 1 ? SIGTERM : sig == 2 ? SIGHUP : SIGQUIT, count);
  ok(run_and_send(spins, SIGTERM, NULL).signal == SIGTERM &&
         run_and_send(spins, SIGHUP, NULL).signal == SIGHUP &&
         run_and_send(spins, SIGQUIT, NULL).signal == SIGQUIT &&
         handled == 6,
     "so do SIGTERM, SIGHUP and SIGQUIT");
  ok(!on_guest_stack, "no handler ran on a guest stack");
}


/* A spinning guest, meanwhile SIGUSR1, then SIGINT to end it. */
static void *send_both(void *arg) {
  const sender *s = arg;
  wait_for_run(SIGINT);
  for (int i = 0; i < 20; i++) {
    (void)pthread_kill(s->to, SIGUSR1);
    (void)usleep(200);
  }
  (void)pthread_kill(s->to, SIGINT);
  return NULL;
}


static void test_others(void) {
  handled = 0;
  handle(SIGINT, count);
  handle(SIGUSR1, count);
  sender s = {pthread_self(), 0, 0};
  pthread_t t;
  (void)pthread_create(&t, NULL, send_both, &s);
  run_guest(spins, NULL);
  (void)pthread_join(t, NULL);
  ok(handled >= 2 && !on_guest_stack,
     "other signals wait until the run is over");
  handle(SIGINT, SIG_IGN);
  handle(SIGTERM, count);
  handled = 0;
  sender i = {pthread_self(), SIGINT, 1000};
  (void)pthread_create(&t, NULL, send_once, &i);
  zvm_report r = run_and_send(spins, SIGTERM, NULL);
  (void)pthread_join(t, NULL);
  is(r.signal, SIGTERM, "a signal that the host ignores stays ignored");
  sigset_t before, after;
  (void)pthread_sigmask(SIG_BLOCK, NULL, &before);
  run_guest(faults, NULL);
  (void)pthread_sigmask(SIG_BLOCK, NULL, &after);
  ok(memcmp(&before, &after, 8) == 0, "the signal mask is as before");
  struct sigaction sa;
  (void)sigaction(SIGILL, NULL, &sa);
  ok(sa.sa_handler == SIG_DFL, "the fault handlers are as before");
  /* As the kernel has it, with the C library's own way back. */
  uint64_t was[4], is_now[4];
  struct sigaction fancy = {.sa_handler = count,
                            .sa_flags = SA_NODEFER | SA_RESTART};
  (void)sigaddset(&fancy.sa_mask, SIGUSR2);
  (void)sigaction(SIGILL, &fancy, NULL);
  (void)syscall(SYS_rt_sigaction, SIGILL, NULL, was, 8);
  run_guest(faults, NULL);
  (void)syscall(SYS_rt_sigaction, SIGILL, NULL, is_now, 8);
  (void)sigaction(SIGILL, &sa, NULL);
  ok(memcmp(was, is_now, sizeof was) == 0,
     "flags, mask and way back of a handler are as before");
  sigset_t ill;
  (void)sigemptyset(&ill);
  (void)sigaddset(&ill, SIGILL);
  (void)pthread_sigmask(SIG_BLOCK, &ill, NULL);
  is(run_guest(faults, NULL).fault.kind, ZVM_FAULT_ILLEGAL,
     "a fault is caught even if the host blocks its signal");
  (void)pthread_sigmask(SIG_UNBLOCK, &ill, NULL);
}


/* -- Faults that are not the guest's ------------------------------------- */

static char *fenced;
static atomic_int host_faults;

static void unfence(int sig, siginfo_t *info, void *frame) {
  (void)sig, (void)frame;
  if (info->si_addr == fenced)
    host_faults++;
  (void)mprotect(fenced, 4096, PROT_READ | PROT_WRITE);
}


static void *fault_in_thread(void *arg) {
  (void)arg;
  wait_for_run(SIGINT);
  *(volatile char *)fenced = 1;
  return NULL;
}


/* A guest that spins, and in the end SIGINT; meanwhile a host fault. */
static void fault_beside_guest(void) {
  fenced = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  pthread_t t;
  (void)pthread_create(&t, NULL, fault_in_thread, NULL);
  sender s = {pthread_self(), SIGINT, 20000};
  pthread_t u;
  (void)pthread_create(&u, NULL, send_once, &s);
  run_guest(spins, NULL);
  (void)pthread_join(t, NULL);
  (void)pthread_join(u, NULL);
}


static atomic_int later_faults;

static void unfence_later(int sig, siginfo_t *info, void *frame) {
  later_faults++;
  unfence(sig, info, frame);
}


static void test_chain(void) {
  struct sigaction sa = {.sa_sigaction = unfence, .sa_flags = SA_SIGINFO};
  struct sigaction old, now;
  (void)sigaction(SIGSEGV, &sa, &old);
  handle(SIGINT, count);
  fault_beside_guest();
  is(host_faults, 1, "another thread's fault goes to the host's handler");
  is(run_guest(faults, NULL).fault.kind, ZVM_FAULT_ILLEGAL,
     "and the guest's still to us");
  sa.sa_sigaction = unfence_later;
  (void)sigaction(SIGSEGV, &sa, NULL);
  is(run_guest(reads_null, NULL).fault.kind, ZVM_FAULT_MEMORY,
     "a guest's fault is ours after the host changed its handler");
  (void)sigaction(SIGSEGV, NULL, &now);
  ok(now.sa_sigaction == unfence_later && (now.sa_flags & SA_ONSTACK) == 0,
     "that handler is in place when the run is over");
  fault_beside_guest();
  ok(host_faults == 2 && later_faults == 1, "and gets the host's faults");
  (void)sigaction(SIGSEGV, &old, NULL);
}


/* -- Handlers that come and go between runs ------------------------------ */

static void test_changes(void) {
  handle(SIGINT, SIG_DFL);
  run_guest(exits, NULL);
  struct sigaction now;
  (void)sigaction(SIGINT, NULL, &now);
  ok(now.sa_handler == SIG_DFL, "a default disposition stays the default");
  handled = 0;
  handle(SIGINT, count);
  ok(run_and_send(spins, SIGINT, NULL).state == ZVM_STATE_STOPPED &&
         handled == 1,
     "a handler that came after the first run counts");
  handle(SIGINT, SIG_IGN);
  handle(SIGTERM, count);
  ok(run_and_send(spins, SIGTERM, NULL).signal == SIGTERM && handled == 2,
     "so does one for another signal, as the first goes");
  (void)sigaction(SIGINT, NULL, &now);
  ok(now.sa_handler == SIG_IGN, "what went does not come back");
}


/* -- Threads and children ------------------------------------------------ */

static void *run_many(void *arg) {
  long *bad = arg;
  for (int i = 0; i < 200; i++) {
    zvm_report r = run_guest(i % 2 ? exits : faults, NULL);
    *bad += r.state != (i % 2 ? ZVM_STATE_EXIT : ZVM_STATE_FAULT);
  }
  return NULL;
}


/* A timer of the host's, with the signal that limits of time use. */
static void test_own_timer(void) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
                           .sigev_signo = SIGFPE};
  const struct itimerspec often = {.it_value = {.tv_nsec = 1000000},
                                   .it_interval = {.tv_nsec = 1000000}};
  timer_t timer;
  handle(SIGFPE, SIG_IGN);
  handle(SIGINT, count);
  bool set = timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 &&
             timer_settime(timer, 0, &often, NULL) == 0;
  zvm_report r = run_and_send(spins, SIGINT, NULL);
  ok(set && r.state == ZVM_STATE_STOPPED && r.signal == SIGINT,
     "a timer of the host's is not the guest's limit");
  (void)timer_delete(timer);
  handle(SIGFPE, SIG_DFL);
}


static void test_threads(void) {
  pthread_t t[4];
  long bad[4] = {0};
  for (int i = 0; i < 4; i++)
    (void)pthread_create(&t[i], NULL, run_many, &bad[i]);
  for (int i = 0; i < 4; i++)
    (void)pthread_join(t[i], NULL);
  is(bad[0] + bad[1] + bad[2] + bad[3], 0, "threads take turns");
}


static void *fork_child(void *arg) {
  wait_for_run(SIGINT);
  pid_t pid = fork();
  if (pid == 0)
    _exit(exit_code(exits, NULL) == 0 &&
                  run_guest(faults, NULL).fault.kind == ZVM_FAULT_ILLEGAL
              ? 0
              : 1);
  int status = -1;
  (void)waitpid(pid, &status, 0);
  *(int *)arg = status;
  return NULL;
}


/* The signal comes to this thread, which is not the one that runs a guest. */
static void *send_here(void *arg) {
  wait_for_run(SIGINT);
  (void)pthread_kill(pthread_self(), SIGINT);
  return arg;
}


static bool stops_from_beside(void) {
  pthread_t t;
  (void)pthread_create(&t, NULL, send_here, NULL);
  zvm_report r = run_guest(spins, NULL);
  (void)pthread_join(t, NULL);
  return r.state == ZVM_STATE_STOPPED && r.signal == SIGINT;
}


/* Status of a child that is killed if it takes more than ten seconds. */
static int wait_ten_seconds(pid_t pid) {
  int status = -1;
  for (int i = 0; i < 1000 && waitpid(pid, &status, WNOHANG) == 0; i++)
    (void)usleep(10000);
  if (status == -1) {
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, &status, 0);
  }
  return status;
}


static void test_children(void) {
  handle(SIGINT, count);
  ok(stops_from_beside(), "a stop may come to any thread");
  pid_t other = fork();
  if (other == 0)
    _exit(stops_from_beside() && exit_code(exits, NULL) == 0 ? 0 : 1);
  is(wait_ten_seconds(other), 0,
     "in a child that was forked between runs too");
  pid_t pid = fork();
  if (pid == 0)
    _exit((int)exit_code(exits, NULL));
  int status = -1;
  (void)waitpid(pid, &status, 0);
  is(status, 0, "a forked child can run guests");
  pthread_t t, u;
  status = -1;
  handle(SIGINT, count);
  (void)pthread_create(&t, NULL, fork_child, &status);
  sender s = {pthread_self(), SIGINT, 100000};
  (void)pthread_create(&u, NULL, send_once, &s);
  run_guest(spins, NULL);
  (void)pthread_join(t, NULL);
  (void)pthread_join(u, NULL);
  is(status, 0, "so can one that was forked while another thread ran one");
}


static sigjmp_buf out;


static void jump_out(int sig) {
  (void)sig;
  siglongjmp(out, 1);
}


/* Its timer strikes within the run, its handler comes at the end of that. */
static int run_after_jump(void) {
  const struct itimerval soon = {.it_value = {.tv_usec = 2000}};
  const zvm_session_options opt = {.timeout_ms = 40};
  handle(SIGALRM, jump_out);
  if (sigsetjmp(out, 1) == 0) {
    (void)setitimer(ITIMER_REAL, &soon, NULL);
    (void)run_guest(spins, &opt);
    return 1;
  }
  return exit_code(exits, NULL) == 0 ? 0 : 2;
}


static void test_no_return(void) {
  pid_t pid = fork();
  if (pid == 0)
    _exit(run_after_jump());
  is(wait_ten_seconds(pid), 0,
     "a handler of the host's that does not return leaves all as it was");
}


int main(void) {
  test_stops();
  test_others();
  test_chain();
  test_changes();
  test_own_timer();
  test_threads();
  test_children();
  test_no_return();
  return tap_done();
}
