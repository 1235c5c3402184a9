/*
** flight.c - runs that are under way while the host does something else.
**
** A run that was started, that has calls or connections to wait for, or beside
** which others are under way, is a flight. It goes through its phases while
** its thread waits for any of its flights: one round of `pump` looks at all of
** them, and does one thing of one of them. So two runs of which one waits for
** what the other says go on, whichever of them is waited for.
**
** Within a call of a channel's there may be further rounds: a flight that is
** being served is left alone by them.
**
** Workers are hostile. A round never waits for a certain one, but when its
** answer has begun, and then not longer than STOP_MS and a millisecond for
** each piece that it says will come.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "send.h"

enum {
  TRIES = 2048, /* more workers than can be in the zygote's queue */
  MS_NS = 1000000,
  TURN_NS = 10 * MS_NS,  /* after which a turn is asked for again       */
  TAKE_MS = 10000,       /* what a worker has to take its job           */
  FEW = 32,              /* descriptors that need no memory             */
};

struct zvm__flight {
  struct zvm__flight *next;
  struct zvm__flight **list; /* of the thread that started it */
  pid_t maker;               /* a forked child has no part in it */
  zvm__job job;
  enum {
    ACCEPTS, /* connections                 */
    QUEUES,  /* for a worker                */
    RUNS,
    ENDED,
  } phase;
  bool here;           /* it is only to accept                            */
  bool busy;           /* being served                                    */
  bool waited;         /* for                                             */
  _Atomic bool gone;   /* freed by another thread: to be taken off        */
  bool sent;
  uint64_t start_ns;   /* of the phase; of RUNS, before the job was sent  */
  unsigned tries;
  zvm__turn turn;
  zvm__worker worker;
  zvm__hearing hearing;
  zvm__outcome outcome;
  char message[ZVM__MESSAGE_MAX];
  zvm_status status;
  zvm_error err;
};

static _Thread_local zvm__flight *flights;
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


static uint64_t least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}


bool zvm__flights_any(void) {
  return flights != NULL;
}


/* -- Ends ---------------------------------------------------------------- */

static bool is_parents(const zvm__flight *f) {
  return f->maker != getpid();
}


static void drop_worker(zvm__flight *f) {
  if (f->worker.socket >= 0)
    zvm__pool_drop(&f->worker);
}


static void end(zvm__flight *f) {
  f->phase = ENDED;
  drop_worker(f);
  if (f->here && f->outcome.state == ZVM_STATE_EXIT)
    return; /* it is going to run */
  for (unsigned i = 0; i < f->job.channels->count; i++)
    zvm__socket_deaf(&f->job.channels->list[i]);
  zvm__channels_end(&f->job, f->sent);
}


static void fail(zvm__flight *f, zvm_status st) {
  f->status = st;
  end(f);
}


/* It ended before it began. */
static void end_early(zvm__flight *f, zvm__outcome how) {
  f->outcome = how;
  f->outcome.wall_ns = zvm__now_ns() - f->start_ns;
  end(f);
}


/* A state that only the host can know. */
static void lose(zvm__flight *f, const char *why) {
  zvm__pool_tell(&f->worker, SIGKILL);
  (void)zvm__report_lose(&f->outcome, f->message, why);
  end(f);
}


/* -- From phase to phase ------------------------------------------------- */

static bool accepts_all(const zvm__flight *f) {
  for (unsigned i = 0; i < f->job.channels->count; i++)
    if (f->job.channels->list[i].listens)
      return false;
  return true;
}


/* False, and *again or the end, if it did not take it. */
static bool is_taken(zvm__flight *f, bool *again) {
  zvm__hearing *h = &f->hearing;
  uint64_t until = h->until_ns;
  if (f->job.channels->apart == 0)
    return true;
  h->until_ns = least(until, zvm__now_ns() + TAKE_MS * (uint64_t)MS_NS);
  switch (zvm__reply_taken(h, f->message)) {
  case ZVM__ANSWER:
    h->until_ns = h->stopped != 0 ? h->until_ns : until;
    zvm__channels_pass(f->job.channels);
    return true;
  case ZVM__UNTOUCHED:
    *again = true;
    return false;
  case ZVM__REFUSAL:
  case ZVM__SILENCE:
  case ZVM__NOMEM:
    break;
  }
  lose(f, f->message);
  return false;
}


