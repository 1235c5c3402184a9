/*
** process.c - exit, and who this is: always the same one.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "sys.h"

SYS(exit) { zvm_exit((int)a); }
SYS(exit_group) { zvm_exit((int)a); }

SYS(getpid) { return 1; }
SYS(gettid) { return 1; }
SYS(getppid) { return 0; }
SYS(getpgid) { return 1; }
SYS(getsid) { return 1; }
SYS(getuid) { return 1000; }
SYS(geteuid) { return 1000; }
SYS(getgid) { return 1000; }
SYS(getegid) { return 1000; }
SYS(wait4) { return -ECHILD; }
SYS(set_tid_address) { return 1; }
SYS(sched_yield) { return 0; }

SYS(sched_getaffinity) {
  unsigned char *set = PTR(unsigned char, c);
  if ((size_t)b < 4) return -EINVAL;
  memset(set, 0, 4);
  set[0] = 1;
  return 4;
}

SYS(uname) {
  *PTR(struct utsname, a) = (struct utsname){
    .sysname = "zvm",
    .nodename = "zvm",
    .release = "1",
    .version = "1",
    .machine = "x86_64",
  };
  return 0;
}

SYS(sysinfo) {
  *PTR(struct sysinfo, a) = (struct sysinfo){
    .totalram = MANIFEST->heap_size,
    .procs = 1,
    .mem_unit = 1,
  };
  return 0;
}

SYS(getrusage) {
  memset(PTR(struct rusage, b), 0, sizeof(struct rusage));
  return 0;
}

static int limit(int resource, unsigned long long *out) {
  unsigned long long value = ~0ull;
  switch (resource) {
    case RLIMIT_STACK: value = MANIFEST->stack_size; break;
    case RLIMIT_AS:
    case RLIMIT_DATA: value = MANIFEST->heap_size; break;
    case RLIMIT_NOFILE: value = FD_MAX; break;
    case RLIMIT_CORE:
    case RLIMIT_NPROC: value = 0; break;
    default: break;
  }
  out[0] = out[1] = value;
  return 0;
}

SYS(prlimit64) {
  if (c) return -EPERM;
  return d ? limit((int)b, PTR(unsigned long long, d)) : 0;
}

SYS(getrlimit) {
  unsigned long long both[2];
  unsigned long *out = PTR(unsigned long, b);
  limit((int)a, both);
  out[0] = out[1] = both[0] > ~0ul ? ~0ul : (unsigned long)both[0];
  return 0;
}
