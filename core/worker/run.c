/*
** run.c - a job from the host to a worker, and the wait for its report.
**
** While it waits the calling thread has the signals blocked that would be
** blocked inline: those with a handler of the host's. One of them that stops
** a run is seen, not taken, by a signalfd: the worker is told, it reports,
** and the host's handler runs when the report is whole. A signal that would
** end the host does so at once, and the worker ends with it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/action.h"
#include "base/clock.h"
#include "base/num.h"
#include "channel/pipe.h"
#include "send.h"

enum {
  STOPS = 4,
  TTY_STOPS = 3,
  FAULTS = 5,
  GLANCE_NS = 150000,
  MISSES_MOST = 6,
  YIELD_NS = 3000, /* longer than that: somebody else ran */
  TURN_NS = 10000000, /* after which signals are looked at */
};

static const int stop_signals[STOPS] = ZVM__STOP_SIGNALS;
static const int tty_signals[TTY_STOPS] = {SIGTSTP, SIGTTIN, SIGTTOU};
static const int fault_signals[FAULTS] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE,
                                          SIGTRAP};


/* -- Signals ------------------------------------------------------------- */

/*
** Of this thread: within the calls of channels there may be runs. What an
** outer wait has blocked is for the inner ones to see too.
*/
static _Thread_local zvm__wait *innermost;

/*
** All blocked but faults, so that no handler of the host's runs, and maybe
** does not return, before the job is on its way.
*/
void zvm__wait_begin(zvm__wait *wait) {
  *wait = (zvm__wait){.outer = innermost};
  innermost = wait;
  uint64_t all = ~(uint64_t)0;
  for (int i = 0; i < FAULTS; i++)
    all &= ~zvm__signal_bit(fault_signals[i]);
  (void)syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, &wait->host_mask,
                sizeof all);
  wait->blocked = true;
  wait->own_mask = wait->outer != NULL ? wait->outer->own_mask
                                       : wait->host_mask;
}


/* Open those that have no handler; those that stop a run are known now. */
void zvm__wait_open(zvm__wait *wait) {
  if (wait->open)
    return;
  uint64_t open = 0;
  for (int i = 0; i < FAULTS; i++)
    open |= zvm__signal_bit(fault_signals[i]);
  for (int i = 0; i < TTY_STOPS; i++)
    if (!zvm__signal_has_handler(tty_signals[i]))
      open |= zvm__signal_bit(tty_signals[i]);
  for (int i = 0; i < STOPS; i++)
    if (zvm__signal_has_handler(stop_signals[i]))
      wait->stops |= zvm__signal_bit(stop_signals[i]);
    else
      open |= zvm__signal_bit(stop_signals[i]);
  wait->stops &= ~wait->own_mask;
  wait->open = true;
  (void)zvm__mask_swap(~open | wait->host_mask);
}


void zvm__wait_end(zvm__wait *wait) {
  bool blocked = wait->blocked;
  wait->blocked = false;
  if (!blocked)
    return;
  innermost = wait->outer;
  (void)zvm__mask_swap(wait->host_mask);
}


int zvm__stops_watch(uint64_t stops) {
  sigset_t set;
  (void)sigemptyset(&set);
  for (int i = 0; i < STOPS; i++)
    if ((stops & zvm__signal_bit(stop_signals[i])) != 0)
      (void)sigaddset(&set, stop_signals[i]);
  return stops == 0 ? -1 : signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}


/* One of `stops` that is pending, or 0. */
int zvm__stops_pending(uint64_t stops) {
  sigset_t set;
  if (sigpending(&set) != 0)
    return 0;
  for (int i = 0; i < STOPS; i++)
    if ((stops & zvm__signal_bit(stop_signals[i])) != 0 &&
        sigismember(&set, stop_signals[i]) == 1)
      return stop_signals[i];
  return 0;
}


/* -- Wait ---------------------------------------------------------------- */

/*
** Most runs are shorter than it takes an idle processor to wake up: before
** it sleeps, a host looks for the answer a little. But when another thread
** wanted the processor, it sleeps at once; and each time in a row that it
** looked in vain doubles how often it does not look.
*/
static bool glance(const zvm__worker *w) {
  static _Thread_local unsigned misses, rest;
  if (rest > 0) {
    rest--;
    return false;
  }
  struct pollfd p = {.fd = w->socket, .events = POLLIN};
  uint64_t start = zvm__now_ns(), then, now;
  do {
    if (poll(&p, 1, 0) > 0) {
      misses = 0;
      return true;
    }
    then = zvm__now_ns();
    (void)sched_yield();
    now = zvm__now_ns();
  } while (now - then < YIELD_NS && now - start < GLANCE_NS);
  misses += misses < MISSES_MOST;
  rest = (1U << misses) - 1;
  return false;
}


