/*
** signals.c - signals while a guest runs.
**
** Three rules. A guest's fault becomes a report, never the host's death. No
** handler runs on a guest stack: all signals are blocked but those we
** handle on a stack of our own, and those that have no handler. What was
** not the guest's goes to where it would have gone without us.
**
** This is one of the two process-wide states of the core; the run's turn
** (memory/lowmem.c) guards it, and handlers read it only through `run`.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "base/action.h"
#include "memory/lowmem.h"
#include "run.h"

enum {
  FAULTS = 5,
  STOPS = 4,
  TTY_STOPS = 3,
  STACK_SIZE = 64 * 1024, /* of handlers, with room for the widest frame */
};

static const int fault_signals[FAULTS] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE,
                                          SIGTRAP};
static const int stop_signals[STOPS] = ZVM__STOP_SIGNALS;
/* Their default action needs no handler, and job control should work. */
static const int tty_signals[TTY_STOPS] = {SIGTSTP, SIGTTIN, SIGTTOU};

static struct {
  zvm__run *_Atomic run;
  _Atomic pid_t thread; /* whose run it is, or was                          */
  bool chained;         /* host_fault is filled                             */
  void *stack; /* mapped once, kept */
  stack_t host_stack;
  uint64_t host_mask;
  uint64_t harmless; /* see harmless()                        */
  bool armed;        /* handlers are ours for good            */
  zvm__action host_fault[FAULTS];
  zvm__action host_stop[STOPS];
  bool stops[STOPS]; /* replaced by ours */
} signals;


/* -- Handlers ------------------------------------------------------------ */

/* On return from the handler the thread is on its way out of the guest. */
static void leave_guest(ucontext_t *frame) {
  frame->uc_mcontext.gregs[REG_RIP] = (greg_t)zvm__gate_exit();
  frame->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)0x40500; /* AC, DF, TF */
}


static uint64_t pc_of(const ucontext_t *frame) {
  return (uint64_t)frame->uc_mcontext.gregs[REG_RIP];
}


/* The run has been ended: out of the guest, or of a call that waits. */
static void leave(ucontext_t *frame) {
  uint64_t pc = pc_of(frame);
  if (zvm__gate_has(pc))
    leave_guest(frame);
  else if (pc >= (uint64_t)(uintptr_t)zvm__blocking_begin &&
           pc < (uint64_t)(uintptr_t)zvm__blocking_end)
    frame->uc_mcontext.gregs[REG_RIP] =
        (greg_t)(uintptr_t)zvm__blocking_stopped;
}


/* Signal `sig` was sent, by whomever, to stop the run of this thread. */
static void stop_run(zvm__run *run, int sig, ucontext_t *frame) {
  if (zvm__run_end(run, ZVM_STATE_STOPPED))
    run->signal = sig;
  (void)sigaddset(&run->again, sig);
  run->has_again = true;
  leave(frame);
}


/* Only what was sent can be ignored; a fault kills. */
static bool is_ignored(const zvm__action *action) {
  return action->handler == SIG_IGN;
}


static const zvm__action *host_action(int sig) {
  for (int i = 0; i < FAULTS; i++)
    if (fault_signals[i] == sig)
      return &signals.host_fault[i];
  return NULL;
}


/*
** A fault of the host itself, or another thread's: what was there before us
** gets it. The default action is brought about by faulting again.
*/
static void chain(int sig, siginfo_t *info, void *frame) {
  static const zvm__action plain = {.handler = SIG_DFL};
  const zvm__action *host = host_action(sig);
  if (is_ignored(host) && info->si_code <= 0)
    return;
  if (!zvm__action_has_handler(host)) {
    (void)zvm__action_swap(sig, &plain, NULL);
    if (info->si_code <= 0)
      (void)raise(sig);
  } else if ((host->flags & SA_SIGINFO) != 0) {
    host->info_handler(sig, info, frame);
  } else {
    host->handler(sig);
  }
}


static void on_fault(int sig, siginfo_t *info, void *frame) {
  int saved = errno;
  zvm__run *run = atomic_load(&signals.run);
  if (run == NULL || zvm__lowmem_thread() != atomic_load(&signals.thread)) {
    chain(sig, info, frame);
  } else if (sig == ZVM__TIMER_SIGNAL && zvm__timers_sent(run, info)) {
    if (zvm__timers_strike(run, info))
      leave(frame);
  } else if (info->si_code <= 0) { /* sent by kill, not a fault */
    if (!is_ignored(host_action(sig)))
      stop_run(run, sig, frame);
  } else if (zvm__gate_has(pc_of(frame))) {
    zvm__fault_record(run, sig, info, frame);
    leave_guest(frame);
  } else {
    chain(sig, info, frame);
  }
  errno = saved;
}


/*
** A signal to the process may come to any of its threads. One that comes
** here when the run is over already finds the host's disposition restored.
*/
static void on_stop(int sig, siginfo_t *info, void *frame) {
  (void)info;
  int saved = errno;
  zvm__run *run = atomic_load(&signals.run);
  if (run != NULL && zvm__lowmem_thread() == atomic_load(&signals.thread))
    stop_run(run, sig, frame);
  else
    (void)tgkill(getpid(),
                 run != NULL ? atomic_load(&signals.thread) : gettid(), sig);
  errno = saved;
}


/* -- Install ------------------------------------------------------------- */

zvm_status zvm__signals_prepare(zvm_error *err) {
  if (signals.stack != NULL)
    return ZVM_OK;
  /* Overrunning it would be our bug; below it lies an unmapped page. */
  char *p = mmap(NULL, STACK_SIZE + ZVM_PAGE_SIZE, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED)
    return zvm__fail_os(err, ZVM_E_NOMEM, errno, "no signal stack");
  if (mprotect(p + ZVM_PAGE_SIZE, STACK_SIZE, PROT_READ | PROT_WRITE) != 0) {
    int os = errno;
    (void)munmap(p, STACK_SIZE + ZVM_PAGE_SIZE);
    return zvm__fail_os(err, ZVM_E_NOMEM, os, "no signal stack");
  }
  signals.stack = p + ZVM_PAGE_SIZE;
  return ZVM_OK;
}


