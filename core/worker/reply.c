/*
** reply.c - what a worker says of its run.
**
** None of it is trusted: were the validator wrong, the worker's memory would
** be the guest's, and a guest may say anything it likes about its own run,
** but nothing that could not be. Every number is checked against what the
** host knows; nothing is taken before all is checked.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "possible.h"
#include "send.h"

typedef union message {
  zvm__wire_reply reply; /* zvm__wire_moved for each channel follow, and the
                            first of the bytes */
  zvm__wire_ended ended;
} message;

/* What of an answer's message was not taken yet. */
typedef struct rest {
  const uint8_t *at;
  size_t left;
} rest;


static zvm__verity silence(char why[ZVM__MESSAGE_MAX], const char *what) {
  (void)snprintf(why, ZVM__MESSAGE_MAX, "%s", what);
  return ZVM__SILENCE;
}


/* What is not of its state is zero, whatever was sent. */
static void copy_outcome(zvm__outcome *to, const zvm__outcome *from) {
  *to = (zvm__outcome){.state = from->state};
  switch (from->state) {
  case ZVM_STATE_EXIT:
    to->code = from->code;
    break;
  case ZVM_STATE_FAULT:
    to->fault = from->fault;
    break;
  case ZVM_STATE_STOPPED:
    to->signal = from->signal;
    break;
  case ZVM_STATE_LIMIT:
    to->limit = from->limit;
    to->channel = from->channel;
    break;
  case ZVM_STATE_TIMEOUT:
  case ZVM_STATE_LOST:
    break;
  }
  to->wall_ns = from->wall_ns;
  to->user_ns = from->user_ns;
  to->system_ns = from->system_ns;
  memcpy(to->traps, from->traps, sizeof to->traps);
  to->trace_os = from->trace_os;
  to->peak_memory = from->peak_memory;
  to->page_faults = from->page_faults;
  to->faults_handled = from->faults_handled;
  to->has_memory_etag = from->has_memory_etag;
  memcpy(to->memory_etag, from->memory_etag, sizeof to->memory_etag);
}


/* -- Receive ------------------------------------------------------------- */

/*
** A message of at most `size` bytes: its length, 0 at the end, or -1. *unread
** is set if the worker ended with a part of its job unread: that resets, and
** what it or others had said before comes after the reset.
*/
static ssize_t take(zvm__hearing *h, void *to, size_t size, bool *unread) {
  for (;;) {
    ssize_t n =
        recv(h->worker->socket, to, size, MSG_TRUNC | MSG_DONTWAIT);
    if (n >= 0)
      return n > (ssize_t)size ? -1 : n;
    if (errno == ECONNRESET)
      *unread = true;
    else if (errno != EINTR && (errno != EAGAIN || !zvm__hearing_wait(h)))
      return -1;
  }
}


/* The first of them from `r`, as far as it has any. */
static bool take_bytes(zvm__hearing *h, rest *r, uint8_t *to, size_t size) {
  bool unread;
  size_t along = size < r->left ? size : r->left;
  memcpy(to, r->at, along);
  r->at += along;
  r->left -= along;
  for (size_t at = along; at < size;) {
    size_t n = size - at < ZVM__WIRE_PIECE ? size - at : ZVM__WIRE_PIECE;
    if (take(h, to + at, n, &unread) != (ssize_t)n)
      return false;
    at += n;
    zvm__hearing_allow(h, n);
  }
  return true;
}


static void drop_buffers(const zvm__channels *chs) {
  for (unsigned i = 0; i < chs->count; i++)
    if (chs->list[i].source == &zvm__source_buffer)
      zvm__buffer_free(&chs->list[i]);
}


/* Into the channels' buffers, which count as empty until all is accepted. */
static zvm__verity take_buffers(zvm__hearing *h, rest *r,
                                const zvm__wire_moved *moved,
                                const zvm__channels *chs) {
  for (unsigned i = 0; i < chs->count; i++) {
    zvm__channel *ch = &chs->list[i];
    if (moved[i].size == 0)
      continue;
    if (!zvm__buffer_grow(ch, moved[i].size))
      return ZVM__NOMEM;
    if (!take_bytes(h, r, ch->bytes, moved[i].size))
      return ZVM__SILENCE;
  }
  return ZVM__ANSWER;
}


