/*
** trial.c - one run, and what holds for every report.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "soak.h"
#include "../core/guest.h"

enum { BLAMES_SHOWN = 20 };

counts total;
bool crowded;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;


uint64_t pick(trial *t, uint64_t most) {
  uint64_t z = t->random += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return (z ^ (z >> 31)) % most;
}


bool once_in(trial *t, uint64_t n) {
  return pick(t, n) == 0;
}


void blame(trial *t, const char *what) {
  const zvm_report *r = &t->r;
  (void)pthread_mutex_lock(&lock);
  if (!t->wrong && ++total.wrong <= BLAMES_SHOWN) {
    printf("# wrong: trial %llu, %s, %s, thread %u: %s\n",
           (unsigned long long)t->number, t->kind->name,
           t->opt.isolation == ZVM_ISOLATION_PROCESS ? "apart" : "inline",
           t->thread, what);
    printf("#   state %s, code %d, limit %s of %s, fault %s at 0x%llx of "
           "0x%llx, %.1f ms%s%s\n",
           zvm_state_name(r->state), (int)r->code,
           zvm_limited_name(r->limit),
           r->channel != NULL ? r->channel : "none",
           zvm_fault_name(r->fault.kind), (unsigned long long)r->fault.pc,
           (unsigned long long)r->fault.address, (double)r->wall_ns / 1e6,
           r->message != NULL ? ", " : "",
           r->message != NULL ? r->message : "");
    (void)fflush(stdout);
  }
  t->wrong = true;
  (void)pthread_mutex_unlock(&lock);
}


/* -- Options ------------------------------------------------------------- */

zvm_channel_options *add_channel(trial *t, const char *alias,
                                 zvm_source source) {
  zvm_channel_options *o = &t->list[t->opt.channels_count++];
  *o = (zvm_channel_options){.alias = alias, .source = source, .fd = -1};
  for (int i = 0; i < ZVM_LIMIT_COUNT; i++)
    o->limits[i] = ZVM_UNLIMITED;
  return o;
}


zvm_channel_options *add_input(trial *t, const void *bytes, size_t size) {
  zvm_channel_options *o =
      add_channel(t, "/dev/stdin", ZVM_SOURCE_MEMORY);
  o->data = bytes;
  o->size = size;
  return o;
}


void fill_input(trial *t, size_t size) {
  for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
    uint64_t word = pick(t, UINT64_MAX);
    memcpy(t->input + i, &word, sizeof word);
  }
}


/* What the module gets to see of the map changes, not what comes of it. */
static void vary(trial *t) {
  static const uint64_t memory[] = {0, 64 << 20, 3 << 20, 300 << 20};
  static const uint64_t stack[] = {0, 1 << 20, 64 << 10, 128 << 10};
  zvm_session_options *o = &t->opt;
  o->memory = memory[pick(t, 4)];
  o->stack = stack[pick(t, 4)];
  if (once_in(t, 4))
    o->timeout_ms = 60000;
  if (once_in(t, 4))
    o->cpu_ms = 60000;
  if (once_in(t, 8))
    o->resident = 1 << 30;
}


void trial_begin(trial *t) {
  t->opt = (zvm_session_options){.isolation = ZVM_ISOLATION_PROCESS};
  t->pipe[0] = t->pipe[1] = -1;
  t->wrong = false;
  t->r = (zvm_report){0};
  if (t->thread == 0 && t->kind->wish == WISH_NONE && once_in(t, 2))
    t->opt.isolation = ZVM_ISOLATION_INLINE;
  if (t->wants_options)
    vary(t);
  if (ftruncate(t->file, 0) != 0 || lseek(t->file, 0, SEEK_SET) != 0)
    blame(t, "the thread's file is gone");
}


void trial_end(trial *t) {
  zvm_session_free(t->session);
  zvm_module_free(t->module);
  t->session = NULL;
  t->module = NULL;
  for (int i = 0; i < 2; i++)
    if (t->pipe[i] >= 0)
      (void)close(t->pipe[i]);
}


/* -- The run ------------------------------------------------------------- */

const zvm_channel_report *channel_of(const trial *t, const char *alias) {
  for (size_t i = 0; i < t->r.channels_count; i++)
    if (strcmp(t->r.channels[i].alias, alias) == 0)
      return &t->r.channels[i];
  return NULL;
}


