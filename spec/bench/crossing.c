/*
** crossing.c - what it costs to cross: one trap there and back, and one
** whole session from new to free, of a guest that only exits.
**
** usage: crossing
**
** Prints nanoseconds a trap (median and best of 11 runs of a
** million), then
** microseconds a session (median and 99th percentile of 5000).
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <time.h>

#include "../core/guest.h"

enum { TRAP_RUNS = 11, TRAPS = 1000000, SESSIONS = 5000, WARM = 200 };

/* fork answers at once: what is left is the crossing. */
GUEST(asks,
      "mov $1000000, %ebx\n .p2align 5\n"
      "1: gate 6\n"
      "dec %ebx\n jnz 1b\n"
      "xor %edi, %edi\n finish",
      "");
GUEST(exits,
      "mov $1, %edi\n mov $0x21000, %esi\n mov $13, %edx\n"
      "gate 2\n"
      "mov $0x21010, %ecx\n mov %eax, (%ecx)\n"
      "xor %edi, %edi\n finish",
      ".ascii \"hello, world\\n\"");


static double now_ns(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}


static int ascending(const void *a, const void *b) {
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}


static zvm_report run_once(zvm_module *m, const zvm_session_options *opt) {
  zvm_error err;
  zvm_report r;
  zvm_session *s = zvm_session_new(m, opt, &err);
  if (s == NULL || zvm_session_run(s, &r, &err) != ZVM_OK ||
      r.state != ZVM_STATE_EXIT) {
    fprintf(stderr, "crossing: it does not run: %s\n", err.text);
    exit(1);
  }
  zvm_session_free(s);
  return r;
}


int main(void) {
  const zvm_session_options bare = {.isolation = ZVM_ISOLATION_INLINE};
  static double t[SESSIONS];
  zvm_module *m = guest(asks);
  for (int i = 0; i < TRAP_RUNS; i++)
    t[i] = (double)run_once(m, &bare).wall_ns / TRAPS;
  qsort(t, TRAP_RUNS, sizeof t[0], ascending);
  zvm_module_free(m);
  printf("trap %.2f ns, best %.2f ns\n", t[TRAP_RUNS / 2], t[0]);

  zvm_channel_options out = {
      .alias = "/dev/stdout",
      .source = ZVM_SOURCE_BUFFER,
      .limits = {0, 0, ZVM_UNLIMITED, ZVM_UNLIMITED},
  };
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_INLINE,
                             .channels = &out, .channels_count = 1};
  m = guest(exits);
  for (int i = -WARM; i < SESSIONS; i++) {
    double start = now_ns();
    (void)run_once(m, &opt);
    if (i >= 0)
      t[i] = (now_ns() - start) / 1e3;
  }
  qsort(t, SESSIONS, sizeof t[0], ascending);
  zvm_module_free(m);
  printf("session %.1f us, 99%% %.1f us\n", t[SESSIONS / 2],
         t[SESSIONS * 99 / 100]);
  return 0;
}
