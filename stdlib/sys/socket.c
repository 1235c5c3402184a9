/*
** socket.c - there are no sockets: no family of addresses is known, and no
** descriptor is one.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <fcntl.h>

#include "sys.h"

SYS(socket) { return -EAFNOSUPPORT; }
SYS(socketpair) { return -EAFNOSUPPORT; }

static int on_socket(arg fd) {
  int flags = (int)__zvm_sys_fcntl(fd, F_GETFD, 0, 0, 0, 0);
  return flags < 0 ? flags : -ENOTSOCK;
}

#define ON_SOCKET(name)                                                  \
  SYS(name) { return on_socket(a); }

ON_SOCKET(accept)
ON_SOCKET(accept4)
ON_SOCKET(bind)
ON_SOCKET(connect)
ON_SOCKET(listen)
ON_SOCKET(getsockname)
ON_SOCKET(getpeername)
ON_SOCKET(getsockopt)
ON_SOCKET(setsockopt)
ON_SOCKET(shutdown)
ON_SOCKET(recvfrom)
ON_SOCKET(recvmsg)
ON_SOCKET(recvmmsg)
ON_SOCKET(sendto)
ON_SOCKET(sendmsg)
ON_SOCKET(sendmmsg)

/* What musl calls where a thread may be cancelled: of sockets these alone. */
long(__syscall_cp)(arg n, arg a, arg b, arg c, arg d, arg e, arg f) {
  (void)b, (void)c, (void)d, (void)e, (void)f;
  switch (n) {
    case SYS_accept:
    case SYS_accept4:
    case SYS_connect:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_sendmsg:
    case SYS_sendto: return on_socket(a);
    default: return -ENOSYS;
  }
}
