/*
** syscall.c - a system call by number, and the calls of musl that need
** results wider than a long.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "sys.h"

long long __zvm_syscall(arg n, arg a, arg b, arg c, arg d, arg e, arg f) {
  switch (n) {
#define CALL(name)                                                       \
  case SYS_##name: return __zvm_sys_##name(a, b, c, d, e, f);
#include "zvm_calls.def"
#undef CALL
    default: return -ENOSYS;
  }
}
