/*
** mode.c - rights, owners and times of a file.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fs.h"

#define USER 1000
#define NS_PER_S 1000000000

/* The file of a descriptor; one that is only a place will do. */
static int of_descriptor(int fd, struct node **out) {
  struct file *f = __zvm_file(fd);
  if (!f) return -EBADF;
  *out = f->node;
  return 0;
}

static int change_mode(struct node *n, mode_t mode) {
  if (n->owner != USER) return -EPERM;
  if (S_ISLNK(n->mode)) return -EOPNOTSUPP;
  if (n->group != USER && !is_directory(n)) mode &= ~S_ISGID;
  n->mode = (n->mode & S_IFMT) | (mode & 07777);
  node_changed(n);
  return 0;
}

static int change_mode_at(int dirfd, arg path, arg mode, int flags) {
  struct node *n;
  int err;
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
  err = __zvm_node_at(dirfd, PTR(const char, path), flags, &n);
  return err ? err : change_mode(n, (mode_t)mode);
}

SYS(chmod) { return change_mode_at(AT_FDCWD, a, b, 0); }
SYS(fchmodat) { return change_mode_at((int)a, b, c, (int)d); }

SYS(fchmod) {
  struct node *n;
  int err = of_descriptor((int)a, &n);
  return err ? err : change_mode(n, (mode_t)b);
}

/* musl's goes through /proc for a flag that it does not hand on. */
int fchmodat(int fd, const char *path, mode_t mode, int flags) {
  return syscall(SYS_fchmodat, fd, path, mode, flags);
}

/* To oneself, that is: a file cannot be given away. */
static int change_owner(struct node *n, arg owner, arg group) {
  uint32_t to = (uint32_t)owner, in = (uint32_t)group;
  if ((to != ~0u && (n->owner != USER || to != USER)) ||
      (in != ~0u && (n->owner != USER || in != USER)))
    return -EPERM;
  if (in != ~0u) n->group = in;
  if (!is_directory(n) && (to != ~0u || in != ~0u)) {
    n->mode &= ~S_ISUID;
    if (n->mode & S_IXGRP) n->mode &= ~S_ISGID;
  }
  node_changed(n);
  return 0;
}

static int change_owner_at(int dirfd, arg path, arg owner, arg group,
                           int flags) {
  struct node *n;
  int err;
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
  err = __zvm_node_at(dirfd, PTR(const char, path), flags, &n);
  return err ? err : change_owner(n, owner, group);
}

SYS(chown) { return change_owner_at(AT_FDCWD, a, b, c, 0); }
SYS(fchownat) { return change_owner_at((int)a, b, c, d, (int)e); }

SYS(lchown) {
  return change_owner_at(AT_FDCWD, a, b, c, AT_SYMLINK_NOFOLLOW);
}

SYS(fchown) {
  struct node *n;
  int err = of_descriptor((int)a, &n);
  return err ? err : change_owner(n, b, c);
}

/* -- Times --------------------------------------------------------------- */

static bool is_time(const struct timespec *ts) {
  return ts->tv_nsec == UTIME_NOW || ts->tv_nsec == UTIME_OMIT ||
         (ts->tv_nsec >= 0 && ts->tv_nsec < NS_PER_S);
}

/* Times that the number of nanoseconds cannot hold become its ends. */
static void set_time(int64_t *to, const struct timespec *ts, int64_t now) {
  int64_t ns;
  if (ts->tv_nsec == UTIME_OMIT) return;
  if (ts->tv_nsec == UTIME_NOW) ns = now;
  else if (__builtin_mul_overflow((int64_t)ts->tv_sec, (int64_t)NS_PER_S,
                                  &ns) ||
           __builtin_add_overflow(ns, (int64_t)ts->tv_nsec, &ns))
    ns = ts->tv_sec < 0 ? INT64_MIN : INT64_MAX;
  *to = ns;
}

static int change_times(struct node *n, const struct timespec *times) {
  static const struct timespec now[2] = { { .tv_nsec = UTIME_NOW },
                                          { .tv_nsec = UTIME_NOW } };
  const struct timespec *t = times ? times : now;
  int64_t at = __zvm_clock_now();
  if (!is_time(&t[0]) || !is_time(&t[1])) return -EINVAL;
  if (t[0].tv_nsec == UTIME_OMIT && t[1].tv_nsec == UTIME_OMIT) return 0;
  if (n->owner != USER) {
    if (t[0].tv_nsec != UTIME_NOW || t[1].tv_nsec != UTIME_NOW)
      return -EPERM;
    if (!__zvm_node_may(n, W_OK)) return -EACCES;
  }
  set_time(&n->atime, &t[0], at);
  set_time(&n->mtime, &t[1], at);
  n->ctime = at;
  return 0;
}

SYS(utimensat) {
  const struct timespec *times = PTR(const struct timespec, c);
  struct node *n;
  int err;
  if ((int)d & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
  if (times && times[0].tv_nsec == UTIME_OMIT &&
      times[1].tv_nsec == UTIME_OMIT)
    return 0;
  err = b ? __zvm_node_at((int)a, PTR(const char, b), (int)d, &n)
          : of_descriptor((int)a, &n);
  return err ? err : change_times(n, times);
}
