/*
** pipe.c - a stream between two sessions of one process: a ring, and the
** sockets by which its sides wake each other up.
**
** An end is in the pipe, borrowed by a session that is being made, or gone
** with one that was. The file is kept for as long as anybody has the pipe, for
** more room and to see who waits; workers map it, and have no descriptor of
** it. It never becomes shorter, and what it has is there: to touch it does
** not fail for want of memory.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/num.h"
#include "pipe.h"

#ifndef MADV_POPULATE_READ /* Linux 5.14 */
#define MADV_POPULATE_READ 22
#endif

enum {
  DEFAULT = 1024 * 1024,
  PATIENCE_S = 1, /* of a reader; bell.c has a writer's */
};

typedef struct end {
  int fd; /* its bell; -1 if the end is gone */
  bool lent;
  _Atomic bool over; /* who had it has ended */
  zvm__identity identity;
} end;

struct zvm_pipe {
  _Atomic unsigned refs;
  int file;
  zvm__identity identity; /* of the file */
  zvm__ring_shape shape;
  uint32_t granted;  /* the last segment that there is */
  end end[2];        /* to read, to write */
  zvm__ring *own[2]; /* of those that the host uses itself */
  pid_t maker;       /* a child that frees a copy ends no stream */
};


/* -- The file ------------------------------------------------------------ */

int zvm__pipe_file(const zvm_pipe *p) {
  return p->file;
}


bool zvm__pipe_has_file(const zvm_pipe *p) {
  return zvm__fd_is(p->file, &p->identity);
}


/* The file has all segments up to that one. 0 or an errno. */
static int reach(const zvm_pipe *p, uint32_t segment) {
  uint64_t end = zvm__ring_place(p->shape.least, segment + 1);
  if (!zvm__fd_may_reach(end))
    return errno;
  while (fallocate(p->file, 0, 0, (off_t)end) != 0)
    if (errno != EINTR)
      return errno;
  return 0;
}


