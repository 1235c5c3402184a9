/*
** syscall_arch.h - musl's system calls are functions of the library OS.
**
** Nearly every call site names its call by a constant. The switch over
** calls.def then folds into one direct call, so that a program links only
** the parts of the library OS that it uses, and a call that does not exist
** folds into -ENOSYS.
**
** SPDX-License-Identifier: Apache-2.0
*/

typedef long long syscall_arg_t;

/* Pointers and unsigned longs widen by zeros, 64-bit offsets stay whole. */
#define __scc(x)                                                         \
  _Generic((x), long long: (x), unsigned long long: (x),                 \
           default: (unsigned long)(x))

#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

#define CALL(name)                                                       \
  __attribute__((__visibility__("hidden"))) long long __zvm_sys_##name(  \
      syscall_arg_t, syscall_arg_t, syscall_arg_t, syscall_arg_t,        \
      syscall_arg_t, syscall_arg_t);
#include "zvm_calls.def"
#undef CALL

/* The same for a call that is known at run time only. */
__attribute__((__visibility__("hidden"))) long long
__zvm_syscall(syscall_arg_t n, syscall_arg_t a, syscall_arg_t b,
              syscall_arg_t c, syscall_arg_t d, syscall_arg_t e,
              syscall_arg_t f);

static inline __attribute__((__always_inline__)) long
__zvm_call(syscall_arg_t n, syscall_arg_t a, syscall_arg_t b, syscall_arg_t c,
           syscall_arg_t d, syscall_arg_t e, syscall_arg_t f) {
  if (!__builtin_constant_p(n))
    return (long)__zvm_syscall(n, a, b, c, d, e, f);
  switch (n) {
#define CALL(name)                                                       \
  case SYS_##name: return (long)__zvm_sys_##name(a, b, c, d, e, f);
#include "zvm_calls.def"
#undef CALL
    default: return -ENOSYS;
  }
}

#define __syscall0(n) __zvm_call((n), 0, 0, 0, 0, 0, 0)

/*
** musl puts macros of the same names over these: each argument then goes
** through __scc first.
*/
#define ZVM_ARG syscall_arg_t
#define ZVM_CALL static inline __attribute__((__always_inline__)) long
ZVM_CALL __syscall1(ZVM_ARG n, ZVM_ARG a) {
  return __zvm_call(n, a, 0, 0, 0, 0, 0);
}
ZVM_CALL __syscall2(ZVM_ARG n, ZVM_ARG a, ZVM_ARG b) {
  return __zvm_call(n, a, b, 0, 0, 0, 0);
}
ZVM_CALL __syscall3(ZVM_ARG n, ZVM_ARG a, ZVM_ARG b, ZVM_ARG c) {
  return __zvm_call(n, a, b, c, 0, 0, 0);
}
ZVM_CALL __syscall4(ZVM_ARG n, ZVM_ARG a, ZVM_ARG b, ZVM_ARG c, ZVM_ARG d) {
  return __zvm_call(n, a, b, c, d, 0, 0);
}
ZVM_CALL __syscall5(ZVM_ARG n, ZVM_ARG a, ZVM_ARG b, ZVM_ARG c, ZVM_ARG d,
                    ZVM_ARG e) {
  return __zvm_call(n, a, b, c, d, e, 0);
}
ZVM_CALL __syscall6(ZVM_ARG n, ZVM_ARG a, ZVM_ARG b, ZVM_ARG c, ZVM_ARG d,
                    ZVM_ARG e, ZVM_ARG f) {
  return __zvm_call(n, a, b, c, d, e, f);
}
#undef ZVM_CALL
#undef ZVM_ARG

/* Every time value is 64 bits wide here: one call serves both names. */
#define SYS_clock_gettime64 SYS_clock_gettime
#define SYS_clock_settime64 SYS_clock_settime
#define SYS_clock_adjtime64 SYS_clock_adjtime
#define SYS_clock_nanosleep_time64 SYS_clock_nanosleep
#define SYS_timer_gettime64 SYS_timer_gettime
#define SYS_timer_settime64 SYS_timer_settime
#define SYS_timerfd_gettime64 SYS_timerfd_gettime
#define SYS_timerfd_settime64 SYS_timerfd_settime
#define SYS_utimensat_time64 SYS_utimensat
#define SYS_pselect6_time64 SYS_pselect6
#define SYS_ppoll_time64 SYS_ppoll
#define SYS_recvmmsg_time64 SYS_recvmmsg
#define SYS_mq_timedsend_time64 SYS_mq_timedsend
#define SYS_mq_timedreceive_time64 SYS_mq_timedreceive
#define SYS_semtimedop_time64 SYS_semtimedop
#define SYS_rt_sigtimedwait_time64 SYS_rt_sigtimedwait
#define SYS_futex_time64 SYS_futex
#define SYS_sched_rr_get_interval_time64 SYS_sched_rr_get_interval
#define SYS_getrusage_time64 SYS_getrusage
#define SYS_wait4_time64 SYS_wait4

#define IPC_64 0
