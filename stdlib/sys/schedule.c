/*
** schedule.c - priorities and processors of the one process: what it sets it
** gets told, and nothing else comes of it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "libc.h"
#include "sys.h"

enum { SELF = 1, USER = 1000, SLICE_NS = 100000000 };

static int niceness; /* 0 to 19 */
static int policy;   /* SCHED_OTHER, BATCH or IDLE */

/* Any other number may be that of a thread. */
static bool is_here(arg pid) {
  return (int)pid == 0 || (int)pid == SELF ||
         ((int)pid > 0 && libc.threads_minus_1);
}

/* -- Niceness ------------------------------------------------------------ */

static int find(arg which, arg who) {
  switch ((int)which) {
    case PRIO_PROCESS: return is_here(who) ? 0 : -ESRCH;
    case PRIO_PGRP: return (int)who == 0 || (int)who == SELF ? 0 : -ESRCH;
    case PRIO_USER: return (int)who == 0 || (int)who == USER ? 0 : -ESRCH;
    default: return -EINVAL;
  }
}

SYS(getpriority) {
  int error = find(a, b);
  return error ? error : 20 - niceness;
}

SYS(setpriority) {
  int error = find(a, b), value = (int)c;
  if (error) return error;
  if (value > 19) value = 19;
  if (value < niceness) return -EACCES;
  niceness = value;
  return 0;
}

/* -- Policies ------------------------------------------------------------ */

static bool is_real_time(int which) {
  return which == SCHED_FIFO || which == SCHED_RR;
}

static bool is_policy(int which) {
  return is_real_time(which) || which == SCHED_OTHER ||
         which == SCHED_BATCH || which == SCHED_IDLE;
}

static int set_policy(int which, int priority) {
  which &= ~SCHED_RESET_ON_FORK;
  if (!is_policy(which)) return -EINVAL;
  if (is_real_time(which))
    return priority >= 1 && priority <= 99 ? -EPERM : -EINVAL;
  if (priority) return -EINVAL;
  policy = which;
  return 0;
}

SYS(sched_getscheduler) {
  if ((int)a < 0) return -EINVAL;
  return is_here(a) ? policy : -ESRCH;
}

SYS(sched_setscheduler) {
  if ((int)a < 0 || !c) return -EINVAL;
  if (!is_here(a)) return -ESRCH;
  return set_policy((int)b, PTR(const struct sched_param, c)->sched_priority);
}

SYS(sched_getparam) {
  if ((int)a < 0 || !b) return -EINVAL;
  if (!is_here(a)) return -ESRCH;
  PTR(struct sched_param, b)->sched_priority = 0;
  return 0;
}

SYS(sched_setparam) {
  if ((int)a < 0 || !b) return -EINVAL;
  if (!is_here(a)) return -ESRCH;
  return PTR(const struct sched_param, b)->sched_priority ? -EINVAL : 0;
}

SYS(sched_get_priority_max) {
  return is_real_time((int)a) ? 99 : is_policy((int)a) ? 0 : -EINVAL;
}

SYS(sched_get_priority_min) {
  return is_real_time((int)a) ? 1 : is_policy((int)a) ? 0 : -EINVAL;
}

SYS(sched_rr_get_interval) {
  if ((int)a < 0) return -EINVAL;
  if (!is_here(a)) return -ESRCH;
  *PTR(struct timespec, b) = (struct timespec){ .tv_nsec = SLICE_NS };
  return 0;
}

/* musl's own of these refuse. */
int sched_getscheduler(pid_t pid) {
  return syscall(SYS_sched_getscheduler, pid);
}

int sched_setscheduler(pid_t pid, int which,
                       const struct sched_param *param) {
  return syscall(SYS_sched_setscheduler, pid, which, param);
}

int sched_getparam(pid_t pid, struct sched_param *param) {
  return syscall(SYS_sched_getparam, pid, param);
}

int sched_setparam(pid_t pid, const struct sched_param *param) {
  return syscall(SYS_sched_setparam, pid, param);
}

/* -- Processors ---------------------------------------------------------- */

SYS(sched_getaffinity) {
  unsigned char *set = PTR(unsigned char, c);
  if ((size_t)b < 4) return -EINVAL;
  if (!is_here(a)) return -ESRCH;
  memset(set, 0, 4);
  set[0] = 1;
  return 4;
}

SYS(sched_setaffinity) {
  if (!is_here(a)) return -ESRCH;
  return (size_t)b && *PTR(const unsigned char, c) & 1 ? 0 : -EINVAL;
}

SYS(getcpu) {
  if (a) *PTR(unsigned, a) = 0;
  if (b) *PTR(unsigned, b) = 0;
  return 0;
}
