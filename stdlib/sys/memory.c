/*
** memory.c - mmap, munmap, mremap: pages of the heap, and files in it.
**
** A private mapping has pages of its own, filled at once. A shared mapping
** of a file is the pages of the file. What was made from a file is in a
** list, newest first; anonymous pages are not. Two shared mappings of one
** part of a file lie at one address: each munmap takes the newest away.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fs.h"
#include "mapping.h"

#define DEVICE_ZERO 0x105
#define MAP_ANYWHERE_FIXED (MAP_FIXED | MAP_FIXED_NOREPLACE)

static struct mapping *mappings;

/* -- The list ------------------------------------------------------------ */

struct mapping *__zvm_mapping_find(uint32_t start, uint32_t end) {
  for (struct mapping *m = mappings; m; m = m->next)
    if (start < m->end && m->start < end) return m;
  return NULL;
}

/* One that starts a number of its own: takes a ref of the node. */
static void add(struct mapping *m) {
  static uint32_t last;
  m->number = ++last;
  m->node->refs++;
  m->next = mappings;
  mappings = m;
}

/* Nothing else of its number is in the list. */
static bool is_alone(const struct mapping *m) {
  for (struct mapping *at = mappings; at; at = at->next)
    if (at != m && at->number == m->number) return false;
  return true;
}

/* Take it from the list; the last of its number lets the file go. */
static void drop(struct mapping *m) {
  struct mapping **link = &mappings;
  while (*link != m) link = &(*link)->next;
  *link = m->next;
  if (is_alone(m)) {
    if (m->shared) __zvm_contents_unmap(m->node);
    m->node->refs--;
    __zvm_node_release(m->node);
  }
  free(m);
}

/* Take [start, end), which lies inside m, out of it. */
static int cut(struct mapping *m, uint32_t start, uint32_t end) {
  uint32_t past = end - m->start;
  if (start > m->start && end < m->end) {
    struct mapping *rest = malloc(sizeof(*rest));
    if (!rest) return -ENOMEM;
    *rest = *m;
    rest->start = end;
    rest->off += past;
    m->next = rest;
    m->end = start;
  } else if (start > m->start) {
    m->end = start;
  } else if (end < m->end) {
    m->start = end;
    m->off += past;
  } else {
    drop(m);
  }
  return 0;
}

/* Unmap a range: each page from the newest mapping that has it. */
static int unmap(uint32_t start, uint32_t end) {
  struct mapping *m = __zvm_mapping_find(start, end);
  uint32_t low = start, high = end;
  if (m) {
    bool shared = m->shared;
    int err;
    if (m->start > low) low = m->start;
    if (m->end < high) high = m->end;
    if ((err = cut(m, low, high))) return err;
    if (start < low && (err = unmap(start, low))) return err;
    if (high < end && (err = unmap(high, end))) return err;
    if (shared) return 0;
  }
  __zvm_pages_unmap(PTR(void, low), pages_of(high - low));
  return 0;
}

/* What lies past the end of the file stays zero. */
int __zvm_mapping_fill(struct node *n, void *to, size_t size, int64_t off) {
  char *at = to;
  while (size) {
    int64_t got = n->kind == &__zvm_kind_channel
                      ? __zvm_get(n->channel, at, size, off)
                      : __zvm_contents_read(n, at, size, off);
    if (got < 0) return (int)got;
    if (!got) break;
    at += got;
    off += got;
    size -= (size_t)got;
  }
  return 0;
}

/* -- mmap ---------------------------------------------------------------- */

/*
** Zeroed pages where the flags say, or a negated errno. A hint is taken
** where all of it is free. Only pages that mmap gave can be replaced.
*/
static int64_t place(uint32_t hint, size_t size, int flags) {
  size_t count = pages_of(size);
  void *p;
  if (flags & MAP_FIXED_NOREPLACE) {
    if (__zvm_pages_map_at(PTR(void, hint), count)) return hint;
    return __zvm_pages_are_replaceable(PTR(void, hint), count) ? -EEXIST
                                                               : -ENOMEM;
  }
  if (flags & MAP_FIXED) {
    int err;
    if (!__zvm_pages_are_replaceable(PTR(void, hint), count)) return -ENOMEM;
    if ((err = unmap(hint, hint + count * PAGE))) return err;
    __zvm_pages_map_at(PTR(void, hint), count);
    return hint;
  }
  if (hint && __zvm_pages_map_at(PTR(void, hint), count)) return hint;
  p = __zvm_pages_map(count);
  return p ? (int64_t)(uintptr_t)p : -ENOMEM;
}

