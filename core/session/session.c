/*
** session.c - one run of a module: from options to report.
**
** Everything that can be refused is refused by zvm_session_new; a run can
** only fail for want of the low 4 GiB or of memory.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "base/clock.h"
#include "callers.h"
#include "channel/limits.h"
#include "entry/entry.h"
#include "session.h"
#include "tracing.h"
#include "trap/run.h"

enum {
  MEMORY_DEFAULT = 64 << 20,
};

/* -- New ----------------------------------------------------------------- */

static zvm_status check_choices(const zvm_session_options *opt,
                                  zvm_error *err) {
  if ((unsigned)opt->isolation > ZVM_ISOLATION_PROCESS)
    return zvm__fail(err, ZVM_E_OPTION, "unknown isolation %d",
                     (int)opt->isolation);
  if ((unsigned)opt->on_limit > ZVM_ON_LIMIT_STOP)
    return zvm__fail(err, ZVM_E_OPTION, "unknown on_limit %d",
                     (int)opt->on_limit);
  if (!zvm__digest_is_known(opt->memory_etag))
    return zvm__fail(err, ZVM_E_OPTION, "unknown memory_etag %d",
                     (int)opt->memory_etag);
  return ZVM_OK;
}


/* Asked here, as a worker may not ask. Who does not know has some. */
static bool has_swap(void) {
  struct sysinfo info;
  return sysinfo(&info) != 0 || info.totalswap != 0;
}


/* All that can fail. Channels come last: opening them has effects. */
static zvm_status prepare(zvm_session *s, const zvm_session_options *opt,
                          zvm_error *err) {
  uint64_t memory = opt->memory != 0 ? opt->memory : MEMORY_DEFAULT;
  uint64_t stack = opt->stack != 0 ? opt->stack : ZVM__STACK_DEFAULT;
  zvm_status st = zvm__manifest_check(opt, err);
  if (st == ZVM_OK)
    st = zvm__map_plan(&s->map, s->module, memory, stack, err);
  if (st == ZVM_OK)
    st = zvm__tracing_open(&s->trace, opt, err);
  if (st == ZVM_OK)
    st = zvm__channels_open(&s->channels, opt, err);
  if (st == ZVM_OK)
    st = zvm__manifest_make(&s->manifest, &s->map, &s->channels, opt, err);
  if (st != ZVM_OK)
    return st;
  s->reports = calloc(s->channels.count, sizeof *s->reports);
  if (s->reports == NULL)
    return zvm__fail(err, ZVM_E_NOMEM, "not enough memory for a report");
  if (opt->isolation != ZVM_ISOLATION_INLINE)
    st = zvm__watch_prepare(s, opt->progress, err);
  if (st != ZVM_OK)
    return st;
  return zvm__tracing_begin(&s->trace, s->module, &s->channels, opt, err);
}


zvm_session *zvm_session_new(zvm_module *m, const zvm_session_options *opt,
                             zvm_error *err) {
  static const zvm_session_options none;
  if (opt == NULL)
    opt = &none;
  if (zvm__cpu_check(m->facts.level, err) != ZVM_OK)
    return NULL;
  if (check_choices(opt, err) != ZVM_OK)
    return NULL;
  zvm_session *s = calloc(1, sizeof *s);
  if (s == NULL) {
    zvm__fail(err, ZVM_E_NOMEM, "not enough memory for a session");
    return NULL;
  }
  zvm__module_ref(m);
  s->module = m;
  s->isolation = opt->isolation == ZVM_ISOLATION_INLINE
                     ? ZVM_ISOLATION_INLINE
                     : ZVM_ISOLATION_PROCESS;
  s->trace.fd = -1;
  s->bounds = (zvm__bounds){opt->timeout_ms, opt->cpu_ms, opt->resident};
  s->memory_etag.algorithm = opt->memory_etag;
  s->memory_etag.swaps = opt->memory_etag != ZVM_ETAG_NONE && has_swap();
  if (prepare(s, opt, err) != ZVM_OK) {
    zvm_session_free(s);
    return NULL;
  }
  zvm__channels_keep(&s->channels);
  return s;
}


