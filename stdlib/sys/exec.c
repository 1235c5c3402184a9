/*
** exec.c - there is one process, and it stays what it is.
**
** fork fails as where no more processes may be had: RLIMIT_NPROC is 0. exec
** says what a kernel would about the file, and of one that could be executed
** that its format is not one of those it knows.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kstat.h"
#include "sys.h"

SYS(fork) { return -EAGAIN; }
SYS(vfork) { return -EAGAIN; }
SYS(clone) { return -EAGAIN; }
SYS(waitid) { return -ECHILD; }

/* What there is to say about a file that somebody wants to run. */
static int refuse(arg dir, arg path, int flags) {
  struct kstat st;
  int result = (int)__zvm_sys_newfstatat(dir, path, (arg)(uintptr_t)&st,
                                         flags, 0, 0);
  if (result < 0) return result;
  if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111)) return -EACCES;
  return -ENOEXEC;
}

SYS(execve) { return refuse(AT_FDCWD, a, 0); }

SYS(execveat) {
  int known = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
  if (e & ~(arg)known) return -EINVAL;
  return refuse(a, b, (int)e);
}
