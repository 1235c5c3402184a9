/*
** stat.c - stat, access and getcwd: what is there.
**
** A channel with a position is a regular file with its size, a sequential
** one a pipe. All times are the start of the clock.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kstat.h"
#include "sys.h"

#define START_OF_TIME 946684800 /* 2000-01-01T00:00:00Z */

static mode_t mode_of(int channel) {
  mode_t mode;
  if (channel == PATH_DIR) return S_IFDIR | 0555;
  if (channel == CHANNEL_NULL) return S_IFCHR | 0666;
  mode = __zvm_is_random(channel) ? S_IFREG : S_IFIFO;
  if (__zvm_can_get(channel)) mode |= 0444;
  if (__zvm_can_put(channel)) mode |= 0222;
  return mode;
}

static int fill(struct kstat *st, int channel) {
  if (channel <= PATH_ERROR) return channel - PATH_ERROR;
  memset(st, 0, sizeof(*st));
  st->st_mode = mode_of(channel);
  st->st_dev = 1;
  st->st_ino = channel + 4; /* directories 2, null 3, channels from 4 on */
  st->st_nlink = 1;
  st->st_blksize = 4096;
  if (channel >= 0 && __zvm_is_random(channel))
    st->st_size = __zvm_channel_size(channel);
  st->st_blocks = (st->st_size + 511) / 512;
  st->st_atime_sec = st->st_mtime_sec = st->st_ctime_sec = START_OF_TIME;
  return 0;
}

SYS(fstat) {
  struct file *file = __zvm_file((int)a);
  return file ? fill(PTR(struct kstat, b), file->channel) : -EBADF;
}

SYS(stat) {
  return fill(PTR(struct kstat, b), __zvm_resolve(PTR(const char, a)));
}

SYS(lstat) { return __zvm_sys_stat(a, b, 0, 0, 0, 0); }

SYS(newfstatat) {
  if (((int)d & AT_EMPTY_PATH) && !*PTR(const char, b))
    return __zvm_sys_fstat(a, c, 0, 0, 0, 0);
  return __zvm_sys_stat(b, c, 0, 0, 0, 0);
}

SYS(access) {
  int channel = __zvm_resolve(PTR(const char, a));
  mode_t mode;
  if (channel <= PATH_ERROR) return channel - PATH_ERROR;
  mode = mode_of(channel);
  return ((unsigned)b & 7) & ~(mode & 7) ? -EACCES : 0;
}

SYS(faccessat) { return __zvm_sys_access(b, c, 0, 0, 0, 0); }

/* There are no links: what is there is something else. */
SYS(readlink) {
  int channel = __zvm_resolve(PTR(const char, a));
  return channel <= PATH_ERROR ? channel - PATH_ERROR : -EINVAL;
}

SYS(readlinkat) { return __zvm_sys_readlink(b, 0, 0, 0, 0, 0); }

SYS(chdir) {
  int channel = __zvm_resolve(PTR(const char, a));
  if (channel <= PATH_ERROR) return channel - PATH_ERROR;
  if (channel != PATH_DIR) return -ENOTDIR;
  /* One directory is enough for relative names to mean one thing. */
  return strspn(PTR(const char, a), "/.") == strlen(PTR(const char, a))
             ? 0
             : -EACCES;
}

SYS(getcwd) {
  if ((size_t)b < 2) return -ERANGE;
  memcpy(PTR(char, a), "/", 2);
  return 2;
}

SYS(umask) {
  static mode_t mask = 022;
  mode_t old = mask;
  mask = (mode_t)a & 0777;
  return old;
}
