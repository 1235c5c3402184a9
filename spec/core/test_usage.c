/*
** test_usage.c - what is said of memory without a look at it is what the
** kernel says.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include "guest.h"
#include "memory/map.h"

/* Some pages of heap, or none; a byte of bss, and one of data, or none. */
GUEST(exits, "xor %edi, %edi\n finish", "");
GUEST(touches_heap,
      "mov $0x23000, %eax\n movb $1, (%eax)\n movb $1, 0x5000(%eax)\n"
      "xor %edi, %edi\n finish",
      "");
GUEST(touches_all,
      "mov $0x21000, %eax\n movb $1, (%eax)\n movb $1, 0x1000(%eax)\n"
      "movb $1, 0x10000(%eax)\n xor %edi, %edi\n finish",
      ".byte 7");

static zvm_report report;


static bool run(zvm_module *m) {
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_INLINE};
  zvm_session *s = zvm_session_new(m, &opt, NULL);
  bool ran = s != NULL && zvm_session_run(s, &report, NULL) == ZVM_OK;
  zvm_session_free(s);
  return ran;
}


/* As the session plans it, but for the manifest, which no guest writes. */
static uint64_t resident(const zvm_module *m) {
  zvm__map map;
  uint64_t bytes = 0;
  (void)zvm__map_plan(&map, m, 64 << 20, ZVM__STACK_DEFAULT, NULL);
  zvm__map_plan_manifest(&map, 100);
  return zvm__map_resident(&map, &bytes) ? bytes : UINT64_MAX;
}


static void rests(const unsigned char *pages, const char *what) {
  zvm_module *m = guest(pages);
  printf("# %s\n", what);
  for (int i = 0; i < 6; i++) {
    uint64_t said = 1;
    ok(run(m) && zvm__map_at_rest(m, &said), "after a run");
    is(said, resident(m), "what is said to be there is there");
    if (i > 2) /* it has learnt, and what it touches is there before */
      ok(report.page_faults == 0 && report.peak_memory == said,
         "and the next one reports it");
  }
  zvm_module_free(m);
}


int main(void) {
  rests(exits, "a guest that touches nothing but its stack");
  rests(touches_heap, "one that touches its heap");
  rests(touches_all, "one that touches all that it has");
  rests(exits, "and the first one again");
  return tap_done();
}
