/*
** session.c - one run of a module: from options to report.
**
** Everything that can be refused is refused by zvm_session_new; a run can
** only fail for want of the low 4 GiB or of memory.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "entry/offsets.h"
#include "manifest.h"
#include "memory/lowmem.h"
#include "trap/run.h"

enum {
  MEMORY_DEFAULT = 64 << 20,
  STACK_DEFAULT = 8 << 20,
};

struct zvm_session {
  zvm_module *module;
  zvm__channels channels;
  zvm__map map;
  zvm__manifest manifest;
  zvm_channel_report *reports; /* one for each channel, filled by the run */
  bool has_run;
};


const char *zvm_state_name(zvm_state state) {
  switch (state) {
  case ZVM_STATE_EXIT:
    return "exit";
  case ZVM_STATE_FAULT:
    return "fault";
  case ZVM_STATE_STOPPED:
    return "stopped";
  }
  return "unknown";
}


/* -- New ----------------------------------------------------------------- */

zvm_session *zvm_session_new(zvm_module *m, const zvm_session_options *opt,
                             zvm_error *err) {
  static const zvm_session_options none;
  if (opt == NULL)
    opt = &none;
  if (zvm__cpu_check(m->facts.level, err) != ZVM_OK)
    return NULL;
  zvm_session *s = calloc(1, sizeof *s);
  if (s == NULL) {
    zvm__fail(err, ZVM_E_NOMEM, "not enough memory for a session");
    return NULL;
  }
  zvm__module_ref(m);
  s->module = m;
  /* Channels come last of what can be refused: opening them has effects. */
  if (zvm__manifest_check(opt, err) != ZVM_OK ||
      zvm__map_plan(&s->map, m,
                    opt->memory != 0 ? opt->memory : MEMORY_DEFAULT,
                    opt->stack != 0 ? opt->stack : STACK_DEFAULT,
                    err) != ZVM_OK ||
      zvm__channels_open(&s->channels, opt->channels, opt->channels_count,
                         err) != ZVM_OK ||
      zvm__manifest_make(&s->manifest, &s->map, &s->channels, opt, err) !=
          ZVM_OK)
    goto free;
  s->reports = calloc(s->channels.count, sizeof *s->reports);
  if (s->reports == NULL) {
    zvm__fail(err, ZVM_E_NOMEM, "not enough memory for a report");
    goto free;
  }
  return s;
free:
  zvm_session_free(s);
  return NULL;
}


void zvm_session_free(zvm_session *s) {
  if (s == NULL)
    return;
  zvm__channels_close(&s->channels);
  zvm__manifest_free(&s->manifest);
  free(s->reports);
  zvm_module_free(s->module);
  free(s);
}


/* -- Report -------------------------------------------------------------- */

typedef struct times {
  struct timespec wall;
  struct rusage cpu;
} times;


/* The thread's clock first: reading it brings the kernel's books to date. */
static void read_times(times *t) {
  struct timespec exact;
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &exact);
  (void)getrusage(RUSAGE_THREAD, &t->cpu);
  (void)clock_gettime(CLOCK_MONOTONIC, &t->wall);
}


static uint64_t timeval_ns(const struct timeval *t) {
  return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_usec * 1000;
}


static uint64_t timespec_ns(const struct timespec *t) {
  return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_nsec;
}


static void report_channels(zvm_session *s) {
  for (unsigned i = 0; i < s->channels.count; i++) {
    zvm__channel *ch = &s->channels.list[i];
    zvm__channel_finish(ch);
    zvm_channel_report *r = &s->reports[i];
    r->alias = ch->alias;
    r->type = ch->type;
    r->os = ch->os;
    r->has_etag = ch->has_etag;
    for (int k = 0; k < ZVM_LIMIT_COUNT; k++)
      r->used[k] = ch->used[k];
    for (int k = 0; k < ZVM__DIGEST_SIZE; k++)
      r->etag[k] = ch->etag[k];
    if (ch->source == &zvm__source_buffer) {
      r->data = ch->bytes;
      r->size = ch->size;
    }
  }
}


static void fill_report(zvm_session *s, const zvm__run *run,
                        const times *from, const times *to,
                        zvm_report *out) {
  *out = (zvm_report){
      .state = run->state,
      .code = run->code,
      .signal = run->signal,
      .fault = run->fault,
      .wall_ns = timespec_ns(&to->wall) - timespec_ns(&from->wall),
      .user_ns =
          timeval_ns(&to->cpu.ru_utime) - timeval_ns(&from->cpu.ru_utime),
      .system_ns =
          timeval_ns(&to->cpu.ru_stime) - timeval_ns(&from->cpu.ru_stime),
      .channels = s->reports,
      .channels_count = s->channels.count,
  };
  for (int i = 0; i < ZVM_SLOT_COUNT; i++)
    out->traps[i] = run->traps[i];
}


/* -- Run ----------------------------------------------------------------- */

/* With all in place: into the guest, and back at its end. */
static void run_guest(zvm_session *s, zvm__run *run) {
  zvm__context *ctx = run->ctx;
  ctx->dispatch = zvm__trap_dispatch;
  ctx->owner = run;
  ctx->entry = s->module->facts.entry;
  ctx->guest_mxcsr = ZVM__MXCSR_DEFAULT;
  for (unsigned i = 0; i < s->channels.count; i++)
    s->channels.list[i].stop = &ctx->done;
  zvm__enter(ctx);
  ZVM_CHECK(run->ended);
}


/* Between taking and giving the turn. */
static zvm_status run_in_turn(zvm_session *s, zvm__run *run, times *from,
                              times *to, zvm_error *err) {
  zvm_status st = zvm__gate_prepare(err);
  if (st != ZVM_OK)
    return st;
  st = zvm__map_build(&s->map, s->module, s->manifest.bytes,
                      s->manifest.size, err);
  if (st != ZVM_OK)
    return st;
  run->ctx->done = 0;
  st = zvm__signals_install(run, err);
  if (st != ZVM_OK)
    goto reset;
  read_times(from);
  run_guest(s, run);
  read_times(to);
  /* Before signals come back: closing may write, and meet a closed pipe. */
  report_channels(s);
  zvm__signals_restore();
reset:
  zvm__map_reset(&s->map);
  return st;
}


/* In a forked child, of a run that another thread had going. */
static void forget_run(void) {
  zvm__signals_forget();
  zvm__map_clear();
}


zvm_status zvm_session_run(zvm_session *s, zvm_report *out,
                           zvm_error *err) {
  if (s->has_run)
    return zvm__fail(err, ZVM_E_STATE, "the session has run already");
  zvm_status st = zvm__lowmem_take(forget_run, err);
  if (st != ZVM_OK)
    return st;
  zvm__run run = {
      .map = &s->map,
      .channels = &s->channels,
      .ctx = zvm__context_page(),
      .thread = zvm__lowmem_thread(),
  };
  times from, to;
  st = run_in_turn(s, &run, &from, &to, err);
  zvm__lowmem_give();
  if (st != ZVM_OK)
    return st;
  s->has_run = true;
  fill_report(s, &run, &from, &to, out);
  /* Last of all: the host's handler may not return. */
  zvm__signals_raise(&run);
  return ZVM_OK;
}