static void drop_left(zvm__left *left) {
  free(left->bytes);
  *left = (zvm__left){0};
}


/*
** What a fault left of the stack. Which bytes these are follows from rsp: the
** worker has no say in it.
*/
static zvm__verity take_stack(zvm__hearing *h, rest *r, const zvm__job *job,
                              const zvm__outcome *o, zvm__left *left) {
  *left = (zvm__left){0};
  if (o->state != ZVM_STATE_FAULT)
    return ZVM__ANSWER;
  left->size = zvm__guest_stack(job->map, o->fault.regs[4], &left->address);
  if (left->size == 0)
    return ZVM__ANSWER;
  left->bytes = malloc(left->size);
  if (left->bytes == NULL)
    return ZVM__NOMEM;
  if (take_bytes(h, r, left->bytes, left->size))
    return ZVM__ANSWER;
  drop_left(left);
  return ZVM__SILENCE;
}


static void fill_etag(uint8_t *to, const uint8_t *from, zvm_etag algorithm) {
  memset(to, 0, ZVM__DIGEST_SIZE);
  memcpy(to, from, zvm_etag_size(algorithm));
}


static void fill_channel(zvm__channel *ch, const zvm__wire_moved *m) {
  memcpy(ch->used, m->used, sizeof ch->used);
  ch->os = m->os;
  /* A worker without memory for a digest says so by its absence. */
  ch->has_etag = m->has_etag != 0;
  fill_etag(ch->etag, m->etag, ch->algorithm);
  ch->has_final_etag = m->has_final_etag != 0;
  fill_etag(ch->final_etag, m->final_etag, ch->algorithm);
  if (ch->source == &zvm__source_buffer)
    ch->size = m->size;
}


/* -- The answer ---------------------------------------------------------- */

static const char nonsense[] = "the worker sent what cannot be a report";

static zvm__verity explain_end(const zvm__wire_ended *e,
                               char why[ZVM__MESSAGE_MAX]) {
  int sig = WTERMSIG(e->status);
  if (WIFSIGNALED(e->status) && sig > 0 && sig < NSIG) {
    const char *name = sigdescr_np(sig);
    (void)snprintf(why, ZVM__MESSAGE_MAX,
                   "the worker was killed by signal %d (%s)", sig,
                   name != NULL ? name : "unknown");
    return ZVM__SILENCE;
  }
  return silence(why, "the worker ended without a report");
}


/*
** `e`: who says so may be the worker itself. That it has ended is seen when
** nobody has its end of the socket; and that a part of its job is unread, no
** guest can feign: that was taken before it ran.
*/
static zvm__verity hear_end(zvm__hearing *h, const zvm__wire_ended *e,
                            bool unread, char why[ZVM__MESSAGE_MAX]) {
  char byte;
  if (e != NULL && take(h, &byte, sizeof byte, &unread) != 0)
    return silence(why, nonsense);
  if (unread) {
    (void)silence(why, "workers end before they take a job");
    return ZVM__UNTOUCHED;
  }
  return e != NULL ? explain_end(e, why)
                   : silence(why, "the worker ended without a report");
}


static zvm__verity refusal(const zvm__wire_reply *r, zvm_error *err) {
  zvm__fail(err, r->status, "in the worker: %.*s",
            (int)strnlen(r->text, sizeof r->text), r->text);
  err->os = r->os;
  return ZVM__REFUSAL;
}


