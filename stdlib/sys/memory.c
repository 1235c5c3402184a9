/*
** memory.c - mmap and its kin, over the pages of the heap.
**
** The heap is mapped from the start, readable and writable. A mapping of a
** channel is a private copy of what it held.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "fs.h"

#define PAGE 4096u
#define pages_of(bytes) (((size_t)(bytes) + PAGE - 1) / PAGE)

static bool is_aligned(arg address) { return !(address & (PAGE - 1)); }

/* Fill a zeroed mapping from a file; what lies past its end stays zero. */
static int64_t copy_file(struct file *file, void *to, size_t size, arg off) {
  char *at = to;
  while (size) {
    int64_t n = file->node->kind->read(file, at, size, off);
    if (n < 0) return n;
    if (!n) break;
    at += n;
    off += n;
    size -= n;
  }
  return 0;
}

static int check_file(int fd, int flags) {
  struct file *file = __zvm_file(fd);
  if (!file) return -EBADF;
  if ((flags & MAP_TYPE) != MAP_PRIVATE) return -EACCES;
  if (!__zvm_file_has_position(file) || !S_ISREG(file->node->mode))
    return -ENODEV;
  return __zvm_file_to_read(fd) ? 0 : -EACCES;
}

SYS(mmap) {
  size_t size = (size_t)b;
  int flags = (int)d;
  struct file *file = NULL;
  void *p;
  if (!size || !is_aligned(a) || !is_aligned(f)) return -EINVAL;
  if (size > -PAGE) return -ENOMEM;
  if ((int)c & PROT_EXEC) return -EPERM;
  if (!(flags & MAP_ANON)) {
    int err = check_file((int)e, flags);
    if (err) return err;
    file = __zvm_file((int)e);
  }
  if (flags & MAP_FIXED) {
    p = PTR(void, a);
    if (!__zvm_pages_are_mapped(p, pages_of(size))) return -ENOMEM;
    memset(p, 0, pages_of(size) * PAGE);
  } else if (!(p = __zvm_pages_map(pages_of(size)))) {
    return -ENOMEM;
  }
  if (file) {
    int64_t err = copy_file(file, p, size, f);
    if (err) {
      __zvm_pages_unmap(p, pages_of(size));
      return err;
    }
  }
  return (uintptr_t)p;
}

SYS(munmap) {
  if (!is_aligned(a) || !(size_t)b) return -EINVAL;
  __zvm_pages_unmap(PTR(void, a), pages_of(b));
  return 0;
}

SYS(mremap) {
  size_t old = pages_of(b), new = pages_of(c);
  void *from = PTR(void, a), *to;
  if (!is_aligned(a) || !(size_t)c || ((int)d & MREMAP_FIXED)) return -EINVAL;
  if (!__zvm_pages_are_mapped(from, old)) return -EFAULT;
  if (new <= old) {
    if (new < old)
      __zvm_pages_unmap(PTR(char, a) + new * PAGE, old - new);
    return (uintptr_t)from;
  }
  if (!((int)d & MREMAP_MAYMOVE)) return -ENOMEM;
  if (!(to = __zvm_pages_map(new))) return -ENOMEM;
  memcpy(to, from, old * PAGE);
  __zvm_pages_unmap(from, old);
  return (uintptr_t)to;
}

/* Rights do not change: data stays writable and never becomes code. */
SYS(mprotect) {
  if (!is_aligned(a)) return -EINVAL;
  return (int)c & PROT_EXEC ? -EACCES : 0;
}

SYS(madvise) {
  if (!is_aligned(a)) return -EINVAL;
  if ((int)c != MADV_DONTNEED) return 0;
  if (!__zvm_pages_are_mapped(PTR(void, a), pages_of(b))) return -ENOMEM;
  memset(PTR(void, a), 0, pages_of(b) * PAGE);
  return 0;
}

/* There is no break: the heap is whole from the start. */
SYS(brk) { return 0; }