/* Signals that may stay unblocked although we do not handle them. */
static uint64_t harmless(void) {
  uint64_t set = 0;
  for (int i = 0; i < TTY_STOPS; i++) {
    zvm__action host;
    if (zvm__action_swap(tty_signals[i], NULL, &host) &&
        !zvm__action_has_handler(&host))
      set |= zvm__signal_bit(tty_signals[i]);
  }
  return set;
}


static void set_handlers(void) {
  zvm__action fault = zvm__action_of(on_fault);
  zvm__action stop = zvm__action_of(on_stop);
  /* Another thread may fault as soon as ours are in place. */
  for (int i = 0; i < FAULTS && !signals.chained; i++)
    (void)zvm__action_swap(fault_signals[i], NULL, &signals.host_fault[i]);
  signals.chained = true;
  for (int i = 0; i < FAULTS; i++)
    (void)zvm__action_swap(fault_signals[i], &fault, &signals.host_fault[i]);
  for (int i = 0; i < STOPS; i++) {
    /* As it was the last time, most likely: then one call will do. */
    bool had = signals.stops[i];
    zvm__action *host = &signals.host_stop[i];
    (void)zvm__action_swap(stop_signals[i], had ? &stop : NULL, host);
    signals.stops[i] = zvm__action_has_handler(host);
    if (signals.stops[i] != had)
      (void)zvm__action_swap(stop_signals[i], had ? host : &stop, NULL);
  }
}


static void restore_handlers(void) {
  for (int i = 0; i < STOPS; i++)
    if (signals.stops[i])
      (void)zvm__action_swap(stop_signals[i], &signals.host_stop[i], NULL);
  for (int i = 0; i < FAULTS; i++)
    (void)zvm__action_swap(fault_signals[i], &signals.host_fault[i], NULL);
}


/* Or else, in the next run, our handlers would chain to themselves. */
void zvm__signals_forget(void) {
  if (atomic_exchange(&signals.run, NULL) != NULL)
    restore_handlers();
}


/* With all signals blocked. False: we are on a signal stack. */
static bool arm(void) {
  stack_t ours = {.ss_sp = signals.stack, .ss_size = STACK_SIZE};
  if (sigaltstack(&ours, &signals.host_stack) != 0)
    return false;
  signals.harmless = harmless();
  set_handlers();
  return true;
}


zvm_status zvm__signals_arm(zvm_error *err) {
  zvm_status st = zvm__signals_prepare(err);
  if (st == ZVM_OK && !arm())
    st = zvm__fail_os(err, ZVM_E_SYSTEM, errno, "no signal stack");
  signals.armed = st == ZVM_OK;
  return st;
}


zvm_status zvm__signals_install(zvm__run *run, zvm_error *err) {
  zvm_status st = zvm__signals_prepare(err);
  if (st != ZVM_OK)
    return st;
  (void)sigemptyset(&run->again);
  run->has_again = false;
  /* All blocked while ours come; then what we handle and what is harmless. */
  signals.host_mask = zvm__mask_swap(~(uint64_t)0);
  atomic_store(&signals.thread, run->thread);
  atomic_store(&signals.run, run);
  if (!signals.armed && !arm()) {
    int os = errno;
    atomic_store(&signals.run, NULL);
    (void)zvm__mask_swap(signals.host_mask);
    return zvm__fail_os(err, ZVM_E_STATE, os,
                        "cannot run from a signal handler");
  }
  uint64_t stops = 0;
  for (int i = 0; i < STOPS; i++)
    stops |= zvm__signal_bit(stop_signals[i]);
  /* What the host blocks stays so, but for faults: the kernel would kill. */
  uint64_t open = (signals.harmless | stops) & ~signals.host_mask;
  if (run->open_stops)
    open |= stops;
  for (int i = 0; i < FAULTS; i++)
    open |= zvm__signal_bit(fault_signals[i]);
  (void)zvm__mask_swap(~open);
  return ZVM_OK;
}


/*
** With all blocked: a timer may have struck when the run was over already.
** What others sent stays.
*/
static void take_off_queue(const zvm__run *run) {
  static const struct timespec at_once = {0, 0};
  bool sent = false;
  siginfo_t info;
  sigset_t set;
  (void)sigemptyset(&set);
  (void)sigaddset(&set, ZVM__TIMER_SIGNAL);
  while (sigtimedwait(&set, &info, &at_once) > 0)
    sent = sent || !zvm__timers_sent(run, &info);
  if (sent)
    (void)raise(ZVM__TIMER_SIGNAL);
}


uint64_t zvm__signals_restore(void) {
  const zvm__run *run = atomic_load(&signals.run);
  (void)zvm__mask_swap(~(uint64_t)0);
  if (run != NULL && (run->bounds.timeout_ms | run->bounds.cpu_ms |
                      run->bounds.resident) != 0)
    take_off_queue(run);
  restore_handlers();
  atomic_store(&signals.run, NULL);
  (void)sigaltstack(&signals.host_stack, NULL);
  return signals.host_mask;
}


void zvm__signals_close(void) {
  (void)zvm__mask_swap(~(uint64_t)0);
  atomic_store(&signals.run, NULL);
}


void zvm__signals_raise(const sigset_t *again) {
  for (int sig = 1; sig < NSIG; sig++)
    if (sigismember(again, sig) == 1)
      (void)raise(sig);
}
