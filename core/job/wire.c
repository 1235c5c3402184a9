/*
** wire.c - a message with descriptors.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "wire.h"

#include <errno.h>
#include <sys/socket.h>

ssize_t zvm__wire_send(int socket, const void *bytes, size_t size,
                       const int *fds, size_t count, int flags) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(ZVM__WIRE_FDS * sizeof(int))];
  } control;
  ZVM_CHECK(count > 0 && count <= ZVM__WIRE_FDS);
  struct iovec io = {(void *)(uintptr_t)bytes, size};
  struct msghdr m = {.msg_iov = &io,
                     .msg_iovlen = 1,
                     .msg_control = control.bytes,
                     .msg_controllen = CMSG_SPACE(count * sizeof(int))};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(c), fds, count * sizeof(int));
  ssize_t n;
  do
    n = sendmsg(socket, &m, MSG_NOSIGNAL | flags);
  while (n < 0 && errno == EINTR);
  return n;
}