int zvm__left_ms(uint64_t until_ns) {
  if (until_ns == UINT64_MAX)
    return -1;
  uint64_t now = zvm__now_ns();
  uint64_t ms = until_ns > now ? (until_ns - now) / ZVM__MS_NS + 1 : 0;
  return ms > INT32_MAX ? INT32_MAX : (int)ms;
}


/* It has ZVM__STOP_MS from now on; while it answers, it need not be told. */
void zvm__hearing_stop(zvm__hearing *h) {
  h->stopped = zvm__stops_pending(h->stops);
  if (h->stopped == 0) /* another thread took it */
    return;
  if (!h->answers)
    zvm__pool_tell(h->worker, h->stopped);
  uint64_t until = zvm__now_ns() + ZVM__STOP_MS * ZVM__MS_NS;
  h->until_ns = until < h->until_ns ? until : h->until_ns;
}


bool zvm__hearing_is_blind(const zvm__hearing *h) {
  return h->watcher < 0 && h->stops != 0 && h->stopped == 0;
}


bool zvm__hearing_wait(zvm__hearing *h) {
  if (h->watcher < 0 && h->stopped == 0)
    h->watcher = zvm__stops_watch(h->stops);
  for (;;) {
    struct pollfd fds[2] = {
        {.fd = h->worker->socket, .events = POLLIN},
        {.fd = h->stopped == 0 ? h->watcher : -1, .events = POLLIN}};
    bool blind = zvm__hearing_is_blind(h);
    uint64_t until = h->until_ns;
    if (blind)
      until = zvm__least(until, zvm__now_ns() + TURN_NS);
    int n = poll(fds, 2, zvm__left_ms(until));
    if (n > 0 && fds[0].revents != 0)
      return true;
    if (n > 0 || (n == 0 && blind))
      zvm__hearing_stop(h);
    if (n == 0 && zvm__now_ns() >= h->until_ns)
      break; /* less than 0 is EINTR: job control */
  }
  h->tired = true;
  return false;
}


/*
** The slowest that is waited for: a piece each millisecond. What it only says
** will come gives it no time.
*/
void zvm__hearing_allow(zvm__hearing *h, size_t size) {
  if (h->until_ns != UINT64_MAX)
    h->until_ns += (uint64_t)size * ZVM__MS_NS / ZVM__WIRE_PIECE;
}


zvm_status zvm__report_lose(zvm__outcome *out, char message[ZVM__MESSAGE_MAX],
                            const char *why) {
  *out = (zvm__outcome){.state = ZVM_STATE_LOST};
  if (why != message)
    (void)snprintf(message, ZVM__MESSAGE_MAX, "%s", why);
  return ZVM_OK;
}


/* Time that the host did not see pass cannot have been used. */
static void cap_times(zvm__outcome *out, uint64_t took) {
  out->page_faults = zvm__least(out->page_faults, took); /* each is longer */
  out->faults_handled = zvm__least(out->faults_handled, took);
  out->wall_ns = zvm__least(out->wall_ns, took);
  out->user_ns = zvm__least(out->user_ns, took);
  out->system_ns = zvm__least(out->system_ns, took);
}


uint64_t zvm__patience(const zvm__bounds *b, uint64_t start) {
  return b->timeout_ms == 0
             ? UINT64_MAX
             : start + (b->timeout_ms + ZVM__STOP_MS) * ZVM__MS_NS;
}


/* Whether or not it glances first, and waits. */
static zvm_status take_report(zvm__verity v, const zvm__hearing *h,
                              zvm__outcome *out,
                              char message[ZVM__MESSAGE_MAX], uint64_t start,
                              bool *again, zvm_error *err) {
  /* One that still lives after nonsense, or silence, would go on for ever. */
  if (v != ZVM__ANSWER && v != ZVM__UNTOUCHED)
    zvm__pool_tell(h->worker, SIGKILL);
  switch (v) {
  case ZVM__ANSWER:
    break;
  case ZVM__REFUSAL:
    return err->status;
  case ZVM__SILENCE:
    return zvm__report_lose(
        out, message,
        h->tired ? "the worker did not stop, and was killed" : message);
  case ZVM__UNTOUCHED:
    *again = true;
    return zvm__report_lose(out, message, message);
  case ZVM__NOMEM:
    return zvm__report_lose(out, message, "no memory for the report");
  }
  cap_times(out, zvm__now_ns() - start);
  return ZVM_OK;
}


