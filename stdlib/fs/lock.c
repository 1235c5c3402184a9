/*
** lock.c - record locks of fcntl, and flock.
**
** The records of one process never conflict with each other, as POSIX has
** it; those of an open file (F_OFD_*) do with all others, and so do the
** locks of flock, which are a set of their own. Waiting for one lets other
** threads run; where none can, EDEADLK.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "blocked.h"
#include "fs.h"

struct lock {
  struct lock *next;
  struct node *node;
  struct file *owner; /* NULL: the process       */
  int64_t start, end; /* of bytes, both included */
  short type;         /* F_RDLCK, F_WRLCK        */
  bool whole;         /* flock's                 */
};

static struct lock *locks; /* those of one owner do not overlap */

static bool overlaps(const struct lock *l, const struct lock *want) {
  return l->node == want->node && l->whole == want->whole &&
         l->start <= want->end && want->start <= l->end;
}

static struct lock *conflict(const struct lock *want) {
  for (struct lock *l = locks; l; l = l->next)
    if (overlaps(l, want) && l->owner != want->owner &&
        (l->type == F_WRLCK || want->type == F_WRLCK))
      return l;
  return NULL;
}

static void add(struct lock *made, struct lock value) {
  *made = value;
  made->next = locks;
  locks = made;
}

/* Take the range out of the owner's locks; `spare` is for a split. */
static struct lock *clear(const struct lock *range, struct lock *spare) {
  struct lock **link = &locks, *l;
  while ((l = *link)) {
    struct lock was = *l;
    if (!overlaps(l, range) || l->owner != range->owner) {
      link = &l->next;
      continue;
    }
    if (was.start < range->start && was.end > range->end) {
      struct lock rest = was;
      rest.start = range->end + 1;
      add(spare, rest);
      spare = NULL;
    }
    if (was.start < range->start) {
      l->end = range->start - 1;
    } else if (was.end > range->end) {
      l->start = range->end + 1;
    } else {
      *link = l->next;
      __zvm_fs_free(l);
      continue;
    }
    link = &l->next;
  }
  return spare;
}

/* Locks of one kind that touch are one. */
static struct lock widen(struct lock want) {
  for (struct lock *l = locks; l; l = l->next) {
    if (l->node != want.node || l->whole != want.whole ||
        l->owner != want.owner || l->type != want.type ||
        (l->end != INT64_MAX && l->end + 1 < want.start) ||
        (want.end != INT64_MAX && want.end + 1 < l->start))
      continue;
    if (l->start < want.start) want.start = l->start;
    if (l->end > want.end) want.end = l->end;
  }
  return want;
}

/* Put the owner's lock on a range, F_UNLCK: none. */
static int set(const struct lock *asked) {
  struct lock value = widen(*asked), *want = &value;
  struct lock *made = __zvm_fs_alloc(sizeof(*made)), *spare;
  spare = __zvm_fs_alloc(sizeof(*spare));
  if (!made || !spare) {
    __zvm_fs_free(made);
    __zvm_fs_free(spare);
    return -ENOLCK;
  }
  tell_others();
  __zvm_fs_free(clear(want, spare));
  if (want->type == F_UNLCK)
    __zvm_fs_free(made);
  else
    add(made, *want);
  return 0;
}

static int acquire(const struct lock *want, bool wait) {
  int err;
  while (want->type != F_UNLCK && conflict(want)) {
    if (!wait) return -EAGAIN;
    if ((err = wait_for_others())) return err;
  }
  return set(want);
}

/* -- fcntl --------------------------------------------------------------- */

static int range_of(struct file *f, const struct flock *in, struct lock *out) {
  int64_t start = in->l_start, end;
  switch (in->l_whence) {
    case SEEK_SET: break;
    case SEEK_CUR: start += f->pos; break;
    case SEEK_END: start += f->node->kind->size ? f->node->kind->size(f->node)
                                                : f->node->size; break;
    default: return -EINVAL;
  }
  end = INT64_MAX;
  if (in->l_len > 0) {
    if (__builtin_add_overflow(start, in->l_len - 1, &end)) return -EOVERFLOW;
  } else if (in->l_len < 0) {
    end = start - 1;
    start += in->l_len;
  }
  if (start < 0) return -EINVAL;
  out->start = start;
  out->end = end;
  return 0;
}

static int tell(const struct lock *found, struct flock *out) {
  if (!found) {
    out->l_type = F_UNLCK;
    return 0;
  }
  *out = (struct flock){
    .l_type = found->type,
    .l_whence = SEEK_SET,
    .l_start = found->start,
    .l_len = found->end == INT64_MAX ? 0 : found->end - found->start + 1,
    .l_pid = found->owner ? -1 : 1,
  };
  return 0;
}

int __zvm_lock(struct file *f, int command, arg a) {
  struct flock *in = PTR(struct flock, a);
  bool own = command == F_OFD_GETLK || command == F_OFD_SETLK ||
             command == F_OFD_SETLKW;
  int mode = f->flags & O_ACCMODE, err;
  struct lock want = { .node = f->node, .owner = own ? f : NULL };
  if (own && in->l_pid) return -EINVAL;
  if ((err = range_of(f, in, &want))) return err;
  want.type = in->l_type;
  if (want.type != F_RDLCK && want.type != F_WRLCK && want.type != F_UNLCK)
    return -EINVAL;
  if (command == F_GETLK || command == F_OFD_GETLK)
    return want.type == F_UNLCK ? -EINVAL : tell(conflict(&want), in);
  if ((want.type == F_RDLCK && mode == O_WRONLY) ||
      (want.type == F_WRLCK && mode == O_RDONLY))
    return -EBADF;
  return acquire(&want, command == F_SETLKW || command == F_OFD_SETLKW);
}

/* Closing any descriptor of a file ends the process's locks of it. */
void __zvm_locks_drop(struct file *f, bool last) {
  struct lock **link = &locks, *l;
  tell_others();
  while ((l = *link)) {
    bool gone = l->owner ? last && l->owner == f
                         : !l->whole && l->node == f->node;
    if (!gone) {
      link = &l->next;
      continue;
    }
    *link = l->next;
    __zvm_fs_free(l);
  }
}

/* -- flock --------------------------------------------------------------- */

SYS(flock) {
  struct file *file = __zvm_file((int)a);
  struct lock want = { .end = INT64_MAX, .whole = true };
  if (!file) return -EBADF;
  want.node = file->node;
  want.owner = file;
  switch ((int)b & ~LOCK_NB) {
    case LOCK_SH: want.type = F_RDLCK; break;
    case LOCK_EX: want.type = F_WRLCK; break;
    case LOCK_UN: want.type = F_UNLCK; break;
    default: return -EINVAL;
  }
  return acquire(&want, !((int)b & LOCK_NB));
}