/* Whatever its state is. */
static void check_any(trial *t, double took) {
  const zvm_report *r = &t->r;
  MUST(t, (r->message != NULL) == (r->state == ZVM_STATE_LOST));
  MUST(t, r->signal == 0 && r->state != ZVM_STATE_STOPPED);
  MUST(t, r->channels_count >= t->opt.channels_count &&
              r->channels_count <= t->opt.channels_count + 3);
  MUST(t, (double)r->wall_ns <= took * 1e9);
  MUST(t, (r->limit != ZVM_LIMITED_NONE) == (r->state == ZVM_STATE_LIMIT));
  MUST(t, (r->fault.kind != ZVM_FAULT_NONE) ==
              (r->state == ZVM_STATE_FAULT));
  MUST(t, (r->stack.bytes != NULL) == (r->state == ZVM_STATE_FAULT));
}


static bool moved_nothing(const zvm_report *r) {
  for (size_t i = 0; i < r->channels_count; i++)
    for (int k = 0; k < ZVM_LIMIT_COUNT; k++)
      if (r->channels[i].used[k] != 0 || r->channels[i].size != 0)
        return false;
  for (int i = 0; i < ZVM_SLOT_COUNT; i++)
    if (r->traps[i] != 0)
      return false;
  return r->wall_ns == 0 && r->code == 0;
}


static void check_lost(trial *t) {
  MUST(t, t->opt.isolation == ZVM_ISOLATION_PROCESS);
  MUST(t, t->r.message != NULL && t->r.message[0] != '\0');
  MUST(t, moved_nothing(&t->r));
  if (!hits_explain())
    blame(t, "lost, and nobody killed its worker");
}


static bool is_refusal(const zvm_report *r) {
  return r->state == ZVM_STATE_LIMIT && r->limit == ZVM_LIMITED_WORKERS;
}


static void count(const trial *t, unsigned takes) {
  (void)pthread_mutex_lock(&lock);
  total.states[t->r.state]++;
  total.refused += is_refusal(&t->r);
  total.lost += t->r.state == ZVM_STATE_LOST;
  total.inside += t->opt.isolation == ZVM_ISOLATION_INLINE;
  total.retried += takes > 1;
  (void)pthread_mutex_unlock(&lock);
}


static bool run(trial *t) {
  zvm_error err;
  t->opt.channels = t->list;
  t->session = zvm_session_new(t->module, &t->opt, &err);
  if (t->session == NULL) {
    blame(t, err.text);
    return false;
  }
  hits_begin(t->kind->wish);
  double start = seconds();
  zvm_status st = zvm_session_run(t->session, &t->r, &err);
  double took = seconds() - start;
  unsigned takes = hits_end();
  if (st != ZVM_OK) {
    blame(t, err.text);
    return false;
  }
  count(t, takes);
  check_any(t, took);
  if (t->opt.timeout_ms != 0)
    MUST(t, took < t->opt.timeout_ms / 1e3 + 4);
  if (t->r.state == ZVM_STATE_LOST) {
    check_lost(t);
    return false;
  }
  if (is_refusal(&t->r)) {
    MUST(t, crowded && takes == 0 && moved_nothing(&t->r));
    return false;
  }
  return true;
}


bool go(trial *t, const unsigned char *pages) {
  zvm_error err;
  t->module = load_guest(pages, &err);
  if (t->module == NULL) {
    blame(t, err.text);
    return false;
  }
  return run(t);
}


bool go_file(trial *t, zvm_module *m) {
  t->module = m;
  bool whole = run(t);
  t->module = NULL; /* it is everybody's */
  return whole;
}


void must_exit(trial *t, int32_t code) {
  MUST(t, t->r.state == ZVM_STATE_EXIT);
  MUST(t, t->r.code == code);
  MUST(t, t->r.traps[ZVM_SLOT_EXIT] == 1);
}


void must_limit(trial *t, zvm_limited limit, const char *alias) {
  MUST(t, t->r.state == ZVM_STATE_LIMIT);
  MUST(t, t->r.limit == limit);
  MUST(t, alias == NULL ? t->r.channel == NULL
                        : t->r.channel != NULL &&
                              strcmp(t->r.channel, alias) == 0);
}