/* `along`: bytes of the message behind what every answer has. */
static zvm__verity accept_reply(const zvm__job *job, zvm__hearing *h,
                                const zvm__wire_reply *r, size_t along) {
  const zvm__wire_moved *moved =
      (const zvm__wire_moved *)(const void *)(r + 1);
  const zvm__channels *chs = job->channels;
  unsigned count = chs->count;
  rest follows = {(const uint8_t *)(moved + count), along};
  const zvm__outcome *o = &r->outcome;
  if (!zvm__outcome_is_possible(o, job, moved))
    return ZVM__SILENCE;
  for (unsigned i = 0; i < count; i++)
    if (!zvm__moved_is_possible(&moved[i], &chs->list[i], o))
      return ZVM__SILENCE;
  zvm__verity v = take_buffers(h, &follows, moved, chs);
  if (v == ZVM__ANSWER)
    v = take_stack(h, &follows, job, &r->outcome, job->left);
  if (v == ZVM__ANSWER && follows.left > 0) {
    drop_left(job->left);
    v = ZVM__SILENCE;
  }
  if (v != ZVM__ANSWER)
    drop_buffers(chs);
  for (unsigned i = 0; i < count && v == ZVM__ANSWER; i++)
    fill_channel(&chs->list[i], &moved[i]);
  return v;
}


/* By the signal that came, or by a call of a channel's: 0. */
static bool is_stop(const zvm__hearing *h, int signal) {
  return signal == 0 ? h->cancelled : signal == h->stopped;
}


static zvm__verity read_into(message *m, const zvm__job *job,
                             zvm__hearing *h, zvm__outcome *out,
                             char why[ZVM__MESSAGE_MAX], zvm_error *err) {
  size_t whole = sizeof m->reply +
                 job->channels->count * sizeof(zvm__wire_moved);
  bool unread = false;
  ssize_t n = take(h, m, whole + ZVM__WIRE_ALONG, &unread);
  h->answers = true;
  if (n == 0) {
    zvm__pool_check();
    return hear_end(h, NULL, unread, why);
  }
  if (n == (ssize_t)sizeof m->ended && m->ended.magic == ZVM__WIRE_ENDED)
    return hear_end(h, &m->ended, unread, why);
  if (n < (ssize_t)sizeof m->reply || m->reply.magic != ZVM__WIRE_REPLY)
    return silence(why, nonsense);
  zvm_status st = m->reply.status;
  if (n == (ssize_t)sizeof m->reply &&
      (st == ZVM_E_NOMEM || st == ZVM_E_SYSTEM || st == ZVM_E_STATE ||
       st == ZVM_E_LOWMEM))
    return refusal(&m->reply, err);
  if (n < (ssize_t)whole || st != ZVM_OK)
    return silence(why, nonsense);
  if (m->reply.outcome.state == ZVM_STATE_STOPPED &&
      !is_stop(h, m->reply.outcome.signal))
    return silence(why, "a signal stopped the worker, not this process");
  zvm__verity v = accept_reply(job, h, &m->reply, (size_t)n - whole);
  if (v == ZVM__SILENCE)
    return silence(why, nonsense);
  if (v == ZVM__ANSWER)
    copy_outcome(out, &m->reply.outcome);
  return v;
}


zvm__verity zvm__reply_read(const zvm__job *job, zvm__hearing *h,
                            zvm__outcome *out, char why[ZVM__MESSAGE_MAX],
                            zvm_error *err) {
  unsigned count = job->channels->count;
  message *m = calloc(1, sizeof *m + count * sizeof(zvm__wire_moved) +
                             ZVM__WIRE_ALONG);
  zvm__verity v = ZVM__NOMEM;
  if (m != NULL)
    v = read_into(m, job, h, out, why, err);
  free(m);
  return v;
}


zvm__verity zvm__reply_taken(zvm__hearing *h, char why[ZVM__MESSAGE_MAX]) {
  union {
    zvm__wire_word word;
    zvm__wire_ended ended;
  } m;
  bool unread = false;
  ssize_t n = take(h, &m, sizeof m, &unread);
  if (n == (ssize_t)sizeof m.word && m.word.magic == ZVM__WIRE_TAKEN)
    return ZVM__ANSWER;
  if (n == 0) {
    zvm__pool_check();
    return hear_end(h, NULL, unread, why);
  }
  if (n == (ssize_t)sizeof m.ended && m.ended.magic == ZVM__WIRE_ENDED)
    return hear_end(h, &m.ended, unread, why);
  return silence(why, h->tired ? "the worker did not take its job"
                               : nonsense);
}
