/*
** timers.c - limits of time: a signal to the thread that runs the guest.
**
** The signal is one of those that faults have anyway: its handler is ours
** for as long as a guest runs, it is never blocked meanwhile, and what a
** timer sends can be told from a fault. So a limit costs no signal that the
** host may use.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

enum {
  WALL,
  CPU,
  LOOK,
  LOOK_MS = 5,
  SKIP_MOST = 15, /* looks, as the kernel may add pages by itself */
  FAULT_MOST = 2 << 20, /* bytes that a page fault makes resident */
};


static struct timespec from_ms(uint64_t ms) {
  return (struct timespec){.tv_sec = (time_t)(ms / 1000),
                           .tv_nsec = (long)(ms % 1000) * 1000000};
}


/* The system calls: a library's timer may be a thread. */
static bool start(zvm__run *run, int which, clockid_t clock, uint64_t first,
                  uint64_t then) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
                           .sigev_signo = ZVM__TIMER_SIGNAL};
  struct itimerspec when = {.it_value = from_ms(first),
                            .it_interval = from_ms(then)};
  event.sigev_value.sival_ptr = (char *)run + which;
  event._sigev_un._tid = gettid();
  int id;
  if (syscall(SYS_timer_create, clock, &event, &id) != 0)
    return false;
  run->timer[run->timers++] = id;
  return syscall(SYS_timer_settime, id, 0, &when, NULL) == 0;
}


/* -- Resident memory ----------------------------------------------------- */

static int64_t faults(void) {
  struct rusage used;
  return getrusage(RUSAGE_THREAD, &used) == 0
             ? used.ru_minflt + used.ru_majflt
             : INT64_MAX;
}


static bool count_resident(zvm__run *run) {
  run->faults = faults();
  run->skipped = 0;
  return zvm__map_resident(run->map, &run->resident);
}


/*
** Only who faults gets pages: to count them all each time would cost a guest
** with gigabytes a third of its time.
*/
static bool has_too_much(zvm__run *run) {
  uint64_t most = run->bounds.resident;
  uint64_t since = (uint64_t)(faults() - run->faults);
  if (run->skipped < SKIP_MOST && run->resident <= most &&
      since <= (most - run->resident) / FAULT_MOST) {
    run->skipped++;
    return false;
  }
  return !count_resident(run) || run->resident > most;
}


/* -- All timers ---------------------------------------------------------- */

/*
** A second signal after the first does no harm, and one that was lost would:
** each timer goes on until it is deleted.
*/
zvm_status zvm__timers_start(zvm__run *run, zvm_error *err) {
  const zvm__bounds *b = &run->bounds;
  if (b->resident != 0 && !count_resident(run))
    return zvm__fail_os(err, ZVM_E_SYSTEM, errno,
                        "cannot count what is resident");
  if ((b->timeout_ms == 0 ||
       start(run, WALL, CLOCK_MONOTONIC, b->timeout_ms, LOOK_MS)) &&
      (b->cpu_ms == 0 ||
       start(run, CPU, CLOCK_THREAD_CPUTIME_ID, b->cpu_ms, LOOK_MS)) &&
      (b->resident == 0 ||
       start(run, LOOK, CLOCK_MONOTONIC, LOOK_MS, LOOK_MS)))
    return ZVM_OK;
  int os = errno;
  zvm__timers_stop(run);
  return zvm__fail_os(err, ZVM_E_SYSTEM, os, "no timer for a limit");
}


void zvm__timers_stop(zvm__run *run) {
  while (run->timers > 0)
    (void)syscall(SYS_timer_delete, run->timer[--run->timers]);
}


/* A timer of the host's has another value than this run's address. */
static int kind_of(const zvm__run *run, const siginfo_t *info) {
  uintptr_t which = (uintptr_t)info->si_value.sival_ptr - (uintptr_t)run;
  return info->si_code == SI_TIMER && which <= LOOK ? (int)which : -1;
}


bool zvm__timers_sent(const zvm__run *run, const siginfo_t *info) {
  return kind_of(run, info) >= 0;
}


bool zvm__timers_strike(zvm__run *run, const siginfo_t *info) {
  switch (kind_of(run, info)) {
  case WALL:
    (void)zvm__run_end(run, ZVM_STATE_TIMEOUT);
    return true;
  case CPU:
    (void)zvm__run_out(run, ZVM_LIMITED_CPU);
    return true;
  default:
    if (!has_too_much(run))
      return false;
    (void)zvm__run_out(run, ZVM_LIMITED_RESIDENT);
    return true;
  }
}
