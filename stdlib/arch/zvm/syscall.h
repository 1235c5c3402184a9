/*
** syscall.h - musl's internal header of this name, without cancellation.
**
** With one thread there is no one to cancel it: a cancellation point is an
** ordinary call, and folds like one.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "syscall_musl.h"

#undef __syscall_cp0
#undef __syscall_cp1
#undef __syscall_cp2
#undef __syscall_cp3
#undef __syscall_cp4
#undef __syscall_cp5
#undef __syscall_cp6
#define __syscall_cp0 __syscall0
#define __syscall_cp1 __syscall1
#define __syscall_cp2 __syscall2
#define __syscall_cp3 __syscall3
#define __syscall_cp4 __syscall4
#define __syscall_cp5 __syscall5
#define __syscall_cp6 __syscall6
