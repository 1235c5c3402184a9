/*
** zvm-run.c - run one program with this process's standard streams.
**
**   zvm-run [-i] [-m bytes] [-s bytes] program.zvm [argument...]
**
** With -i it runs inline, in this process. The guest's environment is empty.
** Ends as `zvm run` does (lua/zvm/cli/exits.lua): with the guest's code, its
** low 8 bits; 121 if its worker was lost, 122 if it faulted, 125 if it cannot
** be run, 126 if it is refused.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "zvm.h"

enum { LOST = 121, FAULTED = 122, CANNOT = 125, REFUSED = 126 };


static bool show_finding(void *ctx, const zvm_finding *f) {
  int *shown = ctx;
  fprintf(stderr, "  0x%" PRIx64 ": %s: %s\n", f->address,
          zvm_rule_name(f->rule), zvm_rule_text(f->rule));
  return ++*shown < 10;
}


/* Addresses: function and line are for the Lua module to find. */
static void show_fault(const zvm_report *report) {
  const zvm_fault *f = &report->fault;
  static const char *const names[16] = {
      "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
  fprintf(stderr, "zvm-run: fault: %s at pc 0x%" PRIx64,
          zvm_fault_text(f->kind), f->pc);
  if (f->access != 0)
    fprintf(stderr, ", access '%c' to 0x%" PRIx64, f->access, f->address);
  fputc('\n', stderr);
  for (int i = 0; i < 16; i++)
    fprintf(stderr, "  %-3s %016" PRIx64 "%s", names[i], f->regs[i],
            i % 4 == 3 ? "\n" : "");
  for (unsigned i = 0; i < report->stack.callers_count; i++)
    fprintf(stderr, "  %s 0x%08" PRIx32 "\n",
            i == 0 ? "called from" : "           ", report->stack.callers[i]);
}


static uint64_t size_argument(const char *text) {
  char *end;
  errno = 0;
  unsigned long long n = strtoull(text, &end, 0);
  if (errno != 0 || end == text || *end != '\0') {
    fprintf(stderr, "zvm-run: not a number of bytes: %s\n", text);
    exit(CANNOT);
  }
  return n;
}


static zvm_channel_options stream(const char *alias, int fd, zvm_mode mode) {
  zvm_channel_options o = {.alias = alias,
                           .source = ZVM_SOURCE_FD,
                           .mode = mode,
                           .fd = fd};
  for (int i = 0; i < ZVM_LIMIT_COUNT; i++)
    o.limits[i] = ZVM_UNLIMITED;
  return o;
}


static int refusal_code(const zvm_error *err) {
  bool refused = err->status == ZVM_E_REJECTED ||
                 err->status == ZVM_E_FORMAT || err->status == ZVM_E_CPU;
  return refused ? REFUSED : CANNOT;
}


static int run(zvm_module *m, const zvm_session_options *opt) {
  zvm_error err;
  zvm_report report;
  zvm_session *s = zvm_session_new(m, opt, &err);
  if (s == NULL || zvm_session_run(s, &report, &err) != ZVM_OK) {
    fprintf(stderr, "zvm-run: %s\n", err.text);
    zvm_session_free(s);
    return CANNOT;
  }
  if (report.state == ZVM_STATE_LOST)
    fprintf(stderr, "zvm-run: %s\n", report.message);
  zvm_session_free(s);
  switch (report.state) {
  case ZVM_STATE_EXIT:
    return report.code & 0xFF;
  case ZVM_STATE_FAULT:
    show_fault(&report);
    return FAULTED;
  case ZVM_STATE_STOPPED:
    break;
  case ZVM_STATE_LOST:
  case ZVM_STATE_TIMEOUT: /* not asked for */
  case ZVM_STATE_LIMIT:
    return LOST;
  }
  return 128 + report.signal;
}


int main(int argc, char **argv) {
  zvm_session_options opt = {0};
  int c;
  while ((c = getopt(argc, argv, "+im:s:")) != -1) {
    if (c == 'i')
      opt.isolation = ZVM_ISOLATION_INLINE;
    else if (c == 'm')
      opt.memory = size_argument(optarg);
    else if (c == 's')
      opt.stack = size_argument(optarg);
    else
      return CANNOT;
  }
  if (optind >= argc) {
    fprintf(stderr, "usage: zvm-run [-i] [-m bytes] [-s bytes] "
                    "program.zvm [argument...]\n");
    return CANNOT;
  }
  zvm_error err;
  int shown = 0;
  zvm_load_options load = {.fn = show_finding, .ctx = &shown};
  zvm_module *m = zvm_module_open(argv[optind], &load, &err);
  if (m == NULL) {
    fprintf(stderr, "zvm-run: %s\n", err.text);
    return refusal_code(&err);
  }
  zvm_channel_options channels[] = {
      stream("/dev/stdin", STDIN_FILENO, ZVM_MODE_READ),
      stream("/dev/stdout", STDOUT_FILENO, ZVM_MODE_WRITE),
      stream("/dev/stderr", STDERR_FILENO, ZVM_MODE_WRITE),
  };
  opt.args = (const char *const *)argv + optind;
  opt.channels = channels;
  opt.channels_count = sizeof channels / sizeof channels[0];
  int code = run(m, &opt);
  zvm_module_free(m);
  return code;
}
