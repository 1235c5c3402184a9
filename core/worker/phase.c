/*
** phase.c - one run that is under way, from phase to phase.
**
** It accepts connections, queues for a worker, runs, and has ended. Each step
** is one that need not wait, but for what a worker has begun to say.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "base/num.h"
#include "flight.h"

enum {
  TRIES = 2048,    /* more workers than can be in the zygote's queue */
  TAKE_MS = 10000, /* what a worker has to take its job              */
};


/* -- Ends ---------------------------------------------------------------- */

static void drop_worker(zvm__flight *f) {
  if (f->worker.socket >= 0)
    zvm__pool_drop(&f->worker);
}


/* Does anybody but the host wait to see a channel closed? */
static bool others_wait(const zvm__flight *f) {
  const zvm__channels *all = f->job.channels;
  for (unsigned i = 0; i < all->count && all->apart > 0; i++)
    if (all->list[i].joint && all->list[i].source != &zvm__source_call)
      return true;
  return false;
}


/*
** A worker that has said all ends by itself, unless it is a guest's: that one
** would keep its channels, and who is at their other ends waiting.
*/
static void end(zvm__flight *f) {
  f->phase = ZVM__ENDED;
  if (f->sent && f->worker.socket >= 0 && others_wait(f))
    zvm__pool_tell(&f->worker, SIGKILL);
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


static bool has_sockets(const zvm__flight *f) {
  const zvm__channels *all = f->job.channels;
  bool has = zvm__fd_is(f->worker.socket, &f->worker.identity);
  for (unsigned i = 0; i < all->count && all->apart > 0 && has; i++)
    has = all->list[i].peer < 0 ||
          zvm__fd_may_be(all->list[i].peer, &all->list[i].peer_identity);
  return has;
}


void zvm__flight_check(zvm__flight *f) {
  zvm_status st;
  switch (f->phase) {
  case ZVM__ACCEPTS:
    st = zvm__channels_check(f->job.channels, &f->err);
    if (st != ZVM_OK)
      fail(f, st);
    break;
  case ZVM__RUNS:
    if (!has_sockets(f))
      lose(f, "the host program closed a descriptor of the run");
    break;
  case ZVM__QUEUES: /* seen when it is sent */
  case ZVM__ENDED:
    break;
  }
}


zvm_progress_state zvm__flight_progress(const zvm__flight *f) {
  switch (f->phase) {
  case ZVM__ACCEPTS:
  case ZVM__QUEUES:
    return ZVM_PROGRESS_WAITING;
  case ZVM__RUNS:
    return ZVM_PROGRESS_RUNNING;
  case ZVM__ENDED:
    break;
  }
  return ZVM_PROGRESS_ENDED;
}


void zvm__flight_kill(zvm__flight *f) {
  if (f->phase == ZVM__QUEUES)
    zvm__pool_leave(&f->turn);
  if (f->phase == ZVM__RUNS)
    zvm__pool_tell(&f->worker, SIGKILL);
  drop_worker(f);
  f->phase = ZVM__ENDED;
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
  h->until_ns = zvm__least(until, zvm__now_ns() + TAKE_MS * ZVM__MS_NS);
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


static void trace_send(const zvm__flight *f) {
  zvm__trace *t = f->job.trace;
  uint64_t now = zvm__now_ns();
  if (t == NULL)
    return;
  zvm__trace_hurry(t); /* others wait meanwhile */
  zvm__trace_line(t, now, now - f->start_ns, "send");
}


/* With a worker. */
static void launch(zvm__flight *f) {
  bool again = true;
  zvm_status st = ZVM_OK;
  if (f->tries == 0)
    trace_send(f);
  f->phase = ZVM__RUNS;
  f->sent = true;
  while (again && f->tries++ < TRIES) {
    again = false;
    f->start_ns = zvm__now_ns();
    f->hearing.worker = &f->worker;
    f->hearing.stopped = 0; /* another one was told */
    f->hearing.until_ns = zvm__patience(&f->job.bounds, f->start_ns);
    st = zvm__job_send(&f->job, &f->worker, &again, &f->err);
    zvm__pool_tidy(&f->job);
    if (st == ZVM_OK && is_taken(f, &again))
      return;
    if (f->phase == ZVM__ENDED)
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


bool zvm__flight_take_turn(zvm__flight *f) {
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
  uint64_t took = (zvm__now_ns() - f->start_ns) / ZVM__MS_NS;
  if (*ms != 0)
    *ms = *ms > took ? *ms - took : 1;
  f->start_ns = zvm__now_ns();
  f->phase = ZVM__QUEUES;
  if (f->here)
    end(f);
  else
    (void)zvm__flight_take_turn(f);
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
** Only one that is waited for, and holds nobody else up, may take what time it
** likes. It has some in any case: we may be late ourselves, after a long call.
*/
static void hear(zvm__flight *f) {
  bool again = false;
  zvm__hearing *h = &f->hearing;
  uint64_t grace = zvm__now_ns() + ZVM__STOP_MS * ZVM__MS_NS;
  if (!f->waited || h->until_ns < grace || zvm__flight_has_others(f))
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
    h->until_ns = zvm__least(h->until_ns,
                        zvm__now_ns() + ZVM__STOP_MS * ZVM__MS_NS);
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


/* It may have been us who were late. */
void zvm__flight_expire(zvm__flight *f) {
  switch (f->phase) {
  case ZVM__ACCEPTS:
    end_early(f, (zvm__outcome){.state = ZVM_STATE_TIMEOUT});
    break;
  case ZVM__QUEUES:
    zvm__pool_leave(&f->turn);
    end_early(f, (zvm__outcome){.state = ZVM_STATE_LIMIT,
                                .limit = ZVM_LIMITED_WORKERS});
    break;
  case ZVM__RUNS:
    if (has_word(f))
      hear(f);
    else
      lose(f, "the worker did not stop, and was killed");
    break;
  case ZVM__ENDED:
    break;
  }
}


uint64_t zvm__flight_deadline(const zvm__flight *f) {
  uint64_t ms = f->job.bounds.timeout_ms;
  if (f->phase == ZVM__RUNS)
    return f->hearing.until_ns;
  return ms == 0 ? UINT64_MAX : f->start_ns + ms * ZVM__MS_NS;
}


void zvm__flight_stop(zvm__flight *f) {
  int sig = zvm__stops_pending(f->hearing.stops);
  if (f->phase == ZVM__RUNS) {
    zvm__hearing_stop(&f->hearing);
  } else if (sig != 0) {
    zvm__pool_leave(&f->turn);
    end_early(f, (zvm__outcome){.state = ZVM_STATE_STOPPED, .signal = sig});
  }
}


void zvm__flight_begin(zvm__flight *f) {
  zvm__channels *chs = f->job.channels;
  for (unsigned i = 0; i < chs->count && f->phase == ZVM__ACCEPTS; i++)
    if (chs->list[i].listens)
      accept_one(f, &chs->list[i]);
  if (f->phase == ZVM__ACCEPTS && accepts_all(f))
    queue(f);
}


void zvm__flight_act(zvm__flight *f, zvm__channel *ch) {
  f->busy = true;
  if (ch == NULL)
    hear(f);
  else if (f->phase == ZVM__ACCEPTS)
    accept_one(f, ch);
  else
    serve(f, ch);
  f->busy = false;
}
