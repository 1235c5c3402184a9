/*
** job.c - run a job in this process: into the guest and back.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/action.h"
#include "base/clock.h"
#include "entry/offsets.h"
#include "memory/lowmem.h"
#include "trap/run.h"


/* -- Times --------------------------------------------------------------- */

typedef struct times {
  uint64_t wall_ns;
  struct rusage cpu;
  bool rough; /* cpu is only up to date to a tick of the kernel's */
} times;

enum { SHORT_NS = 100000 };


static uint64_t timeval_ns(const struct timeval *t) {
  return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_usec * 1000;
}


/*
** Where it is read only twice, the way round the kernel is the longer one:
** its page has to be mapped.
*/
static uint64_t read_wall(bool once) {
  struct timespec t = {0};
  if (once)
    (void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
  else
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return zvm__timespec_ns(&t);
}


/*
** The thread's clock first: reading it brings the kernel's books to date. No
** clock of a thread can be read without a call.
*/
static void read_cpu(times *t) {
  struct timespec exact;
  (void)syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &exact);
  (void)getrusage(RUSAGE_THREAD, &t->cpu);
}


static void read_start(times *from, bool once) {
  read_cpu(from);
  from->wall_ns = read_wall(once);
}


/*
** A thread that did not leave its processor for a short time used it for all
** of it: that clock need not be asked, which takes longer than all else here.
*/
static void read_end(times *to, const times *from, bool once) {
  to->wall_ns = read_wall(once);
  (void)getrusage(RUSAGE_THREAD, &to->cpu);
  to->rough = to->cpu.ru_nvcsw == from->cpu.ru_nvcsw &&
              to->cpu.ru_nivcsw == from->cpu.ru_nivcsw &&
              to->wall_ns - from->wall_ns < SHORT_NS;
  if (!to->rough)
    read_cpu(to);
}


static void fill_times(zvm__outcome *out, const times *from,
                       const times *to) {
  uint64_t user =
      timeval_ns(&to->cpu.ru_utime) - timeval_ns(&from->cpu.ru_utime);
  uint64_t system =
      timeval_ns(&to->cpu.ru_stime) - timeval_ns(&from->cpu.ru_stime);
  uint64_t wall = to->wall_ns - from->wall_ns;
  if (to->rough) {
    system = user + system == 0 ? 0 : wall * system / (user + system);
    user = wall - system;
  }
  out->wall_ns = wall;
  out->user_ns = user;
  out->system_ns = system;
}


static uint64_t faults_between(const times *from, const times *to) {
  return (uint64_t)(to->cpu.ru_minflt - from->cpu.ru_minflt +
                    to->cpu.ru_majflt - from->cpu.ru_majflt);
}


static void fill_outcome(zvm__outcome *out, const zvm__run *run,
                         const times *from, const times *to) {
  out->state = run->state;
  out->code = run->code;
  out->signal = run->signal;
  out->limit =
      run->state == ZVM_STATE_LIMIT ? run->limit : ZVM_LIMITED_NONE;
  out->channel = run->channel;
  if (run->state == ZVM_STATE_FAULT)
    out->fault = run->fault;
  fill_times(out, from, to);
  out->page_faults = faults_between(from, to);
  out->faults_handled = run->handled;
  for (int i = 0; i < ZVM_SLOT_COUNT; i++)
    out->traps[i] = run->traps[i];
  if (run->trace != NULL)
    out->trace_os = run->trace->os;
}


/* What is not an argument of the last trap was in registers by chance. */
static void trim_last(zvm_last_trap *last) {
  for (unsigned i = zvm__trap_words(last->slot); i < 4; i++)
    last->args[i] = 0;
}


/* The guest's memory is there still. Without memory of ours: nothing. */
static void keep_stack(const zvm__job *job, const zvm_fault *fault) {
  zvm__left *left = job->left;
  left->size =
      zvm__guest_stack(job->map, fault->regs[4], &left->address);
  uint8_t *there = (uint8_t *)(uintptr_t)left->address;
  left->bytes = job->once ? there : NULL;
  if (job->once || left->size == 0)
    return;
  left->bytes = malloc(left->size);
  if (left->bytes != NULL)
    memcpy(left->bytes, there, left->size);
  else
    left->size = 0;
}


/* -- Run ----------------------------------------------------------------- */

/* With all in place: into the guest, and back at its end. */
static void run_guest(const zvm__job *job, zvm__run *run) {
  zvm__context *ctx = run->ctx;
  ctx->dispatch =
      run->trace != NULL ? zvm__trace_dispatch : zvm__trap_dispatch;
  ctx->owner = run;
  ctx->entry = job->module->facts.entry;
  ctx->entry_esp = ZVM__ENTRY_RSP;
  for (unsigned i = 0; i < job->channels->count; i++)
    job->channels->list[i].stop = &ctx->done;
  do {
    ctx->guest_mxcsr = ZVM__MXCSR_DEFAULT;
    zvm__enter(ctx);
  } while (!run->ended && zvm__fault_deliver(run, job->module->facts.faults));
  ZVM_CHECK(run->ended);
}


/* -- Trace --------------------------------------------------------------- */

/* Signals are the run's from here on. Gives the time of entry. */
static uint64_t trace_entry(const zvm__run *run, uint64_t began_ns,
                            uint64_t mapped_ns) {
  zvm__trace *t = run->trace;
  if (t == NULL)
    return 0;
  t->blocked = true;
  t->stop = &run->ctx->done;
  t->state = &run->state;
  zvm__trace_line(t, mapped_ns, mapped_ns - began_ns,
                  "map heap=0x%" PRIx32 "-0x%" PRIx32 " stack=0x%" PRIx32
                  " manifest=0x%" PRIx32,
                  run->map->heap_start, run->map->heap_end,
                  run->map->stack_base, run->map->manifest_start);
  uint64_t now = zvm__now_ns();
  zvm__trace_line(t, now, ZVM__TRACE_NO_TIME, "enter");
  return now;
}