/* With a worker. */
static void launch(zvm__flight *f) {
  bool again = true;
  zvm_status st = ZVM_OK;
  f->phase = RUNS;
  f->sent = true;
  while (again && f->tries++ < TRIES) {
    again = false;
    f->start_ns = zvm__now_ns();
    f->hearing.worker = &f->worker;
    f->hearing.until_ns = zvm__patience(&f->job.bounds, f->start_ns);
    st = zvm__job_send(&f->job, &f->worker, &again, &f->err);
    zvm__pool_tidy(&f->job);
    if (st == ZVM_OK && is_taken(f, &again))
      return;
    if (f->phase == ENDED)
      return;
    if (again)
      st = zvm__pool_swap(&f->worker, &f->err);
    if (again && st != ZVM_OK)
      break;
  }
  if (st == ZVM_OK)
    lose(f, "workers end before they take a job");
  else
    fail(f, st);
}


/* Without waiting. False: it has to. */
static bool take_turn(zvm__flight *f) {
  zvm_status st = zvm__pool_take(&f->worker, &f->turn, 0, &f->err);
  switch (f->turn.state) {
  case ZVM__TURN_HAS:
    if (st == ZVM_OK)
      launch(f);
    else
      fail(f, st);
    return true;
  case ZVM__TURN_REFUSED:
    end_early(f, (zvm__outcome){.state = ZVM_STATE_LIMIT,
                                .limit = ZVM_LIMITED_WORKERS});
    return true;
  case ZVM__TURN_NONE:
  case ZVM__TURN_WAITS:
    break;
  }
  return false;
}


/* Its connections are there, and what it waited is off its time. */
static void queue(zvm__flight *f) {
  uint64_t *ms = &f->job.bounds.timeout_ms;
  uint64_t took = (zvm__now_ns() - f->start_ns) / MS_NS;
  if (*ms != 0)
    *ms = *ms > took ? *ms - took : 1;
  f->start_ns = zvm__now_ns();
  f->phase = QUEUES;
  if (f->here)
    end(f);
  else
    (void)take_turn(f);
}


static void accept_one(zvm__flight *f, zvm__channel *ch) {
  int os = zvm__socket_accept(ch);
  if (os != 0 && os != EAGAIN)
    fail(f, zvm__fail_os(&f->err, ZVM_E_CHANNEL, os,
                         "channel %.80s: cannot accept a connection",
                         ch->alias));
  else if (accepts_all(f))
    queue(f);
}


/*
** Only one that is waited for may take what time it likes. It has some in any
** case: we may be late ourselves, after a long call.
*/
static void hear(zvm__flight *f) {
  bool again = false;
  zvm__hearing *h = &f->hearing;
  uint64_t grace = zvm__now_ns() + ZVM__STOP_MS * (uint64_t)MS_NS;
  if (!f->waited || h->until_ns < grace)
    h->until_ns = grace;
  zvm_status st = zvm__report_hear(&f->job, h, &f->outcome, f->message,
                                   f->start_ns, &again, &f->err);
  h->answers = false;
  if (st == ZVM_OK && again)
    st = zvm__pool_swap(&f->worker, &f->err);
  if (st != ZVM_OK)
    fail(f, st);
  else if (again)
    launch(f);
  else
    end(f);
}


static void serve(zvm__flight *f, zvm__channel *ch) {
  zvm__hearing *h = &f->hearing;
  ch->cancelled = h->cancelled; /* it may be another one's call */
  switch (zvm__call_serve(ch)) {
  case ZVM__SERVED:
  case ZVM__SERVE_END:
    break;
  case ZVM__CANCELLED: /* the worker knows, and reports */
    h->cancelled = true;
    h->until_ns = least(h->until_ns,
                        zvm__now_ns() + ZVM__STOP_MS * (uint64_t)MS_NS);
    break;
  case ZVM__NONSENSE:
    lose(f, "the worker asked a channel for what cannot be");
    break;
  }
}


