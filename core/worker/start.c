/*
** start.c - start the zygote of this process.
**
**   host --clone--> launcher --clone--> zygote, by exec of a memory file
**
** The launcher makes the namespaces and is gone before the host goes on. It
** is there so that the zygote is not the host's child: an exec gives a child
** the signal SIGCHLD back, and a host's own wait must not find children that
** it never made. Both clones share the host's memory until exec, as vfork
** does: nothing of the host is copied, whatever its size. So the code from
** `launch` to exec may only make system calls.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/action.h"
#include "pool.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

enum {
  STACK = 64 * 1024,
  HELLO_MS = 10000,
  ABOVE = 10, /* of the descriptors that the zygote will have */
};

typedef struct launch {
  int image;
  int socket; /* the zygote's end */
  int host;   /* pidfd, or -1 */
  char owner[16]; /* this process's id, for who looks at a list of them */
  char *stack_top;
  uint32_t barriers; /* written by the launcher */
  int os;            /* of what failed, by either */
} launch;


/* -- Without memory of our own ------------------------------------------- */

static void default_signals(void) {
  struct sigaction plain = {.sa_handler = SIG_DFL};
  for (int sig = 1; sig < NSIG; sig++)
    (void)sigaction(sig, &plain, NULL);
}


/* Where a path leads for a worker: into an empty, read-only file system. */
static bool empty_root(void) {
  return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount("zvm", "/proc", "tmpfs",
               MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
               "size=4k,mode=555") == 0 &&
         chroot("/proc") == 0 && chdir("/") == 0;
}


/*
** Each by itself: what one kernel or container refuses, others allow. The
** user namespace comes first, as it permits the others.
*/
static uint32_t make_namespaces(void) {
  static const struct {
    int flag;
    uint32_t barrier;
  } all[] = {
      {CLONE_NEWUSER, ZVM_BARRIER_USER}, {CLONE_NEWNS, ZVM_BARRIER_MOUNT},
      {CLONE_NEWNET, ZVM_BARRIER_NETWORK}, {CLONE_NEWPID, ZVM_BARRIER_PID},
      {CLONE_NEWIPC, ZVM_BARRIER_IPC},
  };
  uint32_t made = 0;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    if (unshare(all[i].flag) == 0)
      made |= all[i].barrier;
  if ((made & ZVM_BARRIER_MOUNT) != 0 && empty_root())
    made |= ZVM_BARRIER_ROOT;
  return made;
}


/* Exec the image with the socket as 2, the pidfd as 1, and nothing else. */
static int become_zygote(void *arg) {
  launch *l = arg;
  static char name[] = "zvm-worker";
  char *argv[] = {name, l->owner, NULL};
  /* The C library's note of its processor is a page that each fork copies. */
  static char tunables[] = "GLIBC_TUNABLES=glibc.pthread.rseq=0";
  char *envp[] = {tunables, NULL};
  int image = fcntl(l->image, F_DUPFD_CLOEXEC, ABOVE);
  int socket = fcntl(l->socket, F_DUPFD_CLOEXEC, ABOVE);
  int host = fcntl(l->host, F_DUPFD_CLOEXEC, ABOVE);
  (void)setsid();
  if (image >= 0 && dup2(socket, 2) == 2 && close_range(0, 1, 0) == 0 &&
      close_range(3, ABOVE - 1, 0) == 0 &&
      (host < 0 || dup2(host, 1) == 1))
    (void)syscall(SYS_execveat, image, "", argv, envp, AT_EMPTY_PATH);
  l->os = errno;
  _exit(1);
}


static int launch_zygote(void *arg) {
  launch *l = arg;
  default_signals();
  l->barriers = make_namespaces();
  pid_t pid = clone(become_zygote, l->stack_top - STACK,
                    CLONE_VM | CLONE_VFORK | SIGCHLD, l);
  if (pid < 0)
    l->os = errno;
  _exit(0);
}


/* -- In the host --------------------------------------------------------- */

