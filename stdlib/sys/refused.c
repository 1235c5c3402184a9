/*
** refused.c - calls that change the machine, not the program.
**
** To the user that a program runs as, a kernel would say the same.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <sys/ptrace.h>

#include "sys.h"

#define REFUSED(name, error)                                             \
  SYS(name) { return -(error); }

REFUSED(acct, EPERM)
REFUSED(delete_module, EPERM)
REFUSED(fanotify_init, EPERM)
REFUSED(init_module, EPERM)
REFUSED(ioperm, EPERM)
REFUSED(iopl, EPERM)
REFUSED(mount, EPERM)
REFUSED(pivot_root, EPERM)
REFUSED(quotactl, EPERM)
REFUSED(reboot, EPERM)
REFUSED(setns, EPERM)
REFUSED(swapoff, EPERM)
REFUSED(swapon, EPERM)
REFUSED(syslog, EPERM)
REFUSED(umount2, EPERM)
REFUSED(unshare, EPERM)
REFUSED(vhangup, EPERM)

/* No file has extended attributes. */
REFUSED(setxattr, ENOTSUP)
REFUSED(lsetxattr, ENOTSUP)
REFUSED(fsetxattr, ENOTSUP)
REFUSED(getxattr, ENOTSUP)
REFUSED(lgetxattr, ENOTSUP)
REFUSED(fgetxattr, ENOTSUP)
REFUSED(listxattr, ENOTSUP)
REFUSED(llistxattr, ENOTSUP)
REFUSED(flistxattr, ENOTSUP)
REFUSED(removexattr, ENOTSUP)
REFUSED(lremovexattr, ENOTSUP)
REFUSED(fremovexattr, ENOTSUP)

REFUSED(name_to_handle_at, ENOTSUP)
REFUSED(open_by_handle_at, EPERM)

/* Nobody else is there to be looked at, and who is here does not look. */
SYS(ptrace) { return a == PTRACE_TRACEME ? -EPERM : -ESRCH; }
SYS(process_vm_readv) { return (int)a == 1 ? -EPERM : -ESRCH; }
SYS(process_vm_writev) { return (int)a == 1 ? -EPERM : -ESRCH; }
