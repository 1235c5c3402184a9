/*
** advice.c - what programs ask of pages that are there: rights, locks, use.
**
** All that can be touched can be read and written, is in memory and stays
** there. Rights are not taken away and nothing becomes code.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "fs.h"
#include "mapping.h"

#define ALL (1ll << 32)

/* 0 where a program may touch every byte, ENOMEM, EINVAL. */
static int look(arg start, arg size) {
  if (!is_aligned(start)) return -EINVAL;
  if (!size) return 0;
  if (start < 0 || start >= ALL || size < 0 || size > ALL - start)
    return -ENOMEM;
  return __zvm_pages_are_there(PTR(void, start), pages_of(size)) ? 0
                                                                 : -ENOMEM;
}

SYS(mprotect) {
  const int known = PROT_READ | PROT_WRITE | PROT_EXEC;
  if ((int)c & ~(known | PROT_GROWSDOWN | PROT_GROWSUP)) return -EINVAL;
  if (((int)c & PROT_EXEC) && is_aligned(a)) return -EACCES;
  return look(a, b);
}

/* Written pages of files have their time of writing from here. */
SYS(msync) {
  const int known = MS_ASYNC | MS_SYNC | MS_INVALIDATE;
  int flags = (int)c, err;
  struct mapping *m;
  if ((flags & ~known) || (flags & MS_ASYNC && flags & MS_SYNC))
    return -EINVAL;
  if ((err = look(a, b)) || !b) return err;
  m = __zvm_mapping_find((uint32_t)a, (uint32_t)(a + b - 1));
  if (m && m->shared && m->write) node_written(m->node);
  return 0;
}

/* As new: zeros, or what the file has there now. */
static int renew(uint32_t start, uint32_t end) {
  struct mapping *m = __zvm_mapping_find(start, end);
  uint32_t low = start, high = end;
  int err;
  if (m) {
    if (m->start > low) low = m->start;
    if (m->end < high) high = m->end;
    if (start < low && (err = renew(start, low))) return err;
    if (high < end && (err = renew(high, end))) return err;
    if (m->shared) return 0;
  }
  memset(PTR(void, low), 0, high - low);
  return m ? __zvm_mapping_fill(m->node, PTR(void, low), high - low,
                                m->off + (low - m->start))
           : 0;
}

SYS(madvise) {
  int advice = (int)c, err = look(a, b);
  if (err || !b) return err;
  switch (advice) {
    case MADV_DONTNEED:
      if (!__zvm_pages_are_mapped(PTR(void, a), 1) &&
          !__zvm_mapping_find((uint32_t)a, (uint32_t)a + PAGE))
        return -EINVAL;
      return renew((uint32_t)a, (uint32_t)a + pages_of(b) * PAGE);
    case MADV_REMOVE:
    case MADV_HWPOISON:
    case MADV_SOFT_OFFLINE: return -EINVAL;
    default: return advice < 0 || advice > MADV_COLD + 1 ? -EINVAL : 0;
  }
}

SYS(mincore) {
  int err = look(a, b);
  if (!err) memset(PTR(void, c), 1, pages_of(b));
  return err;
}

/* Any address will do to lock, aligned or not. */
static int lock(arg start, arg size) {
  arg lead = start & (PAGE - 1);
  return look(start - lead, size + lead);
}

SYS(mlock) { return lock(a, b); }
SYS(munlock) { return lock(a, b); }
SYS(mlock2) { return (int)c & ~MLOCK_ONFAULT ? -EINVAL : lock(a, b); }

SYS(mlockall) {
  const int known = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT;
  return !(int)a || ((int)a & ~known) || (int)a == MCL_ONFAULT ? -EINVAL : 0;
}

SYS(munlockall) { return 0; }

/* There is no break: the heap is whole from the start. */
SYS(brk) { return 0; }
