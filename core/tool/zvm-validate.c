/*
** zvm-validate.c - validate module files; print every finding.
**
** Usage: zvm-validate FILE...   Exit status: 0 all accepted, 1 some refused,
** 2 a file cannot be used.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>

#include "zvm.h"


static bool print_finding(void *ctx, const zvm_finding *f) {
  unsigned i;
  printf("%s: 0x%llx: %s:", (const char *)ctx,
         (unsigned long long)f->address, zvm_rule_name(f->rule));
  for (i = 0; i < sizeof f->bytes; i++)
    printf(" %02x", f->bytes[i]);
  printf(": %s; %s\n", zvm_rule_text(f->rule), zvm_rule_remedy(f->rule));
  return true;
}


int main(int argc, char **argv) {
  int worst = 0;
  int i;
  if (argc < 2) {
    fputs("usage: zvm-validate FILE...\n", stderr);
    return 2;
  }
  for (i = 1; i < argc; i++) {
    zvm_error err = {0};
    zvm_load_options load = {.fn = print_finding, .ctx = argv[i]};
    zvm_module *m = zvm_module_open(argv[i], &load, &err);
    int status = m != NULL ? 0 : err.status == ZVM_E_REJECTED ? 1 : 2;
    if (status == 2)
      fprintf(stderr, "zvm-validate: %s\n", err.text);
    if (status > worst)
      worst = status;
    if (m != NULL)
      printf("%s: accepted, level v%d, %u bytes of text\n", argv[i],
             zvm_module_about(m)->level, zvm_module_about(m)->text_size);
    zvm_module_free(m);
  }
  return worst;
}
