/*
** lock.c - what the zygote and its workers give up.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cell.h"

enum {
  /* Address space beside the guest's: this program, its stack and heap. */
  OWN_SPACE = 16 << 20,
  OWN_STACK = 1 << 20, /* of it; a guest's is memory of its own */
  DESCRIPTORS = 3 * ZVM__CHANNELS_MAX, /* a job comes with fewer */
};


/* As the zygote found them. */
static struct rlimit found[RLIM_NLIMITS];


static bool find_limits(void) {
  for (int i = 0; i < (int)RLIM_NLIMITS; i++)
    if (prlimit(0, (enum __rlimit_resource)i, NULL, &found[i]) != 0)
      return false;
  return true;
}


static rlim_t least(rlim_t a, rlim_t b) {
  return a < b ? a : b;
}


/* Lower a limit, soft and hard; never raise it. */
static bool limit(int what, uint64_t most) {
  struct rlimit *r = &found[what];
  r->rlim_max = least(r->rlim_max, most);
  r->rlim_cur = least(r->rlim_cur, r->rlim_max);
  return prlimit(0, (enum __rlimit_resource)what, r, NULL) == 0;
}


static bool drop_capabilities(void) {
  struct __user_cap_header_struct head = {
      .version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {{0}, {0}};
  return syscall(SYS_capset, &head, none) == 0;
}


const char *zvm__lock_zygote(void) {
  (void)prctl(PR_SET_NAME, "zvm-worker", 0, 0, 0);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return "no_new_privs";
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return "dumpable";
  if (!drop_capabilities())
    return "capabilities";
  if (!find_limits() || !limit(RLIMIT_CORE, 0) || !limit(RLIMIT_MEMLOCK, 0) ||
      !limit(RLIMIT_MSGQUEUE, 0) || !limit(RLIMIT_RTPRIO, 0) ||
      !limit(RLIMIT_SIGPENDING, 64) || !limit(RLIMIT_STACK, OWN_STACK))
    return "resource limits";
  return NULL;
}


bool zvm__lock_worker(pid_t parent, int socket) {
  if (zvm__zygote_call(SYS_dup2, socket, ZVM__CELL_SOCKET, 0, 0) < 0 ||
      zvm__zygote_call(SYS_close_range, 0, 1, 0, 0) != 0 ||
      zvm__zygote_call(SYS_close_range, ZVM__CELL_IMAGE + 1, ~0U, 0, 0) != 0)
    return false;
  if (zvm__zygote_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0) != 0)
    return false;
  /* It may have died before the line above. */
  if (zvm__zygote_call(SYS_getppid, 0, 0, 0, 0) != parent)
    return false;
  if (zvm__zygote_call(SYS_setsid, 0, 0, 0, 0) < 0)
    return false;
  zvm__secret_forget();
  return limit(RLIMIT_NPROC, 0) && limit(RLIMIT_NOFILE, DESCRIPTORS);
}


/* Behind the timers of the run, for one that lost its timers: in seconds. */
static bool limit_cpu(uint64_t ms) {
  return ms == 0 || limit(RLIMIT_CPU, ms / 1000 + 2);
}


bool zvm__lock_job(const zvm__wire_head *head) {
  /* 0 is taken; poll refuses to look at more descriptors than this. */
  return limit_cpu(head->most_ms) && limit(RLIMIT_NOFILE, 1) &&
         limit(RLIMIT_FSIZE, head->file_size) &&
         (head->shared == 0 ||
          limit(RLIMIT_DATA, OWN_SPACE + head->memory)) &&
         limit(RLIMIT_AS, OWN_SPACE + head->memory + head->shared);
}