static bool has_word(const zvm__flight *f) {
  struct pollfd p = {.fd = f->worker.socket, .events = POLLIN};
  return poll(&p, 1, 0) > 0;
}


/* It waited for too long; or we were late, and it was not. */
static void expire(zvm__flight *f) {
  switch (f->phase) {
  case ACCEPTS:
    end_early(f, (zvm__outcome){.state = ZVM_STATE_TIMEOUT});
    break;
  case QUEUES:
    zvm__pool_leave(&f->turn);
    end_early(f, (zvm__outcome){.state = ZVM_STATE_LIMIT,
                                .limit = ZVM_LIMITED_WORKERS});
    break;
  case RUNS:
    if (has_word(f))
      hear(f);
    else
      lose(f, "the worker did not stop, and was killed");
    break;
  case ENDED:
    break;
  }
}


static uint64_t deadline(const zvm__flight *f) {
  uint64_t ms = f->job.bounds.timeout_ms;
  if (f->phase == RUNS)
    return f->hearing.until_ns;
  return ms == 0 ? UINT64_MAX : f->start_ns + ms * MS_NS;
}


/* A signal came, and it is this one that is waited for. */
static void stop(zvm__flight *f) {
  int sig = zvm__stops_pending(f->hearing.stops);
  if (f->phase == RUNS) {
    zvm__hearing_stop(&f->hearing);
  } else if (sig != 0) {
    zvm__pool_leave(&f->turn);
    end_early(f, (zvm__outcome){.state = ZVM_STATE_STOPPED, .signal = sig});
  }
}


/* -- Rounds -------------------------------------------------------------- */

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
    w->until_ns = least(w->until_ns, zvm__now_ns() + TURN_NS);
    return;
  }
  w->fds[w->count] = (struct pollfd){.fd = fd, .events = POLLIN};
  w->events[w->count] = (event){f, ch};
  w->count++;
}


static void add_channels(watch *w, zvm__flight *f) {
  for (unsigned i = 0; i < f->job.channels->count; i++) {
    zvm__channel *ch = &f->job.channels->list[i];
    if (f->phase == ACCEPTS && ch->listens)
      add(w, ch->fd, f, ch);
    if (f->phase == RUNS && ch->source == &zvm__source_call && ch->peer >= 0)
      add(w, ch->peer, f, ch);
  }
}


/* False: it went on by itself, and nothing is as it was. */
static bool add_flight(watch *w, zvm__flight *f) {
  if (f->busy || f->phase == ENDED)
    return true;
  if (f->phase == QUEUES) {
    if (take_turn(f))
      return false;
    w->until_ns = least(w->until_ns, zvm__now_ns() + TURN_NS);
  }
  w->until_ns = least(w->until_ns, deadline(f));
  if (f->phase == RUNS)
    add(w, f->worker.socket, f, NULL);
  if (f->job.channels->apart > 0)
    add_channels(w, f);
  return true;
}


static void act(const event *e) {
  zvm__flight *f = e->flight;
  f->busy = true;
  if (e->channel == NULL)
    hear(f);
  else if (f->phase == ACCEPTS)
    accept_one(f, e->channel);
  else
    serve(f, e->channel);
  f->busy = false;
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
    if (f->phase != ENDED && is_parents(f)) {
      f->worker.socket = -1; /* the pool closed it */
      (void)zvm__report_lose(&f->outcome, f->message,
                             "the process that started the run forked");
      f->phase = ENDED;
    }
    at = &f->next;
  }
}


static bool fill(watch *w, zvm__flight *waited) {
  int watcher = waited->hearing.stopped == 0 ? waited->hearing.watcher : -1;
  w->fds[0] = (struct pollfd){.fd = watcher, .events = POLLIN};
  w->events[0] = (event){waited, NULL};
  w->count = 1;
  for (zvm__flight *f = flights; f != NULL; f = f->next)
    if (!add_flight(w, f))
      return false;
  return true;
}


