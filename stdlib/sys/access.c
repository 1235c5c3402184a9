/*
** access.c - what the user may do with a file.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "fs.h"

static int access_at(int dirfd, arg path, arg want, int flags) {
  struct node *n;
  int err;
  if (want & ~7 || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW |
                              AT_EMPTY_PATH)))
    return -EINVAL;
  if ((err = __zvm_node_at(dirfd, PTR(const char, path), flags, &n)))
    return err;
  return __zvm_node_may(n, (int)want) ? 0 : -EACCES;
}

SYS(access) { return access_at(AT_FDCWD, a, b, 0); }
SYS(faccessat) { return access_at((int)a, b, c, 0); }
SYS(faccessat2) { return access_at((int)a, b, c, (int)d); }

/* Real and effective users are one: musl's asks a child process. */
int faccessat(int fd, const char *path, int mode, int flags) {
  return syscall(SYS_faccessat2, fd, path, mode, flags);
}
