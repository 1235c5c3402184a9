/*
** round.c - wait for all runs of a thread that are under way at once.
**
** A round looks at all of them, and does one thing of one of them. So two runs
** of which one waits for what the other says go on, whichever of them is
** waited for. Within a call of a channel's there may be further rounds: a
** flight that is being served is left alone by them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "flight.h"

enum {
  TURN_NS = 10 * ZVM__MS_NS, /* after which a turn is asked for again */
  FEW = 32,                  /* descriptors that need no memory       */
};

static _Thread_local unsigned round_number; /* for fairness */

typedef struct event {
  zvm__flight *flight;
  zvm__channel *channel; /* NULL: the worker */
} event;

/* What a round waits for. */
typedef struct watch {
  struct pollfd *fds;
  event *events;
  unsigned count;
  unsigned room;
  uint64_t until_ns;
} watch;


/* Without memory for more, the first ones have to do. */
static bool reserve(watch *w) {
  if (w->count < w->room)
    return true;
  unsigned room = w->room * 2;
  struct pollfd *fds = calloc(room, sizeof *fds);
  event *events = calloc(room, sizeof *events);
  if (fds == NULL || events == NULL) {
    free(fds);
    free(events);
    return false;
  }
  memcpy(fds, w->fds, w->count * sizeof *fds);
  memcpy(events, w->events, w->count * sizeof *events);
  if (w->room > FEW) {
    free(w->fds);
    free(w->events);
  }
  w->fds = fds;
  w->events = events;
  w->room = room;
  return true;
}


static void add(watch *w, int fd, zvm__flight *f, zvm__channel *ch) {
  if (!reserve(w)) {
    w->until_ns = zvm__least(w->until_ns, zvm__now_ns() + TURN_NS);
    return;
  }
  w->fds[w->count] = (struct pollfd){.fd = fd, .events = POLLIN};
  w->events[w->count] = (event){f, ch};
  w->count++;
}


/* Who is to stop leaves its calls: it is asked for nothing any more. */
static void add_channels(watch *w, zvm__flight *f) {
  for (unsigned i = 0; i < f->job.channels->count; i++) {
    zvm__channel *ch = &f->job.channels->list[i];
    if (f->phase == ZVM__ACCEPTS && ch->listens)
      add(w, ch->fd, f, ch);
    if (f->phase == ZVM__RUNS && f->hearing.stopped == 0 &&
        ch->source == &zvm__source_call && ch->peer >= 0)
      add(w, ch->peer, f, ch);
  }
}


/* False: it went on by itself, and nothing is as it was. */
static bool add_flight(watch *w, zvm__flight *f) {
  if (f->busy || f->phase == ZVM__ENDED)
    return true;
  if (f->phase == ZVM__QUEUES) {
    if (zvm__flight_take_turn(f))
      return false;
    w->until_ns = zvm__least(w->until_ns, zvm__now_ns() + TURN_NS);
  }
  w->until_ns = zvm__least(w->until_ns, zvm__flight_deadline(f));
  if (f->phase == ZVM__RUNS)
    add(w, f->worker.socket, f, NULL);
  if (f->job.channels->apart > 0)
    add_channels(w, f);
  return true;
}


static bool fill(watch *w, zvm__flight *first, const zvm__vigil *v) {
  int watcher = v->stopped == 0 ? v->watcher : -1;
  w->fds[0] = (struct pollfd){.fd = watcher, .events = POLLIN};
  w->events[0] = (event){NULL, NULL};
  w->count = 1;
  for (zvm__flight *f = first; f != NULL; f = f->next)
    if (!add_flight(w, f))
      return false;
  return true;
}


/* Within a call the process may have forked, and we be the child. */
static void expire_late(zvm__flight *first) {
  uint64_t now = zvm__now_ns();
  pid_t self = getpid();
  for (zvm__flight *f = first; f != NULL; f = f->next)
    if (!f->busy && f->phase != ZVM__ENDED && f->maker == self &&
        now >= zvm__flight_deadline(f))
      zvm__flight_expire(f);
}


/* A signal came, or may have: all that are waited for are to end. */
static void stop_all(zvm__vigil *v) {
  int sig = zvm__stops_pending(v->stops);
  if (sig == 0) /* another thread took it */
    return;
  v->stopped = sig;
  for (size_t i = 0; i < v->count; i++)
    if (v->set[i]->phase != ZVM__ENDED)
      zvm__flight_stop(v->set[i]);
}


/* One thing of one of them; whose turn it is to be looked at first changes. */
static void look(const watch *w, zvm__vigil *v) {
  unsigned others = w->count - 1;
  if (w->fds[0].revents != 0) {
    stop_all(v);
    return;
  }
  round_number++;
  for (unsigned i = 0; i < others; i++) {
    unsigned at = 1 + (i + round_number) % others;
    if (w->fds[at].revents != 0) {
      zvm__flight_act(w->events[at].flight, w->events[at].channel);
      return;
    }
  }
}


bool zvm__flights_round(zvm__flight *const *list, zvm__vigil *v) {
  struct pollfd few_fds[FEW];
  event few_events[FEW];
  watch w = {.fds = few_fds,
             .events = few_events,
             .room = FEW,
             .until_ns = v->until_ns};
  bool blind = v->watcher < 0 && v->stops != 0 && v->stopped == 0;
  bool acted = true;
  if (blind)
    w.until_ns = zvm__least(w.until_ns, zvm__now_ns() + TURN_NS);
  if (fill(&w, *list, v)) {
    int n = poll(w.fds, w.count, zvm__left_ms(w.until_ns));
    acted = n > 0;
    if (n > 0)
      look(&w, v);
    else if (n == 0 && blind)
      stop_all(v);
    expire_late(*list); /* whoever is busy with what */
  }
  if (w.room > FEW) {
    free(w.fds);
    free(w.events);
  }
  return acted;
}