void zvm_session_free(zvm_session *s) {
  if (s == NULL)
    return;
  zvm__flight_free(s->flight);
  zvm__watch_free(s->watch);
  zvm__tracing_close(&s->trace);
  zvm__channels_close(&s->channels);
  zvm__manifest_free(&s->manifest);
  free(s->reports);
  free(s->left.bytes);
  zvm_module_free(s->module);
  free(s);
}


/* -- Report -------------------------------------------------------------- */

static void report_channels(zvm_session *s) {
  for (unsigned i = 0; i < s->channels.count; i++) {
    const zvm__channel *ch = &s->channels.list[i];
    zvm_channel_report *r = &s->reports[i];
    r->alias = ch->alias;
    r->type = ch->type;
    r->os = ch->os;
    r->has_etag = ch->has_etag;
    for (int k = 0; k < ZVM_LIMIT_COUNT; k++)
      r->used[k] = ch->used[k];
    r->algorithm = ch->algorithm;
    memcpy(r->etag, ch->etag, sizeof r->etag);
    r->has_final_etag = ch->has_final_etag;
    memcpy(r->final_etag, ch->final_etag, sizeof r->final_etag);
    if (ch->source == &zvm__source_buffer) {
      r->data = ch->bytes;
      r->size = ch->size;
    }
  }
}


static void fill_report(zvm_session *s, const zvm__outcome *from,
                        zvm_report *out) {
  /*
  ** An exit with whatever code: what a guest has to say is whole then, and
  ** what its code means only its caller knows.
  */
  zvm__channels_commit(&s->channels, from->state == ZVM_STATE_EXIT);
  report_channels(s);
  *out = (zvm_report){
      .state = from->state,
      .code = from->code,
      .signal = from->signal,
      .limit = from->limit,
      .channel = zvm__limit_is_channel(from->limit)
                     ? s->channels.list[from->channel].alias
                     : NULL,
      .fault = from->fault,
      .wall_ns = from->wall_ns,
      .user_ns = from->user_ns,
      .system_ns = from->system_ns,
      .channels = s->reports,
      .channels_count = s->channels.count,
      .has_memory_etag = from->has_memory_etag != 0,
      .peak_memory = from->peak_memory,
      .page_faults = from->page_faults,
      .faults_handled = from->faults_handled,
      .trace_os = s->trace.os,
  };
  memcpy(out->memory_etag, from->memory_etag,
         out->has_memory_etag ? zvm_etag_size(s->memory_etag.algorithm) : 0);
  for (int i = 0; i < ZVM_SLOT_COUNT; i++)
    out->traps[i] = from->traps[i];
  if (from->state == ZVM_STATE_FAULT)
    zvm__callers_fill(&out->stack, &from->fault, s->module, &s->left);
}


/* -- Run ----------------------------------------------------------------- */

/* Behind the last line: its own error counts as well. */
static void trace_report(zvm__trace *t, const zvm__outcome *from,
                         zvm_report *out, uint64_t since_ns) {
  if (t == NULL)
    return;
  if (t->os == 0)
    t->os = from->trace_os;
  zvm__tracing_report(t, out, since_ns);
  out->trace_os = t->os;
}


static zvm__trace *trace_of(zvm_session *s) {
  return s->trace.fd >= 0 ? &s->trace : NULL;
}


static zvm_status run_inline(zvm_session *s, const zvm__job *job,
                             uint64_t since_ns, zvm_report *out,
                             zvm_error *err) {
  zvm__outcome outcome;
  zvm__again again;
  zvm_status st = zvm__channels_check(job->channels, err);
  if (st == ZVM_OK)
    st = zvm__job_run(job, &outcome, &again, err);
  if (st != ZVM_OK)
    return st;
  s->has_run = true;
  fill_report(s, &outcome, out);
  trace_report(job->trace, &outcome, out, since_ns);
  /* Last of all: the host's handler may not return. */
  if (again.any)
    zvm__signals_raise(&again.set);
  return ZVM_OK;
}


