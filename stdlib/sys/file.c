/*
** file.c - descriptors: open, close, dup, fcntl.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>

#include "sys.h"

static struct file standard[3] = {
  { .channel = 0, .refs = 1, .flags = O_RDWR },
  { .channel = 1, .refs = 1, .flags = O_RDWR },
  { .channel = 2, .refs = 1, .flags = O_RDWR },
};
static struct file opened[FD_MAX];
static struct file *table[FD_MAX] = { standard, standard + 1, standard + 2 };

struct file *__zvm_file(int fd) {
  return (unsigned)fd < FD_MAX ? table[fd] : NULL;
}

/* The lowest free descriptor from `from` up. */
static int free_descriptor(int from) {
  for (int fd = from; fd < FD_MAX; fd++)
    if (!table[fd]) return fd;
  return -EMFILE;
}

static struct file *free_file(void) {
  struct file *f = opened;
  while (f->refs) f++; /* there are as many as descriptors */
  return f;
}

/* Why a channel cannot be opened with these flags, or 0. */
static int refuse(int channel, int flags) {
  int mode = flags & O_ACCMODE;
  if (flags & O_DIRECTORY) return -ENOTDIR;
  if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) return -EEXIST;
  if (channel == CHANNEL_NULL) return 0;
  if (mode != O_WRONLY && !__zvm_can_get(channel)) return -EACCES;
  if (mode != O_RDONLY && !__zvm_can_put(channel)) return -EACCES;
  return 0;
}

/* A name that is not there cannot be made: the set of files is fixed. */
static int refuse_missing(const char *path, int flags) {
  char parent[256];
  const char *slash = strrchr(path, '/');
  size_t len = slash ? slash - path + 1 : 0;
  if (!(flags & O_CREAT)) return -ENOENT;
  if (!len) return -EROFS;
  if (len >= sizeof(parent)) return -ENOENT;
  memcpy(parent, path, len);
  parent[len] = 0;
  return __zvm_resolve(parent) == PATH_DIR ? -EROFS : -ENOENT;
}

int __zvm_open(const char *path, int flags) {
  int channel = __zvm_resolve(path);
  int fd, err;
  if (channel == PATH_MISSING) return refuse_missing(path, flags);
  if (channel <= PATH_ERROR) return channel - PATH_ERROR;
  if (channel == PATH_DIR) return -EISDIR;
  if ((err = refuse(channel, flags))) return err;
  if ((fd = free_descriptor(0)) < 0) return fd;
  table[fd] = free_file();
  *table[fd] = (struct file){ .channel = channel, .refs = 1, .flags = flags };
  return fd;
}

SYS(open) { return __zvm_open(PTR(const char, a), (int)b); }

/* Every directory is "/" here, so that the first argument says nothing. */
SYS(openat) { return __zvm_open(PTR(const char, b), (int)c); }

SYS(close) {
  struct file *file = __zvm_file((int)a);
  if (!file) return -EBADF;
  file->refs--;
  table[a] = NULL;
  return 0;
}

static int duplicate(int from, int to) {
  struct file *file = __zvm_file(from);
  if (!file) return -EBADF;
  if (to < 0) return to;
  if (to >= FD_MAX) return -EBADF;
  if (table[to]) table[to]->refs--;
  table[to] = file;
  file->refs++;
  return to;
}

SYS(dup) { return duplicate((int)a, free_descriptor(0)); }

SYS(dup2) {
  if ((int)b < 0) return -EBADF;
  if ((int)a == (int)b) return __zvm_file((int)a) ? (int)a : -EBADF;
  return duplicate((int)a, (int)b);
}

SYS(dup3) {
  if ((int)b < 0) return -EBADF;
  return (int)a == (int)b ? -EINVAL : duplicate((int)a, (int)b);
}

SYS(fcntl) {
  struct file *file = __zvm_file((int)a);
  if (!file) return -EBADF;
  switch ((int)b) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      if ((unsigned)c >= FD_MAX) return -EINVAL;
      return duplicate((int)a, free_descriptor((int)c));
    case F_GETFD: return 0;
    case F_SETFD: return 0; /* there is no exec */
    case F_GETFL: return file->flags & (O_ACCMODE | O_APPEND);
    case F_SETFL:
      file->flags = (file->flags & ~O_APPEND) | ((int)c & O_APPEND);
      return 0;
    case F_SETLK:
    case F_SETLKW: return 0; /* nobody else has it open */
    default: return -EINVAL;
  }
}

/* No channel is a terminal, and none has other controls. */
SYS(ioctl) { return __zvm_file((int)a) ? -ENOTTY : -EBADF; }