zvm_status zvm__report_hear(const zvm__job *job, zvm__hearing *h,
                            zvm__outcome *out,
                            char message[ZVM__MESSAGE_MAX], uint64_t start,
                            bool *again, zvm_error *err) {
  return take_report(zvm__reply_read(job, h, out, message, err), h, out,
                     message, start, again, err);
}


/* `start`: the worker may have run before we go on. */
static zvm_status hear(const zvm__job *job, const zvm__worker *w,
                       zvm__outcome *out, zvm__wait *wait, uint64_t start,
                       bool *again, zvm_error *err) {
  zvm__hearing h = {.worker = w,
                    .stops = wait->stops,
                    .until_ns = zvm__patience(&job->bounds, start),
                    .watcher = -1};
  zvm__verity v = ZVM__SILENCE;
  if (glance(w) || zvm__hearing_wait(&h))
    v = zvm__reply_read(job, &h, out, wait->message, err);
  if (h.watcher >= 0)
    (void)close(h.watcher);
  return take_report(v, &h, out, wait->message, start, again, err);
}


void zvm__channels_end(const zvm__job *job, bool sent) {
  for (unsigned i = 0; i < job->channels->count; i++) {
    zvm__channel *ch = &job->channels->list[i];
    if (sent) {
      (void)zvm__digest_final(ch->digest, NULL);
      ch->digest = NULL;
      zvm__channel_shut(ch);
    }
    if (ch->pipe != NULL)
      zvm__pipe_over(ch->pipe, ch->writes);
    zvm__channel_finish(ch);
  }
}


/* False: the run ended before it had its turn. */
static bool take_turn(zvm__worker *w, const zvm__bounds *b, zvm__wait *wait,
                      zvm__outcome *out, zvm_status *st, zvm_error *err) {
  zvm__turn turn = {0};
  uint64_t start = zvm__now_ns(), left = UINT64_MAX;
  for (;;) {
    *st = zvm__pool_take(w, &turn, zvm__least(left, TURN_NS), err);
    if (turn.state == ZVM__TURN_HAS)
      return true;
    zvm__wait_open(wait);
    if (b->timeout_ms != 0) {
      uint64_t most = b->timeout_ms * ZVM__MS_NS;
      left = most - zvm__least(most, zvm__now_ns() - start);
    }
    int sig = zvm__stops_pending(wait->stops);
    if (sig != 0)
      *out = (zvm__outcome){.state = ZVM_STATE_STOPPED, .signal = sig};
    else if (turn.state == ZVM__TURN_REFUSED || left == 0)
      *out = (zvm__outcome){.state = ZVM_STATE_LIMIT,
                            .limit = ZVM_LIMITED_WORKERS};
    else
      continue;
    zvm__pool_leave(&turn);
    return false;
  }
}


/* A worker that ended while it waited has done nothing: another one may. */
zvm_status zvm__worker_run(const zvm__job *job, zvm__outcome *out,
                           zvm__wait *wait, bool *spent, zvm_error *err) {
  enum { TRIES = 2048 }; /* more than can be in the zygote's queue */
  zvm_error own; /* a refusal has its status there */
  if (err == NULL)
    err = &own;
  zvm__wait_begin(wait);
  zvm_status st = ZVM_OK;
  zvm__worker w = {.socket = -1};
  bool again = true, given = false;
  uint64_t asked = job->trace != NULL ? zvm__now_ns() : 0;
  bool sent = take_turn(&w, &job->bounds, wait, out, &st, err);
  for (int tries = 0; tries < TRIES && again; tries++) {
    if (tries > 0)
      st = zvm__pool_swap(&w, err);
    if (st != ZVM_OK || !sent)
      break;
    again = false;
    uint64_t start = zvm__now_ns();
    if (job->trace != NULL && tries == 0) {
      zvm__trace_hurry(job->trace); /* with all signals blocked */
      zvm__trace_line(job->trace, start, start - asked, "send");
      start = zvm__now_ns();
    }
    st = zvm__job_send(job, &w, &again, err);
    given = st == ZVM_OK;
    /* The worker is at it: time for what need not be done before. */
    zvm__wait_open(wait);
    zvm__pool_tidy(job);
    if (given)
      st = hear(job, &w, out, wait, start, &again, err);
    given = given && !again;
  }
  if (w.socket >= 0)
    zvm__pool_drop(&w);
  if (st == ZVM_OK)
    wait->message[out->state == ZVM_STATE_LOST ? ZVM__MESSAGE_MAX - 1 : 0] =
        '\0';
  /* What a worker that refused its job did before, only that knows. */
  *spent = st == ZVM_OK || given;
  if (*spent)
    zvm__channels_end(job, sent);
  return st;
}
