/*
** verdict.c - zvm_validate: the bitmap, the caller's findings, the message;
** zvm_survey on top of it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "validator/validator.h"

typedef struct verdict {
  zvm_finding first;
  bool found;
  zvm_finding_fn fn;
  void *ctx;
} verdict;


static bool keep_first(void *ctx, const zvm_finding *f) {
  verdict *v = (verdict *)ctx;
  if (!v->found)
    v->first = *f;
  v->found = true;
  return v->fn != NULL && v->fn(v->ctx, f);
}


static zvm_status refuse(const verdict *v, zvm_error *err) {
  zvm__fail(err, ZVM_E_REJECTED, "0x%llx: %s: %s; %s",
            (unsigned long long)v->first.address,
            zvm_rule_name(v->first.rule), zvm_rule_text(v->first.rule),
            zvm_rule_remedy(v->first.rule));
  if (err != NULL) {
    err->rule = v->first.rule;
    err->offset = v->first.offset;
  }
  return ZVM_E_REJECTED;
}


/* Of a refused text. `starts` is zeroed. */
static void find_reasons(verdict *v, const void *text, uint32_t size,
                         uint32_t address, int level, uint32_t *starts) {
  zvm_finding f = {.address = address, .rule = ZVM_R_INSN_UNKNOWN};
  zvm__explain(text, size, address, level, starts, keep_first, v);
  if (!v->found) /* the two passes differ, which tests rule out */
    keep_first(v, &f);
}


zvm_status zvm_validate(const void *text, size_t size, uint64_t address,
                        int level, zvm_finding_fn fn, void *ctx,
                        zvm_error *err) {
  verdict v = {.fn = fn, .ctx = ctx};
  size_t words = size / ZVM_BUNDLE_SIZE + 1;
  uint32_t *starts;
  bool accepted;
  if (level != ZVM_LEVEL_V2 && level != ZVM_LEVEL_V3)
    return zvm__fail(err, ZVM_E_OPTION,
                     "CPU level %d does not exist; use 2 or 3", level);
  if (address < ZVM_NULL_GUARD || address >= UINT32_MAX ||
      size > UINT32_MAX - address)
    return zvm__fail(err, ZVM_E_OPTION,
                     "%zu bytes of text at 0x%llx do not lie in "
                     "[0x10000, 4 GiB)",
                     size, (unsigned long long)address);
  starts = calloc(words, sizeof *starts);
  if (starts == NULL)
    return zvm__fail(err, ZVM_E_NOMEM,
                     "no memory to validate %zu bytes of text", size);
  accepted = zvm__accepts(text, (uint32_t)size, (uint32_t)address, level,
                          starts);
  if (!accepted) {
    memset(starts, 0, words * sizeof *starts);
    find_reasons(&v, text, (uint32_t)size, (uint32_t)address, level, starts);
  }
  free(starts);
  return accepted ? ZVM_OK : refuse(&v, err);
}


zvm_status zvm_survey(const void *text, size_t size, uint64_t address,
                      int level, zvm_counts *out, zvm_error *err) {
  zvm_status st = zvm_validate(text, size, address, level, NULL, NULL, err);
  zvm_counts counts;
  if (st != ZVM_OK)
    return st;
  if (!zvm__count(text, (uint32_t)size, (uint32_t)address, level, &counts))
    return zvm__fail(err, ZVM_E_REJECTED,
                     "the validator's two decoders differ");
  *out = counts;
  return ZVM_OK;
}
