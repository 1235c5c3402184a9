/*
** fuzz_module.c - any bytes as a module: accepted, or refused with a reason.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <stdlib.h>

#include "zvm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void wrong(const char *what) {
  fprintf(stderr, "fuzz_module: %s\n", what);
  abort();
}


static bool count(void *ctx, const zvm_finding *f) {
  (void)f;
  return ++*(int *)ctx < 10;
}


/* What the facts promise. */
static void check_facts(const zvm_module_facts *f) {
  uint64_t end = (uint64_t)f->text_addr + f->text_size;
  if (f->text_addr < ZVM_TEXT_BASE || f->text_addr % ZVM_PAGE_SIZE != 0 ||
      f->text_size == 0 || f->text_size % ZVM_PAGE_SIZE != 0 ||
      end > 0x80000000u)
    wrong("text in a wrong place");
  if (f->entry % ZVM_BUNDLE_SIZE != 0 || f->entry < f->text_addr ||
      f->entry >= end)
    wrong("entry in a wrong place");
  if (f->data_end < end || f->data_end > ZVM_MODULE_END ||
      f->write_size > f->data_end - ZVM_TEXT_BASE)
    wrong("segments in a wrong place");
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  zvm_error err = {0};
  int findings = 0;
  zvm_load_options opt = {.fn = count, .ctx = &findings};
  zvm_module *m = zvm_module_load(data, size, &opt, &err);
  if (m != NULL)
    check_facts(zvm_module_about(m));
  else if (err.status == ZVM_OK || err.text[0] == '\0')
    wrong("refused without a reason");
  else if ((err.status == ZVM_E_REJECTED) != (findings > 0))
    wrong("rejected without a finding");
  zvm_module_free(m);
  return 0;
}
