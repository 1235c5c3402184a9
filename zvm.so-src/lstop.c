/*
** lstop.c - keep from the host a signal that its report tells of.
**
** The core stops a run for a signal that has a handler, fills the report, and
** lets the handler have the signal last of all. So we put a handler there,
** which takes what the report tells of, and hands on all else: what came
** before the run began, or when it had ended.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

#include "lstop.h"

static const int stops[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { STOPS = sizeof stops / sizeof stops[0] };

static struct {
  atomic_flag taken;
  const zvm_report *_Atomic report;
  struct sigaction before[STOPS];
} kept = {.taken = ATOMIC_FLAG_INIT};


/* What was there before gets it: it is pending until we return. */
static void hand_on(int i) {
  (void)sigaction(stops[i], &kept.before[i], NULL);
  (void)raise(stops[i]);
}


static void take(int sig) {
  int saved = errno;
  const volatile zvm_report *report = atomic_load(&kept.report);
  bool told = report != NULL && report->state == ZVM_STATE_STOPPED &&
              report->signal == sig;
  for (int i = 0; i < STOPS && !told; i++)
    if (stops[i] == sig)
      hand_on(i);
  errno = saved;
}


static bool is_ignored(const struct sigaction *action) {
  return (action->sa_flags & SA_SIGINFO) == 0 &&
         action->sa_handler == SIG_IGN;
}


bool zvm__stop_begin(const zvm_report *report) {
  struct sigaction action = {.sa_handler = take};
  if (atomic_flag_test_and_set(&kept.taken))
    return false;
  atomic_store(&kept.report, report);
  (void)sigemptyset(&action.sa_mask);
  /* First all that are handed on to, then who hands on. */
  for (int i = 0; i < STOPS; i++)
    (void)sigaction(stops[i], NULL, &kept.before[i]);
  for (int i = 0; i < STOPS; i++)
    if (!is_ignored(&kept.before[i]))
      (void)sigaction(stops[i], &action, NULL);
  return true;
}


void zvm__stop_end(void) {
  for (int i = 0; i < STOPS; i++)
    if (!is_ignored(&kept.before[i]))
      (void)sigaction(stops[i], &kept.before[i], NULL);
  atomic_store(&kept.report, NULL);
  atomic_flag_clear(&kept.taken);
}
