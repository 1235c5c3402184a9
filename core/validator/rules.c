/*
** rules.c - the texts of zvm_rules.def.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "zvm.h"


const char *zvm_rule_name(zvm_rule rule) {
  switch (rule) {
#define RULE(name, number, text, remedy)                                 \
  case ZVM_R_##name:                                                     \
    return "R_" #name;
#include "zvm_rules.def"
#undef RULE
  case ZVM_RULE_NONE:
    break;
  }
  return "R_NONE";
}


const char *zvm_rule_text(zvm_rule rule) {
  switch (rule) {
#define RULE(name, number, text, remedy)                                 \
  case ZVM_R_##name:                                                     \
    return text;
#include "zvm_rules.def"
#undef RULE
  case ZVM_RULE_NONE:
    break;
  }
  return "nothing is wrong";
}


const char *zvm_rule_remedy(zvm_rule rule) {
  switch (rule) {
#define RULE(name, number, text, remedy)                                 \
  case ZVM_R_##name:                                                     \
    return remedy;
#include "zvm_rules.def"
#undef RULE
  case ZVM_RULE_NONE:
    break;
  }
  return "";
}
