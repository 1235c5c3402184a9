/*
** socket.c - what musl's socket functions call: there are no sockets.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "sys.h"

long(__syscall_cp)(arg n, arg a, arg b, arg c, arg d, arg e, arg f) {
  (void)n, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
  return -ENOSYS;
}
