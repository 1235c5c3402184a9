/*
** wire.c - a message with descriptors.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "wire.h"

#include <errno.h>

void zvm__wire_pack(zvm__wire_parcel *p, const void *bytes, size_t size,
                    const int *fds, size_t count) {
  ZVM_CHECK(count > 0 && count <= ZVM__WIRE_FDS);
  p->io = (struct iovec){(void *)(uintptr_t)bytes, size};
  p->message = (struct msghdr){
      .msg_iov = &p->io,
      .msg_iovlen = 1,
      .msg_control = p->control.bytes,
      .msg_controllen = CMSG_SPACE(count * sizeof(int)),
  };
  struct cmsghdr *c = CMSG_FIRSTHDR(&p->message);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(c), fds, count * sizeof(int));
}


ssize_t zvm__wire_send(int socket, const void *bytes, size_t size,
                       const int *fds, size_t count, int flags) {
  zvm__wire_parcel p;
  zvm__wire_pack(&p, bytes, size, fds, count);
  ssize_t n;
  do
    n = sendmsg(socket, &p.message, MSG_NOSIGNAL | flags);
  while (n < 0 && errno == EINTR);
  return n;
}
