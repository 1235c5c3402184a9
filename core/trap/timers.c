/*
** timers.c - limits of time: a signal to the thread that runs the guest.
**
** The signal is one of those that faults have anyway: its handler is ours
** for as long as a guest runs, it is never blocked meanwhile, and what a
** timer sends can be told from a fault. So a limit costs no signal that the
** host may use.
**
** All go by the clock on the wall. A kernel's timer of CPU time is looked at
** each tick only, 4 or 10 ms; but a thread uses no more of it than passes, so
** at the earliest moment when it may be used up, it is asked for.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "run.h"

enum {
  WALL,
  CPU,
  LOOK,
  LOOK_MS = 2,
  CPU_MIN_NS = 100000, /* between two looks of that timer */
};


static struct timespec from_ns(uint64_t ns) {
  return (struct timespec){.tv_sec = (time_t)(ns / ZVM__SECOND_NS),
                           .tv_nsec = (long)(ns % ZVM__SECOND_NS)};
}


/*
** A second signal after the first does no harm, and one that was lost would:
** each timer goes on until it is deleted.
*/
static bool set(int id, uint64_t first_ns) {
  struct itimerspec when = {.it_value = from_ns(first_ns),
                            .it_interval = from_ns(LOOK_MS * ZVM__MS_NS)};
  return syscall(SYS_timer_settime, id, 0, &when, NULL) == 0;
}


/* The system calls: a library's timer may be a thread. */
static bool start(zvm__run *run, int which, uint64_t first_ms) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
                           .sigev_signo = ZVM__TIMER_SIGNAL};
  event.sigev_value.sival_ptr = (char *)run + which;
  event._sigev_un._tid = gettid();
  int *id = &run->timer[run->timers];
  if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, id) != 0)
    return false;
  run->timers++;
  if (which == CPU)
    run->cpu_timer = *id;
  return set(*id, first_ms * ZVM__MS_NS);
}


/* -- CPU time ------------------------------------------------------------ */

static uint64_t thread_ns(void) {
  struct timespec t = {0};
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return zvm__timespec_ns(&t);
}


/* If it is not used up, look again when it may be. */
static bool is_used_up(const zvm__run *run) {
  uint64_t most = run->bounds.cpu_ms * ZVM__MS_NS;
  uint64_t used = thread_ns() - run->cpu_start;
  if (used >= most)
    return true;
  uint64_t left = most - used;
  (void)set(run->cpu_timer, left > CPU_MIN_NS ? left : CPU_MIN_NS);
  return false;
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
  return zvm__map_resident(run->map, &run->resident);
}


/*
** Only who faults gets pages, and for each fault one: to count them all each
** time would cost a guest with gigabytes much of its time.
*/
static bool has_too_much(zvm__run *run) {
  uint64_t most = run->bounds.resident;
  uint64_t since = (uint64_t)(faults() - run->faults);
  if (run->resident <= most &&
      since <= (most - run->resident) / ZVM_PAGE_SIZE)
    return false;
  return !count_resident(run) || run->resident > most;
}


/* -- All timers ---------------------------------------------------------- */

zvm_status zvm__timers_start(zvm__run *run, zvm_error *err) {
  const zvm__bounds *b = &run->bounds;
  if (b->resident != 0 && !count_resident(run))
    return zvm__fail_os(err, ZVM_E_SYSTEM, errno,
                        "cannot count what is resident");
  if (b->cpu_ms != 0)
    run->cpu_start = thread_ns();
  if ((b->timeout_ms == 0 || start(run, WALL, b->timeout_ms)) &&
      (b->cpu_ms == 0 || start(run, CPU, b->cpu_ms)) &&
      (b->resident == 0 || start(run, LOOK, LOOK_MS)))
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
    if (!is_used_up(run))
      return false;
    (void)zvm__run_out(run, ZVM_LIMITED_CPU);
    return true;
  default:
    if (!has_too_much(run))
      return false;
    (void)zvm__run_out(run, ZVM_LIMITED_RESIDENT);
    return true;
  }
}
