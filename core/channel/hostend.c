/*
** hostend.c - the host's own end of a pipe: what a session writes to the other
** one is read here, or the other way round.
**
** The end is taken at the first use, and is the host's until the pipe is freed;
** a child that the host forks has it no more, or both would move one stream.
** What the other side says is checked as between workers (ring.c).
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "pipe.h"

enum {
  LOOK_US = 5000, /* how often who sleeps looks at the clock           */
  LARGE = 4096,   /* a part of which the other side hears before others */
};


static uint32_t forks; /* how deep a child this process is */


static void count_fork(void) {
  forks++;
}


static void watch_forks(void) {
  (void)pthread_atfork(NULL, NULL, count_fork);
}


static zvm__ring *still_own(zvm__ring *r, zvm_error *err) {
  if (r->forks == forks)
    return r;
  zvm__fail(err, ZVM_E_STATE,
            "the process that forked this one has that end of the pipe");
  return NULL;
}


/* The host's side, mapped; NULL and *err. */
static zvm__ring *side_of(zvm_pipe *p, bool writes, zvm_error *err) {
  static pthread_once_t watched = PTHREAD_ONCE_INIT;
  zvm__ring **own = zvm__pipe_own(p, writes);
  if (*own != NULL)
    return still_own(*own, err);
  (void)pthread_once(&watched, watch_forks);
  zvm_mode mode = writes ? ZVM_MODE_WRITE : ZVM_MODE_READ;
  int bell = zvm__pipe_take(p, "of the host", mode, err);
  if (bell < 0)
    return NULL;
  struct timeval look = {.tv_usec = LOOK_US};
  zvm__ring_shape shape = zvm__pipe_shape(p, writes);
  zvm__ring *r = NULL;
  int os = 0;
  if (setsockopt(bell, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof look) != 0)
    os = errno;
  else
    os = zvm__ring_open(&r, zvm__pipe_file(p), &shape, bell);
  zvm__pipe_return(p, writes);
  *own = r;
  if (r != NULL) {
    r->forks = forks;
    r->answers = !writes;
    r->over = zvm__pipe_note(p, !writes);
    r->identity = zvm__pipe_identity(p, writes);
    return r;
  }
  zvm__fail_os(err, os == ENOMEM ? ZVM_E_NOMEM : ZVM_E_SYSTEM, os,
               "cannot use the pipe's %s end", writes ? "write" : "read");
  return NULL;
}


static zvm_status result(zvm__ring *r, int os, zvm_error *err) {
  if (os == 0)
    return ZVM_OK;
  if (os == ETIMEDOUT)
    return zvm__fail(err, ZVM_E_TIMEOUT,
                     "the other side of the pipe %s nothing in time",
                     r->shape.writes ? "read" : "wrote");
  return zvm__fail_os(err, ZVM_E_SYSTEM, os,
                      "the other side of the pipe broke it");
}


/* It begins with the first wait: calls that have none need no clock. */
static void set_time(zvm__ring *r, uint32_t timeout_ms) {
  if (timeout_ms == ZVM_PIPE_GOES_ON)
    return;
  r->patience_ns = timeout_ms * (uint64_t)1000000;
  r->until_ns = 0;
  r->waits = 0;
}


zvm_status zvm_pipe_read(zvm_pipe *p, void *to, size_t size,
                         uint32_t timeout_ms, size_t *moved, zvm_error *err) {
  *moved = 0;
  zvm__ring *r = side_of(p, false, err);
  if (r == NULL)
    return err != NULL ? err->status : ZVM_E_CHANNEL;
  set_time(r, timeout_ms);
  int os = zvm__ring_get(r, to, size, moved);
  zvm__ring_tell_need(r); /* who knows when the host will read again */
  return result(r, os, err);
}


zvm_status zvm_pipe_write(zvm_pipe *p, const void *from, size_t size,
                          uint32_t timeout_ms, size_t *moved, zvm_error *err) {
  struct iovec whole = {.iov_base = (void *)(uintptr_t)from, .iov_len = size};
  return zvm_pipe_writev(p, &whole, 1, timeout_ms, moved, err);
}


zvm_status zvm_pipe_writev(zvm_pipe *p, const struct iovec *parts, size_t count,
                           uint32_t timeout_ms, size_t *moved, zvm_error *err) {
  *moved = 0;
  zvm__ring *r = side_of(p, true, err);
  if (r == NULL)
    return err != NULL ? err->status : ZVM_E_CHANNEL;
  set_time(r, timeout_ms);
  int os = 0;
  for (size_t i = 0; i < count && os == 0; i++) {
    size_t n = 0;
    os = zvm__ring_add(r, parts[i].iov_base, parts[i].iov_len, &n);
    *moved += n;
    /* It may work on that while more is copied. */
    if (parts[i].iov_len >= LARGE && i + 1 < count)
      zvm__ring_tell(r);
  }
  zvm__ring_tell(r);
  return result(r, os, err);
}
