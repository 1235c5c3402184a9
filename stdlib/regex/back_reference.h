/*
** back_reference.h - what \1 to \9 stand for while an expression is matched.
** build-libc puts this in the place of musl's: there a group within one that
** is still open, as in ((a)\2), was none.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_BACK_REFERENCE_H
#define ZVM_BACK_REFERENCE_H

#include <stdbool.h>

static regmatch_t group_at(const tre_tnfa_t *tnfa, const regoff_t *tags,
                           int group, regoff_t here) {
  const tre_submatch_data_t *of = &tnfa->submatch_data[group];
  return (regmatch_t){
    .rm_so = of->so_tag == tnfa->end_tag ? here : tags[of->so_tag],
    .rm_eo = of->eo_tag == tnfa->end_tag ? here : tags[of->eo_tag],
  };
}

/*
** A group counts if it lies in each group around it, as that matched last. One
** that is open has begun, and its end is of an earlier turn: not behind it.
*/
static regmatch_t find_group(const tre_tnfa_t *tnfa, const regoff_t *tags,
                             int group, regoff_t here) {
  const regmatch_t none = { -1, -1 };
  const int *around = tnfa->submatch_data[group].parents;
  regmatch_t found = group_at(tnfa, tags, group, here);
  if (found.rm_so < 0 || found.rm_eo < found.rm_so) return none;
  for (; around && *around >= 0; around++) {
    regmatch_t outer = group_at(tnfa, tags, *around, here);
    bool open = outer.rm_eo <= outer.rm_so;
    if (found.rm_so < outer.rm_so) return none;
    if (found.rm_eo > outer.rm_eo && !open) return none;
  }
  return found;
}

#endif