static void expire_late(void) {
  uint64_t now = zvm__now_ns();
  for (zvm__flight *f = flights; f != NULL; f = f->next)
    if (!f->busy && f->phase != ENDED && now >= deadline(f))
      expire(f);
}


/* One thing of one of them; whose turn it is to be looked at first changes. */
static void look(const watch *w, zvm__flight *waited) {
  unsigned others = w->count - 1;
  if (w->fds[0].revents != 0) {
    stop(waited);
    return;
  }
  round_number++;
  for (unsigned i = 0; i < others; i++) {
    unsigned at = 1 + (i + round_number) % others;
    if (w->fds[at].revents != 0) {
      act(&w->events[at]);
      return;
    }
  }
}


/* Wait until there is something to do, and do it. */
static void pump(zvm__flight *waited) {
  struct pollfd few_fds[FEW];
  event few_events[FEW];
  watch w = {.fds = few_fds,
             .events = few_events,
             .room = FEW,
             .until_ns = UINT64_MAX};
  tidy();
  if (waited->phase != ENDED && fill(&w, waited)) {
    int n = poll(w.fds, w.count, zvm__left_ms(w.until_ns));
    if (n > 0)
      look(&w, waited);
    expire_late(); /* whoever is busy with what */
  }
  if (w.room > FEW) {
    free(w.fds);
    free(w.events);
  }
}


/* Nobody asks for their turns now: those behind them need not wait. */
static void leave_queues(void) {
  for (zvm__flight *f = flights; f != NULL; f = f->next)
    if (f->phase == QUEUES && f->turn.state == ZVM__TURN_WAITS) {
      zvm__pool_leave(&f->turn);
      f->turn = (zvm__turn){0};
    }
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
  f->list = &flights;
  f->maker = getpid();
  f->job = *job;
  f->start_ns = zvm__now_ns();
  f->worker.socket = -1;
  f->hearing = (zvm__hearing){.worker = &f->worker, .watcher = -1};
  f->next = flights;
  flights = f;
  return f;
}


zvm__flight *zvm__flight_start(const zvm__job *job, zvm__wait *wait,
                               zvm_error *err) {
  zvm__flight *f = new_flight(job, err);
  zvm__wait_begin(wait);
  if (f == NULL)
    return NULL;
  zvm__wait_open(wait);
  /* A connection may be there already: then nothing is left to wait for. */
  for (unsigned i = 0; i < job->channels->count && f->phase == ACCEPTS; i++)
    if (job->channels->list[i].listens)
      accept_one(f, &job->channels->list[i]);
  if (f->phase == ACCEPTS && accepts_all(f))
    queue(f);
  leave_queues();
  return f;
}


static void wait_for(zvm__flight *f, const zvm__wait *wait) {
  f->hearing.stops = wait->stops;
  f->hearing.watcher = zvm__stops_watch(wait->stops);
  f->waited = true;
  while (f->phase != ENDED)
    pump(f);
  f->waited = false;
  if (f->hearing.watcher >= 0)
    (void)close(f->hearing.watcher);
  f->hearing.watcher = -1;
  leave_queues();
}


bool zvm__flight_is_free(const zvm__flight *f) {
  return f->list == &flights && !f->waited && !f->busy;
}


zvm_status zvm__flight_wait(zvm__flight *f, zvm__outcome *out,
                            zvm__wait *wait, zvm_error *err) {
  if (!wait->blocked)
    zvm__wait_begin(wait);
  if (f->list != &flights)
    return zvm__fail(err, ZVM_E_STATE,
                     "another thread started this session: wait there");
  if (f->waited || f->busy)
    return zvm__fail(err, ZVM_E_STATE, "the session is being waited for");
  zvm__wait_open(wait);
  wait_for(f, wait);
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
  if (f->phase != ENDED && !is_parents(f)) {
    if (f->phase == QUEUES)
      zvm__pool_leave(&f->turn);
    if (f->phase == RUNS)
      zvm__pool_tell(&f->worker, SIGKILL);
    drop_worker(f);
  }
  f->phase = ENDED;
  if (f->list != &flights) {
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
  wait_for(f, wait);
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
