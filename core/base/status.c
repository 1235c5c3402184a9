/*
** status.c - names and texts of the API's enumerations.
**
** Every function takes any number and never returns NULL.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "zvm.h"


const char *zvm_status_name(zvm_status status) {
  switch (status) {
  case ZVM_OK:
    return "OK";
#define X(name, number, text)                                            \
  case ZVM_E_##name:                                                     \
    return #name;
    ZVM_STATUS_MAP(X)
#undef X
  }
  return "UNKNOWN";
}


const char *zvm_status_text(zvm_status status) {
  switch (status) {
  case ZVM_OK:
    return "success";
#define X(name, number, text)                                            \
  case ZVM_E_##name:                                                     \
    return text;
    ZVM_STATUS_MAP(X)
#undef X
  }
  return "unknown status";
}