/* Last of all the host's handlers run: they may not return. */
zvm_status zvm__session_end(zvm_session *s, zvm_status st,
                           const zvm__outcome *outcome, zvm__wait *wait,
                           zvm_report *out) {
  if (st == ZVM_OK) {
    fill_report(s, outcome, out);
    out->message = wait->message[0] != '\0' ? s->message : NULL;
    memcpy(s->message, wait->message, sizeof s->message);
    trace_report(trace_of(s), outcome, out, s->since_ns);
  }
  zvm__wait_end(wait);
  return st;
}


/*
** What the job opened is the worker's as soon as it is sent. One that needs
** more than that while it runs is waited for together with all others.
*/
static zvm_status run_in_worker(zvm_session *s, const zvm__job *job,
                                zvm_report *out, zvm_error *err) {
  zvm__outcome outcome;
  zvm__wait wait;
  zvm_status st = ZVM_E_NOMEM;
  if (s->channels.apart == 0 && !zvm__flights_any()) {
    st = zvm__worker_run(job, &outcome, &wait, &s->has_run, err);
  } else if ((s->flight = zvm__flight_start(job, &wait, err)) != NULL) {
    s->has_run = true;
    st = zvm__flight_wait(s->flight, &outcome, &wait, err);
    s->flight = NULL;
  }
  return zvm__session_end(s, st, &outcome, &wait, out);
}


static bool listens(const zvm_session *s) {
  for (unsigned i = 0; i < s->channels.count; i++)
    if (s->channels.list[i].listens)
      return true;
  return false;
}


/* Inline: wait for who connects, then run with the time that is left. */
static zvm_status accept_and_run(zvm_session *s, zvm__job *job,
                                 zvm_report *out, zvm_error *err) {
  zvm__outcome outcome;
  zvm__wait wait;
  bool ready = false;
  s->has_run = true;
  zvm_status st = zvm__flight_accept(job, &job->bounds, &ready, &outcome,
                                     &wait, err);
  if (st != ZVM_OK || !ready)
    return zvm__session_end(s, st, &outcome, &wait, out);
  zvm__wait_end(&wait);
  return run_inline(s, job, s->since_ns, out, err);
}


zvm__job zvm__session_job(zvm_session *s) {
  zvm__tracing_check(&s->trace);
  s->since_ns = s->trace.fd >= 0 ? zvm__now_ns() : 0;
  return (zvm__job){
      .module = s->module,
      .map = &s->map,
      .manifest = s->manifest.bytes,
      .manifest_size = s->manifest.size,
      .channels = &s->channels,
      .left = &s->left,
      .bounds = s->bounds,
      .trace = trace_of(s),
      .memory_etag = s->memory_etag,
      .progress_fd = zvm__watch_file(s->watch),
  };
}


/* One that did not run says so in its trace. */
zvm_status zvm__session_failed(zvm_session *s, zvm_status st,
                               const zvm_error *err) {
  if (st != ZVM_OK && trace_of(s) != NULL)
    zvm__tracing_failed(trace_of(s), st, err, s->since_ns);
  return st;
}


zvm_status zvm_session_run(zvm_session *s, zvm_report *out,
                           zvm_error *err) {
  if (s->has_run)
    return zvm__fail(err, ZVM_E_STATE, "the session has run already");
  zvm__job job = zvm__session_job(s);
  zvm_status st;
  if (s->isolation == ZVM_ISOLATION_PROCESS)
    st = run_in_worker(s, &job, out, err);
  else if (s->channels.apart > 0 && listens(s))
    st = accept_and_run(s, &job, out, err);
  else
    st = run_inline(s, &job, s->since_ns, out, err);
  return zvm__session_failed(s, st, err);
}
