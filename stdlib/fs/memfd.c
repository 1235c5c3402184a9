/*
** memfd.c - descriptors of files that have no name.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "new_node.h"

#define NAME_LONGEST 249

int __zvm_open_new(struct node *n, int flags) {
  int fd;
  if (!n) return -ENOMEM;
  fd = __zvm_file_open(n, flags & ~O_CLOEXEC);
  if (fd < 0)
    __zvm_node_release(n);
  else if (flags & O_CLOEXEC)
    __zvm_file_set_cloexec(fd, true);
  return fd;
}

struct node *__zvm_node_owning(const struct kind *kind, mode_t mode,
                               void *own) {
  struct node *n = own ? __zvm_node_new(kind, mode) : NULL;
  if (n)
    n->own = own;
  else
    __zvm_fs_free(own);
  return n;
}

/* The name is for nobody; a file that never had one has no seals. */
SYS(memfd_create) {
  const unsigned known = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  if ((unsigned)b & ~known) return -EINVAL;
  if (strnlen(PTR(const char, a), NAME_LONGEST + 1) > NAME_LONGEST)
    return -EINVAL;
  return __zvm_open_new(
      __zvm_node_new(&__zvm_kind_regular, S_IFREG | 0777),
      O_RDWR | ((unsigned)b & MFD_CLOEXEC ? O_CLOEXEC : 0));
}
