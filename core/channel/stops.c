/*
** stops.c - to wait for another side, unless a signal comes that stops runs.
**
** Signals of that kind that have a handler of the host's are held while a
** session is opened and waits, so that one is seen by who waits, and its
** handler runs when the descriptors are closed again. Those without one end
** the host as ever.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/action.h"
#include "base/clock.h"
#include "channel.h"

static const int signals[] = ZVM__STOP_SIGNALS;
enum { SIGNALS = sizeof signals / sizeof signals[0] };


void zvm__await_begin(zvm__await *p, uint64_t until_ns) {
  p->until_ns = until_ns;
  (void)sigemptyset(&p->stops);
  (void)pthread_sigmask(SIG_SETMASK, NULL, &p->before);
  for (int i = 0; i < SIGNALS; i++)
    if (sigismember(&p->before, signals[i]) == 0 &&
        zvm__signal_has_handler(signals[i]))
      (void)sigaddset(&p->stops, signals[i]);
  (void)pthread_sigmask(SIG_BLOCK, &p->stops, NULL);
}


void zvm__await_end(const zvm__await *p) {
  int os = errno;
  (void)pthread_sigmask(SIG_SETMASK, &p->before, NULL);
  errno = os;
}


bool zvm__await_broken(const zvm__await *p) {
  sigset_t set;
  if (sigpending(&set) != 0)
    return false;
  for (int i = 0; i < SIGNALS; i++)
    if (sigismember(&p->stops, signals[i]) == 1 &&
        sigismember(&set, signals[i]) == 1)
      return true;
  return false;
}


int zvm__await_pause(const zvm__await *p, uint64_t ns) {
  const struct timespec pause = {.tv_nsec = (long)ns};
  if (zvm__await_broken(p))
    return EINTR;
  if (zvm__now_ns() + ns >= p->until_ns)
    return ETIMEDOUT;
  (void)nanosleep(&pause, NULL); /* EINTR: a little too early */
  return 0;
}
