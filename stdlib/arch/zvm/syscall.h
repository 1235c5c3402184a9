/*
** syscall.h - musl's internal header of this name, with cancellation.
**
** A cancellation point is an ordinary call, and folds like one: until some
** thread is cancelled __zvm_cancel_point is NULL (thread/pthread_cancel.c).
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_SYSCALL_H
#define ZVM_SYSCALL_H

#include "syscall_musl.h"

/* Does not return if the calling thread ends here; -ECANCELED if it has
** something to do first; 0 if it goes on. */
extern hidden long (*__zvm_cancel_point)(void);

static inline long __zvm_point_before(void) {
  return __builtin_expect(__zvm_cancel_point != 0, 0) ? __zvm_cancel_point()
                                                      : 0;
}

static inline long __zvm_point_after(long r) {
  if (__builtin_expect(r == -EINTR, 0) && __zvm_point_before())
    return -ECANCELED;
  return r;
}

#define ZVM_POINT(call)                                                  \
  ({                                                                     \
    long zvm_r = __zvm_point_before();                                   \
    zvm_r ? zvm_r : __zvm_point_after(call);                             \
  })

#undef __syscall_cp0
#undef __syscall_cp1
#undef __syscall_cp2
#undef __syscall_cp3
#undef __syscall_cp4
#undef __syscall_cp5
#undef __syscall_cp6
#define __syscall_cp0(n) ZVM_POINT(__syscall0(n))
#define __syscall_cp1(n, a) ZVM_POINT(__syscall1(n, a))
#define __syscall_cp2(n, a, b) ZVM_POINT(__syscall2(n, a, b))
#define __syscall_cp3(n, a, b, c) ZVM_POINT(__syscall3(n, a, b, c))
#define __syscall_cp4(n, a, b, c, d) ZVM_POINT(__syscall4(n, a, b, c, d))
#define __syscall_cp5(n, a, b, c, d, e)                                  \
  ZVM_POINT(__syscall5(n, a, b, c, d, e))
#define __syscall_cp6(n, a, b, c, d, e, f)                               \
  ZVM_POINT(__syscall6(n, a, b, c, d, e, f))

#endif
