/*
** io.c - read, write and their kin; lseek.
**
** A sequential channel ignores offsets; the library OS counts on, so that
** the offsets it passes are true ones.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sys.h"

static struct file *to_read(int fd) {
  struct file *file = __zvm_file(fd);
  return file && (file->flags & O_ACCMODE) != O_WRONLY ? file : NULL;
}

static struct file *to_write(int fd) {
  struct file *file = __zvm_file(fd);
  return file && (file->flags & O_ACCMODE) != O_RDONLY ? file : NULL;
}

static int64_t get(struct file *file, void *buf, size_t size) {
  int64_t n = __zvm_get(file->channel, buf, size, file->pos);
  if (n > 0) file->pos += n;
  return n;
}

static int64_t put(struct file *file, const void *buf, size_t size) {
  int64_t n;
  if ((file->flags & O_APPEND) && file->channel != CHANNEL_NULL &&
      __zvm_is_random(file->channel))
    file->pos = __zvm_channel_size(file->channel);
  n = __zvm_put(file->channel, buf, size, file->pos);
  /* Where gets are random and puts append, the position is the reader's. */
  if (n > 0 && (file->channel == CHANNEL_NULL ||
                MANIFEST->channels[file->channel].type != RGetSPut))
    file->pos += n;
  return n;
}

SYS(read) {
  struct file *file = to_read((int)a);
  return file ? get(file, PTR(void, b), (size_t)c) : -EBADF;
}

SYS(write) {
  struct file *file = to_write((int)a);
  return file ? put(file, PTR(const void, b), (size_t)c) : -EBADF;
}

/*
** The vector calls stop at the first part that comes out short, and tell
** an error only if nothing was moved before it.
*/
SYS(readv) {
  struct file *file = to_read((int)a);
  const struct iovec *v = PTR(const struct iovec, b);
  int64_t total = 0;
  if (!file) return -EBADF;
  for (int i = 0; i < (int)c; i++) {
    int64_t n;
    if (!v[i].iov_len) continue;
    n = get(file, v[i].iov_base, v[i].iov_len);
    if (n < 0) return total ? total : n;
    total += n;
    if ((size_t)n < v[i].iov_len) break;
  }
  return total;
}

SYS(writev) {
  struct file *file = to_write((int)a);
  const struct iovec *v = PTR(const struct iovec, b);
  int64_t total = 0;
  if (!file) return -EBADF;
  for (int i = 0; i < (int)c; i++) {
    int64_t n;
    if (!v[i].iov_len) continue;
    n = put(file, v[i].iov_base, v[i].iov_len);
    if (n < 0) return total ? total : n;
    total += n;
    if ((size_t)n < v[i].iov_len) break;
  }
  return total;
}

/* The file with a position of its own for one call, or why not. */
static int at(struct file *copy, const struct file *file, int64_t off) {
  if (!file) return -EBADF;
  if (file->channel == CHANNEL_NULL || !__zvm_is_random(file->channel))
    return -ESPIPE;
  if (off < 0) return -EINVAL;
  *copy = *file;
  copy->pos = off;
  return 0;
}

SYS(pread64) {
  struct file copy;
  int err = at(&copy, to_read((int)a), d);
  return err ? err : get(&copy, PTR(void, b), (size_t)c);
}

SYS(pwrite64) {
  struct file copy;
  int err = at(&copy, to_write((int)a), d);
  return err ? err : put(&copy, PTR(const void, b), (size_t)c);
}

/* The kernel's form: the offset in two halves of a machine word. */
#define HALVES(low, high) ((int64_t)((uint32_t)(low) | (high) << 32))

SYS(preadv) {
  struct file *file = to_read((int)a);
  int64_t was = file ? file->pos : 0, n;
  struct file copy;
  int err = at(&copy, file, HALVES(d, e));
  if (err) return err;
  file->pos = copy.pos;
  n = __zvm_sys_readv(a, b, c, 0, 0, 0);
  file->pos = was;
  return n;
}

SYS(pwritev) {
  struct file *file = to_write((int)a);
  int64_t was = file ? file->pos : 0, n;
  struct file copy;
  int err = at(&copy, file, HALVES(d, e));
  if (err) return err;
  file->pos = copy.pos;
  n = __zvm_sys_writev(a, b, c, 0, 0, 0);
  file->pos = was;
  return n;
}

SYS(lseek) {
  struct file *file = __zvm_file((int)a);
  int64_t base;
  if (!file) return -EBADF;
  if (file->channel == CHANNEL_NULL) return 0;
  if (!__zvm_is_random(file->channel)) return -ESPIPE;
  switch ((int)c) {
    case SEEK_SET: base = 0; break;
    case SEEK_CUR: base = file->pos; break;
    case SEEK_END: base = __zvm_channel_size(file->channel); break;
    default: return -EINVAL;
  }
  if (__builtin_add_overflow(base, b, &base)) return -EOVERFLOW;
  if (base < 0) return -EINVAL;
  file->pos = base;
  return base;
}

/* What is written is the host's at once. */
SYS(fsync) { return __zvm_file((int)a) ? 0 : -EBADF; }
SYS(fdatasync) { return __zvm_file((int)a) ? 0 : -EBADF; }

/* A channel never shrinks; it grows by writing. */
SYS(ftruncate) {
  struct file *file = to_write((int)a);
  if (!file) return -EBADF;
  if (file->channel == CHANNEL_NULL || !__zvm_is_random(file->channel))
    return -EINVAL;
  return b == __zvm_channel_size(file->channel) ? 0 : -EINVAL;
}
