/*
** flight.c - runs that are under way while the host does something else.
**
** A run that was started, that has calls or connections to wait for, or beside
** which others are under way, is a flight: in the list of the thread that
** started it, which takes all of them on while it waits for any.
**
** Workers are hostile. A round never waits for a certain one, but when its
** answer has begun, and then not longer than STOP_MS and a millisecond for
** each piece that comes. Only with nobody else under way it may take longer.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flight.h"

enum { LATE_MOST = 256 };

static _Thread_local zvm__flight *flights;


bool zvm__flights_any(void) {
  return flights != NULL;
}


/* -- The list ------------------------------------------------------------ */

static bool is_parents(const zvm__flight *f) {
  return f->maker != getpid();
}


bool zvm__flight_has_others(const zvm__flight *f) {
  for (const zvm__flight *at = flights; at != NULL; at = at->next)
    if (at != f && at->phase != ZVM__ENDED)
      return true;
  return false;
}


/* Those that another thread freed, and the parent's of a forked child. */
static void tidy(void) {
  for (zvm__flight **at = &flights; *at != NULL;) {
    zvm__flight *f = *at;
    if (f->gone) {
      *at = f->next;
      free(f);
      continue;
    }
    if (f->phase != ZVM__ENDED && is_parents(f)) {
      f->worker.socket = -1; /* the pool closed it */
      (void)zvm__report_lose(&f->outcome, f->message,
                             "the process that started the run forked");
      f->phase = ZVM__ENDED;
    }
    at = &f->next;
  }
}


/* Nobody asks for their turns now: those behind them need not wait. */
static void leave_queues(void) {
  for (zvm__flight *f = flights; f != NULL; f = f->next)
    if (f->phase == ZVM__QUEUES && f->turn.state == ZVM__TURN_WAITS) {
      zvm__pool_leave(&f->turn);
      f->turn = (zvm__turn){0};
    }
}


/* Who came before is asked first, whoever asks now. */
static void ask_in_order(void) {
  tidy();
  for (zvm__flight *f = flights; f != NULL; f = f->next) {
    if (f->phase != ZVM__QUEUES || f->busy)
      continue;
    zvm__flight_check(f);
    if (f->phase == ZVM__QUEUES)
      (void)zvm__flight_take_turn(f);
  }
}


/* The last of all: the list is in the order in which they came. */
static void link_flight(zvm__flight *f) {
  zvm__flight **at = &flights;
  while (*at != NULL)
    at = &(*at)->next;
  *at = f;
}


static void unlink_flight(zvm__flight *f) {
  zvm__flight **at = &flights;
  while (*at != NULL && *at != f)
    at = &(*at)->next;
  if (*at == f)
    *at = f->next;
}


/* -- For sessions -------------------------------------------------------- */

static zvm__flight *new_flight(const zvm__job *job, zvm_error *err) {
  zvm__flight *f = calloc(1, sizeof *f);
  if (f == NULL) {
    zvm__fail(err, ZVM_E_NOMEM, "not enough memory for a run");
    return NULL;
  }
  f->maker = getpid();
  f->job = *job;
  f->start_ns = zvm__now_ns();
  f->worker.socket = -1;
  f->hearing = (zvm__hearing){.worker = &f->worker, .watcher = -1};
  link_flight(f);
  return f;
}


zvm__flight *zvm__flight_start(const zvm__job *job, zvm__wait *wait,
                               zvm_error *err) {
  zvm__flight *f = new_flight(job, err);
  zvm__wait_begin(wait);
  if (f == NULL)
    return NULL;
  zvm__wait_open(wait);
  ask_in_order();
  zvm__flight_begin(f);
  leave_queues();
  return f;
}


/* The first one that has ended; their number if none has. */
static size_t first_ended(const zvm__vigil *v) {
  size_t i = 0;
  while (i < v->count && v->set[i]->phase != ZVM__ENDED)
    i++;
  return i;
}


static void begin_vigil(zvm__vigil *v, const zvm__wait *wait) {
  v->stops = wait->stops;
  v->watcher = zvm__stops_watch(wait->stops);
  for (size_t i = 0; i < v->count; i++) {
    v->set[i]->hearing.stops = wait->stops;
    v->set[i]->hearing.watcher = v->watcher;
    v->set[i]->waited = true;
  }
}


/* One whose answer was slow may have got a watcher of its own. */
static void end_vigil(zvm__vigil *v) {
  for (size_t i = 0; i < v->count; i++) {
    zvm__hearing *h = &v->set[i]->hearing;
    v->set[i]->waited = false;
    if (h->watcher >= 0 && h->watcher != v->watcher)
      (void)close(h->watcher);
    h->watcher = -1;
    h->stops = 0; /* nobody waits for it: it shall make no watcher */
  }
  if (v->watcher >= 0)
    (void)close(v->watcher);
  leave_queues();
}


