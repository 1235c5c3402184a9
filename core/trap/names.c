/*
** names.c - words for how a run ended.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "zvm.h"

const char *zvm_state_name(zvm_state state) {
  switch (state) {
  case ZVM_STATE_EXIT:
    return "exit";
  case ZVM_STATE_FAULT:
    return "fault";
  case ZVM_STATE_STOPPED:
    return "stopped";
  case ZVM_STATE_LOST:
    return "lost";
  case ZVM_STATE_TIMEOUT:
    return "timeout";
  case ZVM_STATE_LIMIT:
    return "limit";
  }
  return "unknown";
}


const char *zvm_limited_name(zvm_limited limit) {
  switch (limit) {
  case ZVM_LIMITED_NONE:
    return "none";
  case ZVM_LIMITED_CPU:
    return "cpu";
  case ZVM_LIMITED_RESIDENT:
    return "resident";
  case ZVM_LIMITED_GETS:
    return "gets";
  case ZVM_LIMITED_GET_SIZE:
    return "get_size";
  case ZVM_LIMITED_PUTS:
    return "puts";
  case ZVM_LIMITED_PUT_SIZE:
    return "put_size";
  case ZVM_LIMITED_FILE_SIZE:
    return "file_size";
  case ZVM_LIMITED_WORKERS:
    return "workers";
  }
  return "unknown";
}
