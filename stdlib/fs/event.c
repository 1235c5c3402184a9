/*
** event.c - eventfd: a number that threads add to and take.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "blocked.h"
#include "new_node.h"

#define MOST (UINT64_MAX - 1)

struct event {
  uint64_t count;
  bool one_by_one; /* EFD_SEMAPHORE */
};

static int64_t event_read(struct file *f, void *to, size_t n, int64_t off) {
  struct event *e = f->node->own;
  uint64_t got;
  int err;
  (void)off;
  if (n < sizeof(got)) return -EINVAL;
  while (!e->count) {
    if (f->flags & O_NONBLOCK) return -EAGAIN;
    if ((err = wait_for_others())) return err;
  }
  got = e->one_by_one ? 1 : e->count;
  e->count -= got;
  tell_others();
  memcpy(to, &got, sizeof(got));
  return sizeof(got);
}

static int64_t event_write(struct file *f, const void *from, size_t n,
                           int64_t off) {
  struct event *e = f->node->own;
  uint64_t more;
  int err;
  (void)off;
  if (n < sizeof(more)) return -EINVAL;
  memcpy(&more, from, sizeof(more));
  if (more > MOST) return -EINVAL;
  while (more > MOST - e->count) {
    if (f->flags & O_NONBLOCK) return -EAGAIN;
    if ((err = wait_for_others())) return err;
  }
  e->count += more;
  tell_others();
  return sizeof(more);
}

static int event_poll(struct file *f) {
  struct event *e = f->node->own;
  return (e->count ? POLLIN | POLLRDNORM : 0) |
         (e->count < MOST ? POLLOUT | POLLWRNORM : 0);
}

static void event_drop(struct node *n) { __zvm_fs_free(n->own); }

static const struct kind kind = {
  .read = event_read,
  .write = event_write,
  .poll = event_poll,
  .drop = event_drop,
};

SYS(eventfd2) {
  int flags = (int)b;
  struct event *made;
  if (flags & ~(EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)) return -EINVAL;
  if ((made = __zvm_fs_alloc(sizeof(*made))))
    *made = (struct event){ (unsigned)a, flags & EFD_SEMAPHORE };
  return __zvm_open_new(__zvm_node_owning(&kind, 0600, made),
                        O_RDWR | (flags & ~EFD_SEMAPHORE));
}