static int64_t map_private(struct node *n, uint32_t hint, size_t size,
                           int flags, int64_t off) {
  struct mapping *m = malloc(sizeof(*m));
  int64_t at;
  int err;
  if (!m) return -ENOMEM;
  if ((at = place(hint, size, flags)) < 0) {
    free(m);
    return at;
  }
  if ((err = __zvm_mapping_fill(n, PTR(void, at), size, off))) {
    __zvm_pages_unmap(PTR(void, at), pages_of(size));
    free(m);
    return err;
  }
  *m = (struct mapping){ .start = (uint32_t)at, .node = n, .off = off };
  m->end = m->start + pages_of(size) * PAGE;
  add(m);
  return at;
}

/* The file's own pages lie where they lie: no other place can be had. */
static int64_t map_shared(struct node *n, uint32_t hint, size_t size,
                          int flags, int64_t off, bool write) {
  struct mapping *m = malloc(sizeof(*m));
  void *p;
  if (!m) return -ENOMEM;
  p = __zvm_contents_map(n, off, pages_of(size) * PAGE);
  if (!p || ((flags & MAP_ANYWHERE_FIXED) && p != PTR(void, hint))) {
    if (p) __zvm_contents_unmap(n);
    free(m);
    return p ? -ENOTSUP : -ENOMEM;
  }
  *m = (struct mapping){ .start = (uint32_t)(uintptr_t)p,
                         .shared = true, .write = write,
                         .node = n, .off = off };
  m->end = m->start + pages_of(size) * PAGE;
  add(m);
  return m->start;
}

/* 0, or why the file cannot be mapped so; Linux' order. */
static int refuse_file(const struct file *f, int right, int flags) {
  int mode = f->flags & O_ACCMODE;
  struct node *n = f->node;
  bool write = (right & PROT_WRITE) && (flags & MAP_TYPE) != MAP_PRIVATE;
  if (f->flags & O_PATH) return -EBADF;
  if (mode == O_WRONLY || (write && mode != O_RDWR)) return -EACCES;
  if (n->kind == &__zvm_kind_regular || n->device == DEVICE_ZERO) return 0;
  if (n->kind != &__zvm_kind_channel || !__zvm_is_random(n->channel))
    return -ENODEV;
  /* Pages cannot be a channel: what is written would be lost. */
  return write ? -ENODEV : 0;
}

static int refuse(arg at, arg size, int flags) {
  int type = flags & MAP_TYPE;
  if (type != MAP_PRIVATE && type != MAP_SHARED &&
      type != MAP_SHARED_VALIDATE)
    return -EINVAL;
  if (!size) return -EINVAL;
  if ((flags & MAP_ANYWHERE_FIXED) && !is_aligned(at)) return -EINVAL;
  if (!is_range(0, size)) return -ENOMEM;
  if ((flags & MAP_ANYWHERE_FIXED) && !is_range(at, size)) return -ENOMEM;
  return type == MAP_SHARED_VALIDATE && (flags & MAP_SYNC) ? -EOPNOTSUPP : 0;
}

SYS(mmap) {
  int right = (int)c, flags = (int)d, err;
  uint32_t hint = (uint32_t)a & -PAGE;
  struct file *file = NULL;
  size_t size = (size_t)b;
  int64_t most;
  if (!is_aligned(f)) return -EINVAL;
  if (!(flags & MAP_ANON) && !(file = __zvm_file((int)e))) return -EBADF;
  if ((err = refuse(a, b, flags))) return err;
  if (right & PROT_EXEC) return -EPERM;
  if (!file) return place(hint, size, flags);
  if ((err = refuse_file(file, right, flags))) return err;
  if (f < 0 || __builtin_add_overflow(f, (int64_t)size, &most))
    return -EOVERFLOW;
  if (file->node->device == DEVICE_ZERO) return place(hint, size, flags);
  if ((flags & MAP_TYPE) != MAP_PRIVATE &&
      file->node->kind == &__zvm_kind_regular)
    return map_shared(file->node, hint, size, flags, f, right & PROT_WRITE);
  return map_private(file->node, hint, size, flags, f);
}

SYS(munmap) {
  arg size = pages_of(b) * (arg)PAGE;
  if (!is_aligned(a) || !b || !is_range(a, b)) return -EINVAL;
  return unmap((uint32_t)a, (uint32_t)(a + size));
}

/* -- mremap -------------------------------------------------------------- */

/* More pages right behind; those of a file are filled. */
static int grow(struct mapping *m, uint32_t end, size_t more) {
  int err = 0;
  if (!__zvm_pages_map_at(PTR(void, end), pages_of(more))) return -ENOMEM;
  if (m && !(err = __zvm_mapping_fill(m->node, PTR(void, end), more,
                                      m->off + (end - m->start))))
    m->end += more;
  if (err) __zvm_pages_unmap(PTR(void, end), pages_of(more));
  return err;
}