static int make_image(void) {
  unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  size_t left = (uintptr_t)zvm__cell_image_end - (uintptr_t)zvm__cell_image;
  if (!zvm__fd_may_reach(left))
    return -1;
  int fd = memfd_create("zvm-worker", flags | MFD_EXEC);
  if (fd < 0 && errno == EINVAL)
    fd = memfd_create("zvm-worker", flags);
  if (fd < 0)
    return -1;
  const uint8_t *at = zvm__cell_image;
  while (left > 0) {
    ssize_t n = write(fd, at, left);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      (void)close(fd);
      return -1;
    }
    at += n;
    left -= (size_t)n;
  }
  return fd;
}


/* With signals blocked: no handler runs in what shares our memory. 0, errno. */
static int run_launcher(launch *l) {
  char *stacks = mmap(NULL, 2 * STACK, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stacks == MAP_FAILED)
    return errno;
  l->stack_top = stacks + 2 * STACK;
  uint64_t mask = zvm__mask_swap(~(uint64_t)0);
  /* No exit signal: no SIGCHLD, and only __WCLONE waits for it. */
  pid_t pid = clone(launch_zygote, l->stack_top, CLONE_VM | CLONE_VFORK, l);
  int os = pid < 0 ? errno : 0;
  if (pid > 0)
    while (waitpid(pid, NULL, (int)__WCLONE) < 0 && errno == EINTR)
      ;
  (void)zvm__mask_swap(mask);
  (void)munmap(stacks, 2 * STACK);
  return os != 0 ? os : l->os;
}


static zvm_status hear_hello(int socket, zvm_error *err) {
  zvm__wire_hello hello;
  struct pollfd p = {.fd = socket, .events = POLLIN};
  int n;
  while ((n = poll(&p, 1, HELLO_MS)) < 0 && errno == EINTR)
    ;
  if (n == 0)
    return zvm__fail(err, ZVM_E_SYSTEM,
                     "the worker program does not answer");
  if (recv(socket, &hello, sizeof hello, MSG_DONTWAIT) !=
          (ssize_t)sizeof hello ||
      hello.magic != ZVM__WIRE_HELLO)
    return zvm__fail(err, ZVM_E_SYSTEM,
                     "the worker program does not start; is there a limit "
                     "on address space (ulimit -v) or on executing memory "
                     "files (vm.memfd_noexec)? Isolation \"inline\" needs "
                     "no workers, and has one wall");
  if (hello.status != ZVM_OK)
    return zvm__fail(err, ZVM_E_SYSTEM, "workers: %.200s", hello.text);
  return ZVM_OK;
}


/* Ours, and the zygote's. 0 or an errno. */
static int make_ends(int ends[2]) {
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return errno;
  ends[0] = zvm__fd_above(ends[0]);
  if (ends[0] >= 0)
    return 0;
  int os = errno;
  (void)close(ends[1]);
  return os;
}


zvm_status zvm__zygote_start(zvm__zygote *z, zvm_error *err) {
  enum { ALWAYS = ZVM_BARRIER_FILTER | ZVM_BARRIER_PRIVILEGES |
                  ZVM_BARRIER_LIMITS };
  int ends[2];
  launch l = {.image = make_image()};
  if (l.image < 0)
    return zvm__fail_os(err, ZVM_E_SYSTEM, errno, "no worker program");
  int os = make_ends(ends);
  if (os != 0) {
    (void)close(l.image);
    return zvm__fail_os(err, ZVM_E_SYSTEM, os, "no socket for workers");
  }
  (void)snprintf(l.owner, sizeof l.owner, "%d", (int)getpid());
  l.socket = ends[1];
  l.host = (int)syscall(SYS_pidfd_open, getpid(), 0);
  os = run_launcher(&l);
  (void)close(l.image);
  (void)close(ends[1]);
  if (l.host >= 0)
    (void)close(l.host);
  zvm_status st = os != 0 ? zvm__fail_os(err, ZVM_E_SYSTEM, os,
                                         "cannot start the worker program")
                          : hear_hello(ends[0], err);
  if (st != ZVM_OK) {
    (void)close(ends[0]);
    return st;
  }
  *z = (zvm__zygote){ends[0], ALWAYS | l.barriers,
                     zvm__fd_identity(ends[0])};
  return ZVM_OK;
}
