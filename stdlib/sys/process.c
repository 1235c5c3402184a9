/*
** process.c - what a program has, its limits, and what it says of itself.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include "libc.h"
#include "sys.h"

SYS(wait4) { return -ECHILD; }

/* -- What there is ------------------------------------------------------- */

extern weak hidden size_t __zvm_pages_spare(void);

SYS(sysinfo) {
  int64_t elapsed = __zvm_clock_elapsed();
  *PTR(struct sysinfo, a) = (struct sysinfo){
    .uptime = (unsigned long)(elapsed / 1000000000),
    .totalram = MANIFEST->heap_size,
    .freeram = __zvm_pages_spare ? __zvm_pages_spare() : 0,
    .procs = 1,
    .mem_unit = 1,
  };
  return 0;
}

/* -- Limits -------------------------------------------------------------- */

struct limit {
  unsigned long long soft, hard;
};

/* What was set, less than it was; only told, as nothing can be in excess. */
static struct limit set[RLIM_NLIMITS];
static unsigned is_set; /* by bit */

static unsigned long long first_limit(int resource) {
  switch (resource) {
    case RLIMIT_STACK: return MANIFEST->stack_size;
    case RLIMIT_AS:
    case RLIMIT_DATA: return MANIFEST->heap_size;
    case RLIMIT_NOFILE: return FD_MAX;
    case RLIMIT_CORE:
    case RLIMIT_NPROC: return 0;
    default: return ~0ull;
  }
}

static struct limit get_limit(int resource) {
  unsigned long long most = first_limit(resource);
  if (is_set >> resource & 1) return set[resource];
  return (struct limit){ most, most };
}

static int set_limit(int resource, struct limit to) {
  if (to.soft > to.hard) return -EINVAL;
  if (to.hard > get_limit(resource).hard) return -EPERM;
  set[resource] = to;
  is_set |= 1u << resource;
  return 0;
}

SYS(prlimit64) {
  struct limit old;
  int error = 0;
  if ((int)a != 0 && (int)a != 1) return -ESRCH;
  if ((unsigned)b >= RLIM_NLIMITS) return -EINVAL;
  old = get_limit((int)b);
  if (c) error = set_limit((int)b, *PTR(const struct limit, c));
  if (!error && d) *PTR(struct limit, d) = old;
  return error;
}

SYS(getrlimit) {
  unsigned long *out = PTR(unsigned long, b);
  struct limit now;
  if ((unsigned)a >= RLIM_NLIMITS) return -EINVAL;
  now = get_limit((int)a);
  out[0] = now.soft > ~0ul ? ~0ul : (unsigned long)now.soft;
  out[1] = now.hard > ~0ul ? ~0ul : (unsigned long)now.hard;
  return 0;
}

/* -- What it says of itself ---------------------------------------------- */

enum { NAME_SIZE = 16, SLACK_NS = 50000 };

static char name[NAME_SIZE];
static bool is_named;

static const char *name_of(void) {
  if (!is_named) strncpy(name, __progname, NAME_SIZE - 1);
  is_named = true;
  return name;
}

static void set_name(const char *to) {
  is_named = true;
  strncpy(name, to, NAME_SIZE - 1);
}

SYS(prctl) {
  static int death_signal;
  static bool is_undumpable, has_no_new;
  switch ((int)a) {
    case PR_SET_NAME: set_name(PTR(const char, b)); return 0;
    case PR_GET_NAME: memcpy(PTR(char, b), name_of(), NAME_SIZE); return 0;
    case PR_SET_DUMPABLE:
      if ((unsigned)b > 1) return -EINVAL;
      is_undumpable = !b;
      return 0;
    case PR_GET_DUMPABLE: return !is_undumpable;
    case PR_SET_NO_NEW_PRIVS:
      if ((int)b != 1) return -EINVAL;
      has_no_new = true;
      return 0;
    case PR_GET_NO_NEW_PRIVS: return has_no_new;
    case PR_SET_PDEATHSIG:
      if ((unsigned)b >= _NSIG) return -EINVAL;
      death_signal = (int)b;
      return 0;
    case PR_GET_PDEATHSIG: *PTR(int, b) = death_signal; return 0;
    case PR_GET_TIMERSLACK: return SLACK_NS;
    case PR_SET_TIMERSLACK:
    case PR_SET_CHILD_SUBREAPER: return 0;
    default: return -EINVAL;
  }
}

SYS(personality) { return (unsigned)a == ~0u || !a ? 0 : -EINVAL; }