/*
** More pages of a file: where they lie, else all of them elsewhere, when
** nobody else has mapped them. While the mapping is let go for that, the
** file keeps the pages before its end, so that it can be had again.
*/
static int64_t grow_shared(struct mapping *m, uint32_t end, uint32_t size,
                           int flags) {
  struct node *n = m->node;
  uint32_t old = m->end - m->start;
  void *p;
  if (flags & MREMAP_FIXED) return -ENOTSUP;
  if (end != m->end || !is_alone(m)) return -ENOMEM;
  if ((p = __zvm_contents_map(n, m->off, size))) {
    __zvm_contents_unmap(n); /* it is the mapping that was there */
  } else {
    if (!(flags & MREMAP_MAYMOVE) || m->off + old >= n->size + PAGE)
      return -ENOMEM;
    __zvm_contents_unmap(n);
    if (!(p = __zvm_contents_map(n, m->off, size))) {
      __zvm_contents_map(n, m->off, old);
      return -ENOMEM;
    }
  }
  m->start = (uint32_t)(uintptr_t)p;
  m->end = m->start + size;
  return m->start;
}

/* Pages of its own at another place, with what was there. */
static int64_t move(struct mapping *m, uint32_t from, uint32_t old,
                    uint32_t size, int flags, uint32_t at) {
  struct mapping was = { .start = from, .end = from + old }, *made = NULL;
  uint32_t kept = old < size ? old : size;
  int err = 0;
  int64_t to;
  if (m && !(made = malloc(sizeof(*made)))) return -ENOMEM;
  to = place(at, size, flags & MREMAP_FIXED ? MAP_FIXED : 0);
  if (to < 0) {
    free(made);
    return to;
  }
  memcpy(PTR(void, to), PTR(void, from), kept);
  if (m) {
    was = *m;
    was.off += from - m->start;
    was.start = (uint32_t)to;
    was.end = (uint32_t)to + size;
    if (size > kept)
      err = __zvm_mapping_fill(m->node, PTR(char, to) + kept, size - kept,
                               was.off + kept);
    if (err) {
      __zvm_pages_unmap(PTR(void, to), pages_of(size));
      free(made);
      return err;
    }
    *made = was;
    add(made);
  }
  if (flags & MREMAP_DONTUNMAP)
    memset(PTR(void, from), 0, old);
  else
    unmap(from, from + old);
  return to;
}

static int refuse_remap(arg from, arg old, arg size, int flags, arg to) {
  const int known = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
  if ((flags & ~known) || !is_aligned(from) || !size || !old) return -EINVAL;
  if ((flags & ~MREMAP_MAYMOVE) && !(flags & MREMAP_MAYMOVE)) return -EINVAL;
  if ((flags & MREMAP_DONTUNMAP) && pages_of(old) != pages_of(size))
    return -EINVAL;
  if (!is_range(from, old)) return -EFAULT;
  if (!is_range(0, size)) return -ENOMEM;
  if (!(flags & MREMAP_FIXED)) return 0;
  if (!is_aligned(to) || !is_range(to, size)) return -EINVAL;
  return to < from + old && from < to + size ? -EINVAL : 0;
}

SYS(mremap) {
  uint32_t from = (uint32_t)a, old, size;
  struct mapping *m;
  int flags = (int)d, err = refuse_remap(a, b, c, flags, e);
  if (err) return err;
  old = pages_of(b) * PAGE;
  size = pages_of(c) * PAGE;
  m = __zvm_mapping_find(from, from + old);
  if (m && (from < m->start || from + old > m->end)) return -EFAULT;
  if (!(m && m->shared) &&
      !__zvm_pages_are_mapped(PTR(void, from), pages_of(old)))
    return -EFAULT;
  if (m && (flags & MREMAP_DONTUNMAP)) return -EINVAL;
  if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && size <= old) {
    err = size < old ? unmap(from + size, from + old) : 0;
    return err ? err : (int64_t)from;
  }
  if (m && m->shared)
    return from == m->start ? grow_shared(m, from + old, size, flags)
                            : -ENOMEM;
  if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
      (!m || m->end == from + old)) {
    err = grow(m, from + old, size - old);
    if (err != -ENOMEM) return err ? err : (int64_t)from;
  }
  if (!(flags & MREMAP_MAYMOVE)) return -ENOMEM;
  return move(m, from, old, size, flags, (uint32_t)e);
}
