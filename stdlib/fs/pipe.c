/*
** pipe.c - pipes and FIFOs: bytes from one open file to another, in order.
**
** All open files of one pipe are of one node. A read of an empty pipe that
** has a writer, and a write to a full one, let the other threads run; where
** none can, nobody will ever go on, and the call fails with EDEADLK.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "blocked.h"
#include "new_node.h"
#include "signals.h"

#define CAPACITY 65536u

struct pipe {
  struct pipe *next;    /* of those that are there                      */
  uint64_t serial;      /* that no other has or had                     */
  char *bytes;          /* CAPACITY of them, a ring; NULL: never opened */
  uint32_t first, held; /* where the oldest byte lies, how many         */
  uint32_t readers, writers; /* open files                             */
  uint32_t reads_begun, writes_begun; /* how many were opened ever      */
};

static struct pipe *pipes;
static uint64_t last_serial;

static struct pipe *pipe_of(struct file *f) { return f->node->own; }
static bool reads(struct file *f) {
  return (f->flags & O_ACCMODE) != O_WRONLY;
}
static bool writes(struct file *f) {
  return (f->flags & O_ACCMODE) != O_RDONLY;
}

/*
** The pipe may be gone after it: another thread closed all of it. It is not
** held meanwhile, as a handler may leave by siglongjmp.
*/
static int wait(struct pipe *p) {
  uint64_t serial = p->serial;
  int err = wait_for_others();
  struct pipe *q = pipes;
  while (q && q->serial != serial) q = q->next;
  return q ? err : -EBADF;
}

/* -- Opening and closing ------------------------------------------------- */

/* A FIFO that is opened for one side waits for the other. */
static int meet(struct file *f, struct pipe *p) {
  uint32_t *others = reads(f) ? &p->writers : &p->readers;
  uint32_t *begun = reads(f) ? &p->writes_begun : &p->reads_begun;
  uint32_t before = *begun;
  int err;
  if (reads(f) && writes(f)) return 0;
  if (f->flags & O_NONBLOCK) return reads(f) || *others ? 0 : -ENXIO;
  /* The other may have come, written and gone meanwhile. */
  while (!*others && *begun == before)
    if ((err = wait_for_others())) return err;
  return 0;
}

static void pipe_close(struct file *f) {
  struct pipe *p = pipe_of(f);
  if (reads(f)) p->readers--;
  if (writes(f)) p->writers--;
  tell_others();
  if (p->readers || p->writers) return;
  __zvm_fs_free(p->bytes);
  p->bytes = NULL;
  p->first = p->held = 0;
}

static int pipe_open(struct file *f) {
  struct pipe *p = pipe_of(f);
  int err;
  if (!p->bytes && !(p->bytes = __zvm_fs_alloc(CAPACITY))) return -ENOMEM;
  if (reads(f)) p->readers++, p->reads_begun++;
  if (writes(f)) p->writers++, p->writes_begun++;
  tell_others();
  /* A name is there to meet by; the two ends of pipe() have met. */
  if ((err = f->node->links ? meet(f, p) : 0)) pipe_close(f);
  return err;
}

static void pipe_drop(struct node *n) {
  struct pipe *p = n->own, **link = &pipes;
  while (*link != p) link = &(*link)->next;
  *link = p->next;
  __zvm_fs_free(p->bytes);
  __zvm_fs_free(p);
}

/* -- Reading and writing ------------------------------------------------- */

static size_t take(struct pipe *p, char *to, size_t n) {
  size_t part;
  tell_others();
  if (n > p->held) n = p->held;
  part = n < CAPACITY - p->first ? n : CAPACITY - p->first;
  memcpy(to, p->bytes + p->first, part);
  memcpy(to + part, p->bytes, n - part);
  p->held -= n;
  /* An empty ring starts anew: a short use touches few pages. */
  p->first = p->held ? (p->first + n) % CAPACITY : 0;
  return n;
}

