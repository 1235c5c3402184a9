/*
** seek.c - lseek: musl's has no room for a result of 64 bits.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <unistd.h>

#include "sys.h"

off_t __lseek(int fd, off_t offset, int whence) {
  long long pos = __zvm_sys_lseek(fd, offset, whence, 0, 0, 0);
  if (pos >= 0) return pos;
  errno = (int)-pos;
  return -1;
}

weak_alias(__lseek, lseek);
weak_alias(__lseek, lseek64);
