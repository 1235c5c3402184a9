/*
** faults.c - trials that fail, with and without a libc, and programs that are
** refused.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../core/guest.h"
#include "guests.h"
#include "soak.h"

static struct {
  zvm_module *ops, *callers;
  zvm_report fault; /* of `callers`, inline */
} shared;


/* -- Faults -------------------------------------------------------------- */

typedef struct failure {
  const unsigned char *pages, *at;
  zvm_fault_kind kind;
  char access;
  uint64_t address, pc; /* 0: at */
} failure;

static const failure failures[] = {
    {reads_null, reads_null_at, ZVM_FAULT_MEMORY, 'r', 8, 0},
    {writes_text, writes_text_at, ZVM_FAULT_MEMORY, 'w', 0x20040, 0},
    {runs_data, runs_data_at, ZVM_FAULT_EXECUTE, 'x', 0x21000, 0x21000},
    {divides, divides_at, ZVM_FAULT_ARITHMETIC, 0, 0, 0},
    {is_undefined, is_undefined_at, ZVM_FAULT_ILLEGAL, 0, 0, 0},
    {halts, halts_at, ZVM_FAULT_HALT, 0, 0, 0},
    {breaks, breaks_at, ZVM_FAULT_BREAKPOINT, 0, 0, 0},
    {misaligned, misaligned_at, ZVM_FAULT_PROTECTION, 0, 0, 0},
    {overflows, overflows_at, ZVM_FAULT_STACK, 'w', 1, 0},
};
enum { FAILURES = sizeof failures / sizeof failures[0] };


/* The calls end bundles 2 and 5: `gate 6` is in bundle 0. */
static void must_have_callers(trial *t, const failure *f) {
  const zvm_stack *s = &t->r.stack;
  uint64_t stack = t->opt.stack != 0 ? t->opt.stack : 8 << 20;
  if (f->kind == ZVM_FAULT_STACK && stack > ZVM_STACK_KEPT) {
    MUST(t, s->callers_count == 0 && s->size == ZVM_STACK_KEPT);
    return;
  }
  MUST(t, s->callers_count == 2);
  MUST(t, s->callers[0] == 0x200a0 && s->callers[1] == 0x20040);
}


void fail_somehow(trial *t) {
  const failure *f = &failures[pick(t, FAILURES)];
  if (!go(t, f->pages))
    return;
  const zvm_fault *got = &t->r.fault;
  uint64_t stack = t->opt.stack != 0 ? t->opt.stack : 8 << 20;
  uint64_t address =
      f->kind == ZVM_FAULT_STACK ? 0x100000000 - stack - 8 : f->address;
  MUST(t, t->r.state == ZVM_STATE_FAULT);
  MUST(t, got->kind == f->kind && got->access == f->access);
  uint64_t at = GUEST_TEXT + (uint64_t)(f->at - f->pages);
  MUST(t, got->pc == (f->pc != 0 ? f->pc : at));
  MUST(t, got->address == address);
  MUST(t, got->last.slot == ZVM_SLOT_FORK && got->last.result == -ENOSYS);
  MUST(t, t->r.traps[ZVM_SLOT_FORK] == 1);
  must_have_callers(t, f);
}


/* -- Programs with a libc ------------------------------------------------ */

void use_libc(trial *t) {
  static const char *args[] = {"ops", "get", "0", "60000", "0", NULL};
  size_t size = 1 + pick(t, 2000);
  char head[16];
  int n = snprintf(head, sizeof head, "%d ", (int)size);
  for (size_t i = 0; i < size; i++)
    t->input[i] = (uint8_t)('a' + pick(t, 26));
  t->opt.args = args;
  add_input(t, t->input, size);
  add_channel(t, "/dev/stdout", ZVM_SOURCE_BUFFER);
  if (go_file(t, shared.ops)) {
    const zvm_channel_report *to = channel_of(t, "/dev/stdout");
    const char *text = to->data;
    must_exit(t, 0);
    MUST(t, to->size == (size_t)n + size + 1);
    MUST(t, to->size == (size_t)n + size + 1 &&
                memcmp(text, head, (size_t)n) == 0 &&
                memcmp(text + n, t->input, size) == 0);
  }
}


