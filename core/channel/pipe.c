/*
** pipe.c - a stream between two sessions of one process.
**
** An end is in the pipe, borrowed by a session that is being made, or gone
** with one that was. The two ends of a pipe are one file to the kernel.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "channel.h"

struct zvm_pipe {
  int fd[2]; /* to read, to write; -1 if it is gone */
  bool lent[2];
  zvm__identity identity;
};


zvm_pipe *zvm_pipe_new(zvm_error *err) {
  zvm_pipe *p = calloc(1, sizeof *p);
  if (p == NULL) {
    zvm__fail(err, ZVM_E_NOMEM, "not enough memory for a pipe");
    return NULL;
  }
  if (pipe2(p->fd, O_CLOEXEC) != 0) {
    zvm__fail_os(err, ZVM_E_SYSTEM, errno, "cannot make a pipe");
    free(p);
    return NULL;
  }
  p->identity = zvm__fd_identity(p->fd[0]);
  int os = 0;
  for (int i = 0; i < 2; i++) {
    p->fd[i] = zvm__fd_above(p->fd[i]);
    if (p->fd[i] < 0)
      os = errno;
  }
  if (os != 0) {
    zvm__fail_os(err, ZVM_E_SYSTEM, os, "cannot make a pipe");
    zvm_pipe_free(p);
    return NULL;
  }
  return p;
}


void zvm_pipe_free(zvm_pipe *p) {
  if (p == NULL)
    return;
  for (int i = 0; i < 2; i++)
    zvm__fd_close(&p->fd[i], &p->identity);
  free(p);
}


int zvm__pipe_take(zvm_pipe *p, const char *alias, zvm_mode mode,
                   zvm_error *err) {
  int i = mode == ZVM_MODE_WRITE;
  const char *what = i ? "write" : "read";
  if (p->fd[i] < 0 || p->lent[i]) {
    zvm__fail(err, ZVM_E_CHANNEL,
              "channel %.80s: another channel has the %s end of the pipe",
              alias, what);
    return -1;
  }
  if (!zvm__fd_is(p->fd[i], &p->identity)) {
    p->fd[i] = -1;
    zvm__fail(err, ZVM_E_CHANNEL,
              "channel %.80s: somebody closed the %s end of the pipe", alias,
              what);
    return -1;
  }
  p->lent[i] = true;
  return p->fd[i];
}


void zvm__pipe_return(zvm_pipe *p, int fd) {
  p->lent[fd == p->fd[1]] = false;
}


void zvm__pipe_keep(zvm_pipe *p, int fd) {
  p->fd[fd == p->fd[1]] = -1;
}