/*
** Between two waits is the host's program. One that is being served is not
** ended meanwhile: who serves it has its memory in hand.
*/
static void check_all(void) {
  tidy();
  for (zvm__flight *f = flights; f != NULL; f = f->next)
    if (!f->busy)
      zvm__flight_check(f);
}


/* Until one of them has ended, or it is too late: which. */
static size_t wait_for(zvm__vigil *v, const zvm__wait *wait) {
  check_all();
  begin_vigil(v, wait);
  bool acted = true;
  unsigned late = 0; /* what is there already is served, but not for ever */
  size_t which;
  for (;;) {
    tidy();
    which = first_ended(v);
    if (which < v->count)
      break;
    late += v->until_ns != UINT64_MAX && zvm__now_ns() >= v->until_ns;
    if (late > 0 && (!acted || late > LATE_MOST))
      break;
    acted = zvm__flights_round(&flights, v);
  }
  end_vigil(v);
  return which;
}


static void wait_for_one(zvm__flight *f, const zvm__wait *wait) {
  zvm__vigil v = {.set = &f, .count = 1, .until_ns = UINT64_MAX};
  (void)wait_for(&v, wait);
}


/* A thread that ended may have had its list where this one's is. */
static bool is_own(const zvm__flight *f) {
  const zvm__flight *at = flights;
  while (at != NULL && at != f)
    at = at->next;
  return at != NULL;
}


bool zvm__flight_is_free(const zvm__flight *f) {
  return is_own(f) && !f->waited && !f->busy;
}


static zvm_status check_free(const zvm__flight *f, zvm_error *err) {
  if (!is_own(f))
    return zvm__fail(err, ZVM_E_STATE,
                     "another thread started this session: wait there");
  if (f->waited || f->busy)
    return zvm__fail(err, ZVM_E_STATE, "the session is being waited for");
  return ZVM_OK;
}


zvm_status zvm__flights_wait(zvm__flight *const *set, size_t count,
                             uint64_t until_ns, size_t *which, int *signal,
                             zvm__wait *wait, zvm_error *err) {
  zvm__vigil v = {.set = set, .count = count, .until_ns = until_ns};
  zvm__wait_begin(wait);
  for (size_t i = 0; i < count; i++)
    if (check_free(set[i], err) != ZVM_OK)
      return ZVM_E_STATE;
  zvm__wait_open(wait);
  *which = wait_for(&v, wait);
  *signal = v.stopped;
  return ZVM_OK;
}


zvm_status zvm__flight_wait(zvm__flight *f, zvm__outcome *out,
                            zvm__wait *wait, zvm_error *err) {
  if (!wait->blocked)
    zvm__wait_begin(wait);
  if (check_free(f, err) != ZVM_OK)
    return ZVM_E_STATE;
  zvm__wait_open(wait);
  wait_for_one(f, wait);
  zvm_status st = f->status;
  if (st != ZVM_OK && err != NULL)
    *err = f->err;
  *out = f->outcome;
  if (out->state == ZVM_STATE_LOST)
    memcpy(wait->message, f->message, sizeof wait->message);
  unlink_flight(f);
  free(f);
  return st;
}


void zvm__flight_free(zvm__flight *f) {
  if (f == NULL)
    return;
  ZVM_CHECK(!f->busy && !f->waited);
  if (f->phase != ZVM__ENDED && !is_parents(f))
    zvm__flight_kill(f);
  f->phase = ZVM__ENDED;
  if (!is_own(f)) {
    f->gone = true;
    return;
  }
  unlink_flight(f);
  free(f);
}


zvm_status zvm__flight_accept(const zvm__job *job, zvm__bounds *bounds,
                              bool *ready, zvm__outcome *out,
                              zvm__wait *wait, zvm_error *err) {
  zvm__wait_begin(wait);
  zvm__flight *f = new_flight(job, err);
  if (f == NULL)
    return ZVM_E_NOMEM;
  f->here = true;
  zvm__wait_open(wait);
  wait_for_one(f, wait);
  zvm_status st = f->status;
  if (st != ZVM_OK && err != NULL)
    *err = f->err;
  *bounds = f->job.bounds;
  *out = f->outcome;
  *ready = st == ZVM_OK && out->state == ZVM_STATE_EXIT;
  unlink_flight(f);
  free(f);
  return st;
}