static void set_callers(trial *t) {
  static const char *args[] = {"callers", "recurse", NULL};
  t->opt.args = args;
  t->opt.memory = t->opt.stack = 0; /* they show in the registers */
}


/* Inline or apart, the same to the last register. */
void fail_with_libc(trial *t) {
  set_callers(t);
  if (!go_file(t, shared.callers))
    return;
  const zvm_fault *got = &t->r.fault, *want = &shared.fault.fault;
  MUST(t, t->r.state == ZVM_STATE_FAULT);
  MUST(t, got->kind == want->kind && got->pc == want->pc);
  MUST(t, got->address == want->address && got->flags == want->flags);
  MUST(t, memcmp(got->regs, want->regs, sizeof got->regs) == 0);
  MUST(t, t->r.stack.size == shared.fault.stack.size &&
              t->r.stack.address == shared.fault.stack.address);
}


/* -- Refused before they run --------------------------------------------- */

void be_refused(trial *t) {
  zvm_error err = {0};
  __atomic_fetch_add(&total.no_run, 1, __ATOMIC_RELAXED);
  switch (pick(t, 4)) {
  case 0:
    t->module = load_guest(calls_kernel, &err);
    MUST(t, t->module == NULL && err.status == ZVM_E_REJECTED);
    MUST(t, err.rule == ZVM_R_INSN_SYSTEM && err.offset == 0);
    return;
  case 1:
    fill_input(t, 4096);
    t->input[0] = 0;
    t->module = zvm_module_load(t->input, 4096, NULL, &err);
    MUST(t, t->module == NULL && err.status == ZVM_E_FORMAT);
    return;
  case 2:
    t->opt.stack = ZVM_STACK_MAX + 1;
    break;
  default:
    add_channel(t, "/dev/in", ZVM_SOURCE_FILE)->path = "/dev/null/nothing";
    add_channel(t, "/dev/out", ZVM_SOURCE_FILE)->path = t->path;
  }
  t->module = load_guest(exits, &err);
  t->opt.channels = t->list;
  t->session = zvm_session_new(t->module, &t->opt, &err);
  MUST(t, t->session == NULL);
  MUST(t, err.status == (t->opt.channels_count > 0 ? ZVM_E_CHANNEL
                                                   : ZVM_E_OPTION));
}


/* -- What they share ----------------------------------------------------- */

static zvm_module *open_guest(const char *build, const char *name) {
  char path[512];
  zvm_error err;
  (void)snprintf(path, sizeof path, "%s/guest/%s.zvm", build, name);
  zvm_module *m = zvm_module_open(path, NULL, &err);
  if (m == NULL)
    printf("# %s\n", err.text);
  return m;
}


/* Inline, and the report of it is kept. */
static bool fault_once(void) {
  trial t = {.kind = &kinds[0]};
  zvm_error err;
  set_callers(&t);
  t.opt.isolation = ZVM_ISOLATION_INLINE;
  t.session = zvm_session_new(shared.callers, &t.opt, &err);
  bool ok = t.session != NULL &&
            zvm_session_run(t.session, &shared.fault, &err) == ZVM_OK &&
            shared.fault.state == ZVM_STATE_FAULT;
  zvm_session_free(t.session);
  return ok;
}


bool faults_prepare(const char *build) {
  shared.ops = open_guest(build, "channel_ops");
  shared.callers = open_guest(build, "callers");
  return shared.ops != NULL && shared.callers != NULL && fault_once();
}


/* With a pause a worker waits, and the host has one at hand each time. */
static void *fault_thrice(void *arg) {
  enum { PAUSE_US = 100000 };
  for (int i = 0; i < 3; i++) {
    (void)usleep(PAUSE_US);
    (void)fault_once();
  }
  return arg;
}


/* A thread that ends keeps no memory in hand. */
void faults_settle(void) {
  pthread_t thread;
  start_thread(&thread, fault_thrice, NULL);
  (void)pthread_join(thread, NULL);
}


void faults_free(void) {
  zvm_module_free(shared.ops);
  zvm_module_free(shared.callers);
}
