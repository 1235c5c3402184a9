/*
** epoll.c - a list of open files to be asked again and again.
**
** What cannot be waited for elsewhere cannot be here: files, directories
** and plain devices are EPERM. A descriptor that was closed leaves the list
** at the next look. With EPOLLET what can be read is told as long as it is
** there, the rest once until it was not so.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "blocked.h"
#include "new_node.h"

#define INPUT (EPOLLIN | EPOLLRDNORM)
#define MODES (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)

struct watch {
  struct watch *next;
  int fd;
  uint32_t ino; /* of the node, so that a new file is not taken for it */
  uint32_t told;
  struct epoll_event event;
};

struct epoll {
  struct watch *first;
};

static struct file *file_of(const struct watch *w) {
  struct file *f = __zvm_file(w->fd);
  return f && f->node->ino == w->ino ? f : NULL;
}

static void clear(struct epoll *e) {
  struct watch *w;
  while ((w = e->first)) {
    e->first = w->next;
    __zvm_fs_free(w);
  }
}

static void epoll_drop(struct node *n) {
  clear(n->own);
  __zvm_fs_free(n->own);
}

/* What the watch has to tell now. */
static uint32_t news(struct watch *w, struct file *f) {
  uint32_t asked = w->event.events, ready, all;
  if ((asked & EPOLLONESHOT) && !(asked & ~MODES)) return 0;
  all = (uint32_t)__zvm_poll_file(f) & (asked | EPOLLERR | EPOLLHUP);
  ready = all;
  if (asked & EPOLLET) ready &= INPUT | ~w->told;
  return ready;
}

/*
** Up to `room` events, and the watches that had them go to the end of the
** list, so that each has its turn. With no room it only looks.
*/
static int harvest(struct epoll *e, struct epoll_event *out, int room) {
  struct watch **link = &e->first, *w, *told = NULL, **last = &told;
  int found = 0;
  while ((w = *link) && (found < room || !room)) {
    struct file *f = file_of(w);
    uint32_t ready;
    if (!f) {
      *link = w->next;
      __zvm_fs_free(w);
      continue;
    }
    ready = news(w, f);
    if (!room && ready) return 1;
    if (room) w->told = ready | (w->told & (uint32_t)__zvm_poll_file(f));
    if (!ready) {
      link = &w->next;
      continue;
    }
    out[found].events = ready;
    out[found++].data = w->event.data;
    if (w->event.events & EPOLLONESHOT) w->event.events &= MODES;
    *link = w->next;
    w->next = NULL;
    *last = w;
    last = &w->next;
  }
  while (*link) link = &(*link)->next;
  *link = told;
  return found;
}

static int epoll_poll(struct file *f) {
  return harvest(f->node->own, NULL, 0) ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct kind kind = { .poll = epoll_poll, .drop = epoll_drop };

SYS(epoll_create1) {
  struct epoll *made;
  if ((int)a & ~EPOLL_CLOEXEC) return -EINVAL;
  if ((made = __zvm_fs_alloc(sizeof(*made)))) made->first = NULL;
  return __zvm_open_new(__zvm_node_owning(&kind, 0600, made),
                        O_RDWR | (int)a);
}

static int watch(struct epoll *e, int fd, struct file *f,
                 const struct epoll_event *event) {
  struct watch *w = __zvm_fs_alloc(sizeof(*w));
  if (!w) return -ENOMEM;
  *w = (struct watch){ .next = e->first, .fd = fd, .ino = f->node->ino,
                       .event = *event };
  e->first = w;
  return 0;
}

SYS(epoll_ctl) {
  struct file *own = __zvm_file((int)a), *file = __zvm_file((int)c);
  struct watch **link, *w;
  struct epoll *list;
  if (!own || !file) return -EBADF;
  if (!file->node->kind->poll && !S_ISFIFO(file->node->mode)) return -EPERM;
  if (own->node->kind != &kind || own->node == file->node) return -EINVAL;
  if (file->node->kind == &kind) return -ELOOP;
  list = own->node->own;
  harvest(list, NULL, 0); /* drops those that were closed */
  for (link = &list->first; (w = *link); link = &w->next)
    if (w->fd == (int)c && file_of(w)) break;
  if (!w && (int)b == EPOLL_CTL_ADD)
    return watch(list, (int)c, file, PTR(const struct epoll_event, d));
  if (!w) return -ENOENT;
  switch ((int)b) {
    case EPOLL_CTL_ADD: return -EEXIST;
    case EPOLL_CTL_MOD:
      w->event = *PTR(const struct epoll_event, d);
      w->told = 0;
      return 0;
    case EPOLL_CTL_DEL:
      *link = w->next;
      __zvm_fs_free(w);
      return 0;
    default: return -EINVAL;
  }
}

struct wanted {
  struct epoll *e;
  struct epoll_event *out;
  int room;
};

static int look(void *what) {
  struct wanted *w = what;
  return harvest(w->e, w->out, w->room);
}

SYS(epoll_pwait) {
  struct file *own = __zvm_file((int)a);
  struct wanted w = { .out = PTR(struct epoll_event, b), .room = (int)c };
  int64_t limit = FOREVER;
  if (!own) return -EBADF;
  if (own->node->kind != &kind || w.room <= 0) return -EINVAL;
  w.e = own->node->own;
  if ((int)d >= 0) limit = __zvm_poll_limit(0, (int64_t)(int)d * 1000000);
  return __zvm_poll_masked(look, &w, limit, PTR(const void, e));
}
