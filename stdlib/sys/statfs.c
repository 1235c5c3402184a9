/*
** statfs.c - how much there is room for.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/statfs.h>

#include "fs.h"

#define TMPFS 0x01021994
#define BLOCK 4096
#define NODES_OF_A_BLOCK 16 /* about: a node and its name */

static int fill(struct statfs *out) {
  size_t spare = __zvm_pages_spare(), reserve = MANIFEST->heap_size / 64;
  if (reserve < 0x10000) reserve = 0x10000;
  memset(out, 0, sizeof(*out));
  out->f_type = TMPFS;
  out->f_bsize = out->f_frsize = BLOCK;
  out->f_blocks = MANIFEST->heap_size / BLOCK;
  out->f_bfree = out->f_bavail =
      (spare > reserve ? spare - reserve : 0) / BLOCK;
  out->f_files = out->f_blocks * NODES_OF_A_BLOCK;
  out->f_ffree = out->f_bfree * NODES_OF_A_BLOCK;
  out->f_namelen = 255;
  return 0;
}

SYS(statfs) {
  struct node *n;
  int err = __zvm_node_at(AT_FDCWD, PTR(const char, a), 0, &n);
  return err ? err : fill(PTR(struct statfs, b));
}

SYS(fstatfs) {
  return __zvm_file((int)a) ? fill(PTR(struct statfs, b)) : -EBADF;
}