static size_t put(struct pipe *p, const char *from, size_t n) {
  uint32_t end = (p->first + p->held) % CAPACITY;
  size_t part;
  tell_others();
  if (n > CAPACITY - p->held) n = CAPACITY - p->held;
  part = n < CAPACITY - end ? n : CAPACITY - end;
  memcpy(p->bytes + end, from, part);
  memcpy(p->bytes, from + part, n - part);
  p->held += n;
  return n;
}

static int64_t pipe_read(struct file *f, void *to, size_t n, int64_t off) {
  struct pipe *p = pipe_of(f);
  int err;
  (void)off;
  if (!n) return 0;
  while (!p->held) {
    if (!p->writers) return 0;
    if (f->flags & O_NONBLOCK) return -EAGAIN;
    if ((err = wait(p))) return err;
  }
  return take(p, to, n);
}

static int64_t broken(void) {
  __zvm_signal_send(SIGPIPE);
  return -EPIPE;
}

/* What fits into PIPE_BUF goes in one piece. */
static int64_t pipe_write(struct file *f, const void *from, size_t n,
                          int64_t off) {
  struct pipe *p = pipe_of(f);
  size_t least = n <= PIPE_BUF ? n : 1, done = 0;
  int err;
  (void)off;
  if (!n) return 0;
  for (;;) {
    if (!p->readers) return done ? (int64_t)done : broken();
    if (CAPACITY - p->held >= least) {
      done += put(p, (const char *)from + done, n - done);
      if (done == n) return n;
    }
    if (f->flags & O_NONBLOCK) return done ? (int64_t)done : -EAGAIN;
    if ((err = wait(p))) return done ? (int64_t)done : err;
  }
}

static int pipe_control(struct file *f, unsigned request, arg a) {
  if (request != FIONREAD) return -ENOTTY;
  *PTR(int, a) = (int)pipe_of(f)->held;
  return 0;
}

static int pipe_poll(struct file *f) {
  struct pipe *p = pipe_of(f);
  int ready = 0;
  if (reads(f)) {
    if (p->held) ready |= POLLIN | POLLRDNORM;
    if (!p->writers) ready |= POLLHUP;
  }
  if (writes(f)) {
    if (CAPACITY - p->held >= PIPE_BUF) ready |= POLLOUT | POLLWRNORM;
    if (!p->readers) ready |= POLLERR;
  }
  return ready;
}

static const struct kind kind = {
  .open = pipe_open,
  .close = pipe_close,
  .read = pipe_read,
  .write = pipe_write,
  .control = pipe_control,
  .poll = pipe_poll,
  .drop = pipe_drop,
};

/* -- Making them --------------------------------------------------------- */

struct node *__zvm_pipe_new(mode_t mode) {
  struct pipe *p = __zvm_fs_alloc(sizeof(*p));
  struct node *n;
  if (p) *p = (struct pipe){ .serial = ++last_serial };
  if (!(n = __zvm_node_owning(&kind, S_IFIFO | mode, p))) return NULL;
  p->next = pipes;
  pipes = p;
  return n;
}

SYS(pipe2) {
  int flags = (int)b, *out = PTR(int, a), fd[2];
  struct node *n;
  if (flags & ~(O_CLOEXEC | O_NONBLOCK)) return -EINVAL;
  if ((n = __zvm_pipe_new(0600))) n->is_nameless = true;
  fd[0] = __zvm_open_new(n, O_RDONLY | flags);
  if (fd[0] < 0) return fd[0];
  fd[1] = __zvm_file_open(n, O_WRONLY | (flags & O_NONBLOCK));
  if (fd[1] < 0) {
    __zvm_file_close(fd[0]);
    return fd[1];
  }
  __zvm_file_set_cloexec(fd[1], flags & O_CLOEXEC);
  out[0] = fd[0];
  out[1] = fd[1];
  return 0;
}

SYS(pipe) { return __zvm_sys_pipe2(a, 0, 0, 0, 0, 0); }
