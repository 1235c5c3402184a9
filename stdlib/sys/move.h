/*
** move.h - what the calls that move bytes share.
**
** Each is a microsecond and a nanosecond for each byte of the clock.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_MOVE_H
#define ZVM_MOVE_H

#include <limits.h>
#include <sys/uio.h>

#include "fs.h"

#define CALL_NS 1000

/* One call's bytes, between memory and a file: a count or an errno. */
hidden int64_t __zvm_move_in(struct file *f, void *to, size_t size,
                             int64_t off);
hidden int64_t __zvm_move_out(struct file *f, const void *from, size_t size,
                              int64_t off);
/* Where bytes are appended; the position, where files have none. */
hidden int64_t __zvm_end_of(struct file *f);

static inline int64_t moved(int64_t n) {
  __zvm_clock_advance(CALL_NS + (n > 0 ? n : 0));
  return n;
}

static inline int vector_error(const struct iovec *v, int count) {
  int64_t total = 0;
  if (count < 0 || count > IOV_MAX) return -EINVAL;
  for (int i = 0; i < count; i++) total += v[i].iov_len;
  return total > SSIZE_MAX ? -EINVAL : 0;
}

#endif
