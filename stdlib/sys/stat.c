/*
** stat.c - what there is to know about a file.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kstat.h"
#include "fs.h"

#define NS_PER_S 1000000000
#define DEVICE 1
#define DIRECTORY_SIZE 4096

struct moment {
  int64_t s;
  uint32_t ns;
};

/* Before 1970 too the nanoseconds count upwards. */
static struct moment moment_of(int64_t t) {
  int64_t ns = t % NS_PER_S;
  if (ns < 0) ns += NS_PER_S;
  return (struct moment){ (t - ns) / NS_PER_S, ns };
}

static int64_t size_of(struct node *n) {
  if (is_directory(n)) return DIRECTORY_SIZE;
  return n->kind->size ? n->kind->size(n) : n->size;
}

static int64_t blocks_of(struct node *n) {
  if (n->kind == &__zvm_kind_regular) return __zvm_contents_blocks(n);
  return is_directory(n) ? 0 : (size_of(n) + 511) / 512;
}

/* The standard channels have no node in a tree before there is one. */
static void complete(struct node *n) {
  if (n->kind == &__zvm_kind_channel && !n->mode)
    __zvm_node_of_channel(n->channel);
}

static int fill(struct kstat *st, struct node *n) {
  struct moment a, m, c;
  complete(n);
  a = moment_of(n->atime);
  m = moment_of(n->mtime);
  c = moment_of(n->ctime);
  memset(st, 0, sizeof(*st));
  st->st_mode = n->mode;
  st->st_dev = DEVICE;
  st->st_ino = n->ino;
  st->st_nlink = n->links + n->is_nameless;
  st->st_uid = n->owner;
  st->st_gid = n->group;
  st->st_rdev = n->device;
  st->st_blksize = 4096;
  st->st_size = size_of(n);
  st->st_blocks = blocks_of(n);
  st->st_atime_sec = a.s, st->st_atime_nsec = a.ns;
  st->st_mtime_sec = m.s, st->st_mtime_nsec = m.ns;
  st->st_ctime_sec = c.s, st->st_ctime_nsec = c.ns;
  return 0;
}

static int stat_at(int dirfd, arg path, int flags, arg out) {
  struct node *n;
  int err = __zvm_node_at(dirfd, PTR(const char, path), flags, &n);
  return err ? err : fill(PTR(struct kstat, out), n);
}

SYS(fstat) {
  struct file *file = __zvm_file((int)a);
  return file ? fill(PTR(struct kstat, b), file->node) : -EBADF;
}

SYS(stat) { return stat_at(AT_FDCWD, a, 0, b); }
SYS(lstat) { return stat_at(AT_FDCWD, a, AT_SYMLINK_NOFOLLOW, b); }

SYS(newfstatat) {
  if ((int)d & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
    return -EINVAL;
  return stat_at((int)a, b, (int)d, c);
}

/* -- statx --------------------------------------------------------------- */

struct statx_time {
  int64_t s;
  uint32_t ns, pad;
};

struct statx_answer {
  uint32_t mask, blksize;
  uint64_t attributes;
  uint32_t nlink, uid, gid;
  uint16_t mode, pad;
  uint64_t ino, size, blocks, attributes_mask;
  struct statx_time atime, btime, ctime, mtime;
  uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
  uint64_t spare[14];
};

#define STATX_BASIC 0x7ff /* all but the time of birth */
#define STATX_RESERVED 0x80000000u

static struct statx_time statx_time(int64_t t) {
  struct moment m = moment_of(t);
  return (struct statx_time){ m.s, m.ns, 0 };
}

SYS(statx) {
  struct statx_answer *st = PTR(struct statx_answer, e);
  struct node *n;
  int err;
  if (((unsigned)d & STATX_RESERVED) ||
      ((int)c & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT |
                  AT_STATX_SYNC_TYPE)))
    return -EINVAL;
  if ((err = __zvm_node_at((int)a, PTR(const char, b), (int)c, &n)))
    return err;
  complete(n);
  *st = (struct statx_answer){
    .mask = STATX_BASIC,
    .blksize = 4096,
    .nlink = n->links + n->is_nameless,
    .uid = n->owner,
    .gid = n->group,
    .mode = n->mode,
    .ino = n->ino,
    .size = size_of(n),
    .blocks = blocks_of(n),
    .atime = statx_time(n->atime),
    .ctime = statx_time(n->ctime),
    .mtime = statx_time(n->mtime),
    .rdev_major = n->device >> 8 & 0xfff,
    .rdev_minor = n->device & 0xff,
    .dev_minor = DEVICE,
  };
  return 0;
}
