/*
** exit.c - the end of a program: what is to be exported is, then it is over.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "sys.h"

/* In programs that may have files; 0, or it has said what went wrong. */
extern weak hidden int __zvm_export(void);

enum { BLOCK = 512, CANNOT_EXPORT = 125 };

/* Of a program without files: an archive of nothing, to each channel. */
static int export_nothing(void) {
  LARGE static char end[2 * BLOCK]; /* zeros; written to by nobody */
  for (uint32_t i = 0; i < __zvm_mounts_count; i++) {
    uint32_t k = 0, channel = __zvm_mounts[i].channel;
    if (__zvm_mounts[i].kind != ZVM_MOUNT_EXPORT) continue;
    while (__zvm_mounts[k].kind != ZVM_MOUNT_EXPORT ||
           __zvm_mounts[k].channel != channel)
      k++;
    if (k == i && zvm_pwrite(channel, end, sizeof end, 0) != sizeof end)
      return -EIO;
  }
  return 0;
}

static _Noreturn void leave(int code) {
  if (__zvm_mounts_count && (__zvm_export ? __zvm_export() : export_nothing()))
    code = CANNOT_EXPORT;
  zvm_exit(code);
}

SYS(exit) { leave((int)a); }
SYS(exit_group) { leave((int)a); }
