/*
** identity.c - user 1000 of group 1000, process 1, alone in its session: who
** that is cannot change.
**
** A call that would make it what it is succeeds; for another it is EPERM, as
** for anyone but root.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <sys/utsname.h>
#include <unistd.h>

#include "sys.h"

enum { SELF = 1, USER = 1000 };

SYS(getpid) { return SELF; }
SYS(getppid) { return 0; }
SYS(getuid) { return USER; }
SYS(geteuid) { return USER; }
SYS(getgid) { return USER; }
SYS(getegid) { return USER; }
SYS(setfsuid) { return USER; }
SYS(setfsgid) { return USER; }

/* -- Users and groups ---------------------------------------------------- */

static int get_ids(arg a, arg b, arg c) {
  *PTR(uid_t, a) = *PTR(uid_t, b) = *PTR(uid_t, c) = USER;
  return 0;
}

/* -1 leaves an id as it is. */
static bool is_own(arg id) { return (int)id == USER || (int)id == -1; }

static int set_ids(arg a, arg b, arg c) {
  return is_own(a) && is_own(b) && is_own(c) ? 0 : -EPERM;
}

static int set_id(arg id) {
  return (int)id == USER ? 0 : (int)id == -1 ? -EINVAL : -EPERM;
}

SYS(getresuid) { return get_ids(a, b, c); }
SYS(getresgid) { return get_ids(a, b, c); }
SYS(setuid) { return set_id(a); }
SYS(setgid) { return set_id(a); }
SYS(setreuid) { return set_ids(a, b, USER); }
SYS(setregid) { return set_ids(a, b, USER); }
SYS(setresuid) { return set_ids(a, b, c); }
SYS(setresgid) { return set_ids(a, b, c); }
SYS(setgroups) { return -EPERM; }

SYS(getgroups) {
  if ((int)a < 0) return -EINVAL;
  if ((int)a > 0) *PTR(gid_t, b) = USER;
  return 1;
}

/* -- Process groups and sessions ----------------------------------------- */

static bool is_self(arg pid) { return (int)pid == 0 || (int)pid == SELF; }

SYS(getpgid) { return is_self(a) ? SELF : -ESRCH; }
SYS(getsid) { return is_self(a) ? SELF : -ESRCH; }
SYS(setsid) { return -EPERM; } /* the leader of one is what it is */

SYS(setpgid) {
  if ((int)b < 0) return -EINVAL;
  return is_self(a) ? -EPERM : -ESRCH;
}

/* -- The machine --------------------------------------------------------- */

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

SYS(sethostname) { return -EPERM; }
SYS(setdomainname) { return -EPERM; }
