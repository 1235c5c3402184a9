/*
** absent_check.c - what a guest has not: it links, and says so when called.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/* The call fails, and this is why. */
#define FAILS(call, why) \
  (errno = 0, CHECK((long)(call) == -1), CHECK(errno == (why)))
#define NULLS(call, why) \
  (errno = 0, CHECK((call) == NULL), CHECK(errno == (why)))

static void *run(void *arg) { return arg; }

static void no_one_to_wake(void) {
  sem_t sem;
  struct timespec soon = { .tv_nsec = 1 };
  CHECK(sem_init(&sem, 0, 0) == 0);
  FAILS(sem_trywait(&sem), EAGAIN);
  FAILS(sem_timedwait(&sem, &soon), ETIMEDOUT);
}

static void no_system(void) {
  struct pollfd fd = { .fd = 0, .events = POLLIN };
  struct timeval now = { 0 };
  CHECK(poll(&fd, 1, 0) == 1 && fd.revents == POLLIN);
  CHECK(select(0, NULL, NULL, NULL, &now) == 0);
  FAILS(epoll_create1(99), EINVAL);
  FAILS(setuid(0), EPERM);
  CHECK(dlopen("x.so", RTLD_NOW) == NULL);
  CHECK(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANON, -1,
             0) == MAP_FAILED);
  FAILS(sbrk(4096), ENOMEM);
}

static void no_old_files(void) {
  FAILS(chroot("/tmp"), EPERM);
  FAILS(unlink("/dev/stdin"), EBUSY);
  FAILS(open("/etc/passwd", O_RDONLY), ENOENT);
}

static void one_user(void) {
  struct passwd *user = getpwuid(getuid());
  CHECK(user && !strcmp(user->pw_name, "guest") && user->pw_uid == 1000);
  CHECK(user && !strcmp(user->pw_dir, "/home/guest") && !*user->pw_shell);
  CHECK(getpwnam("guest") != NULL);
  CHECK(getpwnam("root") == NULL);
}

/* The code of a cancelled program is 0: tell by another. */
static void cancelled(void) {
  int failed = check_end();
  fflush(stdout);
  _Exit(failed);
}

/* Cancelling oneself ends the only thread, and so the program. */
int main(void) {
  no_one_to_wake();
  no_system();
  no_old_files();
  one_user();
  if (!CHECK(pthread_cancel(pthread_self()) == 0)) return 1;
  atexit(cancelled);
  pthread_testcancel();
  puts("pthread_testcancel returned");
  return 1;
}