static int make_file(zvm_pipe *p) {
  p->file = zvm__fd_above(
      memfd_create("zvm-pipe", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (p->file < 0)
    return errno;
  p->identity = zvm__fd_identity(p->file);
  int os = reach(p, 0);
  if (os == 0 &&
      fcntl(p->file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
    os = errno;
  return os;
}


/*
** Without memory for it the kernel may lose a bell: who sleeps looks up now and
** then, by itself.
*/
static int make_bells(zvm_pipe *p) {
  const struct timeval patience = {.tv_sec = PATIENCE_S};
  int fds[2], os = 0;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    return errno;
  if (setsockopt(fds[ZVM__RING_READS], SOL_SOCKET, SO_RCVTIMEO, &patience,
                 sizeof patience) != 0)
    os = errno;
  for (int i = 0; i < 2; i++) {
    p->end[i].fd = zvm__fd_above(fds[i]);
    if (p->end[i].fd < 0)
      os = errno;
    else
      p->end[i].identity = zvm__fd_identity(p->end[i].fd);
  }
  return os;
}


/* -- A pipe -------------------------------------------------------------- */

/* If it is not to be had there are several. */
static bool is_one_processor(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) == 1;
}


static zvm__ring_shape shape_of(uint64_t size) {
  zvm__ring_shape s = {.least = ZVM_PAGE_SIZE, .alone = is_one_processor()};
  while (s.least < size)
    s.least *= 2;
  while (s.least << (s.last + 1) <= ZVM__RING_MOST)
    s.last++;
  return s;
}


zvm_pipe *zvm_pipe_new(uint64_t size, zvm_error *err) {
  if (size > ZVM__RING_MOST) {
    zvm__fail(err, ZVM_E_OPTION, "a pipe has room for 1G at most");
    return NULL;
  }
  zvm_pipe *p = calloc(1, sizeof *p);
  if (p == NULL) {
    zvm__fail(err, ZVM_E_NOMEM, "not enough memory for a pipe");
    return NULL;
  }
  p->refs = 1;
  p->maker = getpid();
  p->file = p->end[0].fd = p->end[1].fd = -1;
  p->shape = shape_of(size != 0 ? size : DEFAULT);
  int os = make_file(p);
  if (os == 0)
    os = make_bells(p);
  if (os != 0) {
    zvm__fail_os(err, os == ENOMEM ? ZVM_E_NOMEM : ZVM_E_SYSTEM, os,
                 "cannot make a pipe");
    zvm_pipe_free(p);
    return NULL;
  }
  return p;
}


static void unref(zvm_pipe *p) {
  if (atomic_fetch_sub(&p->refs, 1) != 1)
    return;
  zvm__fd_close(&p->file, &p->identity);
  free(p);
}


void zvm_pipe_eager(zvm_pipe *p) {
  p->shape.eager = true;
}


void zvm_pipe_free(zvm_pipe *p) {
  if (p == NULL)
    return;
  for (int i = 0; i < 2; i++) {
    zvm__ring_close(p->own[i], p->maker == getpid());
    zvm__fd_close(&p->end[i].fd, &p->end[i].identity);
  }
  unref(p);
}


/* Both are written in full, or not at all: they are in one page. */
static bool put_word(const zvm_pipe *p, uint64_t word, size_t size,
                     size_t at) {
  return pwrite(p->file, &word, size, (off_t)at) == (ssize_t)size;
}


/* A segment that is not there when it is entered must not be the end. */
static bool can_look(void) {
  static uint8_t page[2 * ZVM_PAGE_SIZE];
  uintptr_t at = zvm__round_up((uintptr_t)page, ZVM_PAGE_SIZE);
  return madvise((void *)at, ZVM_PAGE_SIZE, MADV_POPULATE_READ) == 0;
}


zvm_status zvm_pipe_grow(zvm_pipe *p, zvm_error *err) {
  if (!zvm__pipe_has_file(p))
    return zvm__fail(err, ZVM_E_STATE, "somebody closed the pipe's file");
  if (p->granted == p->shape.last)
    return zvm__fail(err, ZVM_E_STATE,
                     "the pipe has room for 1G, which is the most");
  if (!can_look())
    return zvm__fail(err, ZVM_E_SYSTEM,
                     "pipes can grow from Linux 5.14 on");
  int os = reach(p, p->granted + 1);
  if (os == 0 && !put_word(p, p->granted + 1, sizeof(uint32_t),
                           offsetof(zvm__ring_head, granted)))
    os = errno;
  if (os != 0)
    return zvm__fail_os(err, os == ENOMEM || os == ENOSPC ? ZVM_E_NOMEM
                                                          : ZVM_E_SYSTEM,
                        os, "cannot give the pipe more room");
  p->granted++;
  /* Who waits for room will look, and until then does not wait. */
  (void)put_word(p, 0, sizeof(uint64_t),
                 offsetof(zvm__ring_head, side[ZVM__RING_WRITES].wants));
  return ZVM_OK;
}


/* -- Ends ---------------------------------------------------------------- */

int zvm__pipe_take(zvm_pipe *p, const char *alias, zvm_mode mode,
                   zvm_error *err) {
  end *e = &p->end[mode == ZVM_MODE_WRITE];
  const char *what = mode == ZVM_MODE_WRITE ? "write" : "read";
  if (e->fd < 0 || e->lent || p->own[mode == ZVM_MODE_WRITE] != NULL) {
    zvm__fail(err, ZVM_E_CHANNEL,
              "channel %.80s: another channel has the %s end of the pipe",
              alias, what);
    return -1;
  }
  if (!zvm__fd_is(e->fd, &e->identity) ||
      !zvm__pipe_has_file(p)) {
    e->fd = -1;
    zvm__fail(err, ZVM_E_CHANNEL,
              "channel %.80s: somebody closed the %s end of the pipe", alias,
              what);
    return -1;
  }
  e->lent = true;
  (void)atomic_fetch_add(&p->refs, 1);
  return e->fd;
}


void zvm__pipe_return(zvm_pipe *p, bool writes) {
  p->end[writes].lent = false;
  unref(p);
}


void zvm__pipe_keep(zvm_pipe *p, bool writes) {
  p->end[writes].fd = -1;
}


void zvm__pipe_leave(zvm_pipe *p) {
  unref(p);
}


zvm__ring_shape zvm__pipe_shape(const zvm_pipe *p, bool writes) {
  zvm__ring_shape shape = p->shape;
  shape.writes = writes;
  return shape;
}


zvm__ring **zvm__pipe_own(zvm_pipe *p, bool writes) {
  return &p->own[writes];
}


const zvm__identity *zvm__pipe_identity(const zvm_pipe *p, bool writes) {
  return &p->end[writes].identity;
}


void zvm__pipe_over(zvm_pipe *p, bool writes) {
  p->end[writes].over = true;
}


const _Atomic bool *zvm__pipe_note(const zvm_pipe *p, bool writes) {
  return &p->end[writes].over;
}


static zvm_pipe_end look_at_end(const zvm_pipe *p, const zvm__ring_head *head,
                                int side) {
  const end *e = &p->end[side];
  if (e->over || head->side[side].ended != 0)
    return ZVM_PIPE_ENDED;
  return e->lent ? ZVM_PIPE_OPEN : ZVM_PIPE_NONE;
}


zvm_status zvm_pipe_look(const zvm_pipe *p, zvm_pipe_level *out,
                         zvm_error *err) {
  zvm__ring_head head;
  if (!zvm__pipe_has_file(p) ||
      pread(p->file, &head, sizeof head, 0) != (ssize_t)sizeof head)
    return zvm__fail(err, ZVM_E_STATE, "somebody closed the pipe's file");
  uint64_t written = head.side[ZVM__RING_WRITES].position;
  uint64_t read = head.side[ZVM__RING_READS].position;
  uint64_t most = zvm__ring_extent(&p->shape);
  uint32_t segment = 0;
  while (segment < p->granted && head.begins[segment + 1] != 0)
    segment++;
  *out = (zvm_pipe_level){
      .used = written > read ? zvm__least(written - read, most) : 0,
      .size = p->shape.least << segment,
      .reader = look_at_end(p, &head, ZVM__RING_READS),
      .writer = look_at_end(p, &head, ZVM__RING_WRITES),
  };
  return ZVM_OK;
}


bool zvm__pipe_waits(const zvm_pipe *p, bool writes) {
  uint64_t wants = 0;
  size_t at = offsetof(zvm__ring_head, side) +
              writes * sizeof(zvm__ring_side) +
              offsetof(zvm__ring_side, wants);
  return zvm__pipe_has_file(p) &&
         pread(p->file, &wants, sizeof wants, (off_t)at) ==
             (ssize_t)sizeof wants &&
         wants != 0;
}