static uint64_t trace_time(const zvm__run *run) {
  return run->trace != NULL ? zvm__now_ns() : 0;
}


static void finish_channels(zvm__run *run) {
  for (unsigned i = 0; i < run->channels->count; i++) {
    uint64_t since = trace_time(run);
    zvm__channel_shut(&run->channels->list[i]);
    zvm__channel_finish(&run->channels->list[i]);
    if (run->trace != NULL)
      zvm__trace_finish(run->trace, run->channels, i, since);
  }
}


/* -- In the turn --------------------------------------------------------- */

/*
** A guest gives no memory back, so what it has at its end is the most that it
** had. To count it takes longer than a short run; but who had no page fault
** has what was there before. 0: the kernel will not say.
*/
static uint64_t peak_memory(const zvm__job *job, uint64_t faults) {
  uint64_t bytes;
  if (faults == 0 && zvm__map_at_rest(job->module, &bytes))
    return bytes;
  return zvm__map_resident(job->map, &bytes) ? bytes : 0;
}


/* What is between taking and giving the turn. */
typedef struct turn {
  const zvm__job *job;
  zvm__run *run;
  zvm__outcome *out;
  times from, to;               /* of the guest, and of its digests    */
  uint64_t began_ns, mapped_ns; /* for the trace; 0 where there is none */
  uint64_t host_mask;           /* to be brought back, if `blocked`     */
  bool blocked;
} turn;


/* Signals are the run's. */
static zvm_status run_timed(turn *t, zvm_error *err) {
  const zvm__job *job = t->job;
  zvm__run *run = t->run;
  /* First, so that a run that timed out never took less than its time. */
  read_start(&t->from, job->once);
  zvm_status st = zvm__timers_start(run, err);
  if (st != ZVM_OK)
    return st;
  /* Who reads a trace may be slow: that counts by the wall, not as work. */
  uint64_t entered = trace_entry(run, t->began_ns, t->mapped_ns);
  if (run->trace != NULL)
    read_cpu(&t->from);
  run_guest(job, run);
  zvm__job_content(job, run, t->out);
  read_end(&t->to, &t->from, job->once);
  zvm__timers_stop(run);
  t->out->peak_memory = peak_memory(job, faults_between(&t->from, &t->to));
  if (run->trace != NULL)
    zvm__trace_end(run, entered);
  /* Before signals come back: closing may write, and meet a closed pipe. */
  finish_channels(run);
  if (run->state == ZVM_STATE_FAULT) {
    trim_last(&run->fault.last);
    keep_stack(job, &run->fault);
  }
  return ZVM_OK;
}


/* Memory is the guest's. */
static zvm_status run_mapped(turn *t, zvm_error *err) {
  zvm__trace *trace = t->run->trace;
  t->run->ctx->done = 0;
  zvm_status st = zvm__signals_install(t->run, err);
  if (st != ZVM_OK)
    return st;
  st = run_timed(t, err);
  if (trace != NULL) {
    trace->stop = NULL;
    trace->blocked = false;
  }
  if (t->job->once)
    zvm__signals_close();
  else
    t->host_mask = zvm__signals_restore();
  t->blocked = !t->job->once;
  return st;
}


static zvm_status run_in_turn(turn *t, zvm_error *err) {
  const zvm__job *job = t->job;
  /* Counted memory has mappings of its own: nothing is there already. */
  bool counted = job->bounds.resident != 0;
  zvm_status st = zvm__gate_prepare(err);
  if (st != ZVM_OK)
    return st;
  t->began_ns = trace_time(t->run);
  if (counted)
    zvm__map_clear();
  st = zvm__map_build(job->map, job->module, job->manifest,
                      job->manifest_size, err);
  if (st != ZVM_OK)
    return st;
  if (counted)
    zvm__map_small_pages(job->map);
  t->mapped_ns = trace_time(t->run);
  st = run_mapped(t, err);
  if (counted && !job->once)
    zvm__map_clear();
  else if (!job->once)
    zvm__map_reset(job->map);
  return st;
}


/* In a forked child, of a run that another thread had going. */
static void forget_run(void) {
  zvm__signals_forget();
  zvm__map_clear();
}


zvm_status zvm__job_run(const zvm__job *job, zvm__outcome *out,
                        zvm__again *again, zvm_error *err) {
  zvm_status st = zvm__lowmem_take(forget_run, err);
  if (st != ZVM_OK)
    return st;
  zvm__run run = {
      .map = job->map,
      .channels = job->channels,
      .ctx = zvm__context_page(),
      .thread = zvm__lowmem_thread(),
      .open_stops = job->once,
      .apart = job->once,
      .bounds = job->bounds,
      .last = {.slot = ZVM_SLOT_NONE},
      .trace = job->trace,
      .progress = job->progress,
  };
  turn t = {.job = job, .run = &run, .out = out};
  *out = (zvm__outcome){0};
  st = run_in_turn(&t, err);
  zvm__lowmem_give();
  if (st == ZVM_OK)
    fill_outcome(out, &run, &t.from, &t.to);
  *again = (zvm__again){.set = run.again, .any = run.has_again};
  if (t.blocked)
    (void)zvm__mask_swap(t.host_mask);
  return st;
}
