/*
** posix_check.c - what cannot be had here fails as docs/posix.md says.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netdb.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/io.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <wordexp.h>

#include "check.h"

/* The call fails, and this is why. */
#define FAILS(call, why) \
  (errno = 0, CHECK((long)(call) == -1), CHECK(errno == (why)))

static int run(void *arg) { return arg != NULL; }

static void no_processes(void) {
  char *argv[] = { "sh", NULL };
  siginfo_t info;
  pid_t pid;
  int master;
  FAILS(fork(), EAGAIN);
  FAILS(_Fork(), EAGAIN);
  FAILS(vfork(), EAGAIN);
  FAILS(daemon(1, 1), EAGAIN);
  FAILS(daemon(0, 0), EAGAIN); /* and what follows is said on stdout */
  FAILS(clone(run, &info, 0, NULL), EAGAIN);
  CHECK(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == EAGAIN);
  CHECK(posix_spawnp(&pid, "sh", NULL, NULL, argv, environ) == EAGAIN);
  FAILS(system("ls"), EAGAIN);
  CHECK(system(NULL) == 0);
  FAILS(wait(NULL), ECHILD);
  FAILS(waitpid(2, NULL, WNOHANG), ECHILD);
  FAILS(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
  FAILS(kill(2, SIGTERM), ESRCH);
  CHECK(popen("ls", "r") == NULL);
  CHECK(getpid() == 1 && getppid() == 0);
}

static void no_exec(void) {
  char *argv[] = { "x", NULL };
  FAILS(execv("/nothing/x", argv), ENOENT);
  FAILS(execve("", argv, environ), ENOENT);
  FAILS(execvp("nothing-of-that-name", argv), ENOENT);
  FAILS(execv("/", argv), EACCES);
  FAILS(execl("/dev/stdin", "x", NULL), EACCES);
  FAILS(fexecve(77, argv, environ), EBADF);
  FAILS(fexecve(0, argv, environ), EACCES);
}

static void no_sockets(void) {
  struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
  struct sockaddr *addr = (struct sockaddr *)&to;
  socklen_t size = sizeof(to);
  struct msghdr message = { 0 };
  struct addrinfo *found, number = { .ai_flags = AI_NUMERICHOST };
  int pair[2], value = 0;
  char byte = 0;
  FAILS(socket(AF_INET, SOCK_STREAM, 0), EAFNOSUPPORT);
  FAILS(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), EAFNOSUPPORT);
  FAILS(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), EAFNOSUPPORT);
  for (int fd = 0; fd < 100; fd += 99) {
    int why = fd == 0 ? ENOTSOCK : EBADF;
    FAILS(bind(fd, addr, size), why);
    FAILS(listen(fd, 1), why);
    FAILS(accept(fd, NULL, NULL), why);
    FAILS(accept4(fd, NULL, NULL, SOCK_CLOEXEC), why);
    FAILS(connect(fd, addr, size), why);
    FAILS(send(fd, &byte, 1, 0), why);
    FAILS(sendto(fd, &byte, 1, 0, addr, size), why);
    FAILS(sendmsg(fd, &message, 0), why);
    FAILS(recv(fd, &byte, 1, 0), why);
    FAILS(recvfrom(fd, &byte, 1, 0, addr, &size), why);
    FAILS(recvmsg(fd, &message, 0), why);
    FAILS(getsockname(fd, addr, &size), why);
    FAILS(getpeername(fd, addr, &size), why);
    FAILS(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size), why);
    FAILS(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof(value)), why);
    FAILS(shutdown(fd, SHUT_RDWR), why);
  }
  CHECK(getaddrinfo("example.org", "80", NULL, &found) == EAI_SYSTEM);
  CHECK(getaddrinfo("127.0.0.1", "80", &number, &found) == 0);
  CHECK(gethostbyname("example.org") == NULL);
}

static void no_administration(void) {
  FAILS(mount("a", "/tmp", "tmpfs", 0, NULL), EPERM);
  FAILS(umount("/tmp"), EPERM);
  FAILS(umount2("/tmp", MNT_DETACH), EPERM);
  FAILS(chroot("/"), EPERM);
  FAILS(reboot(RB_AUTOBOOT), EPERM);
  FAILS(swapon("/x", 0), EPERM);
  FAILS(swapoff("/x"), EPERM);
  FAILS(acct(NULL), EPERM);
  FAILS(vhangup(), EPERM);
  FAILS(unshare(CLONE_NEWNS), EPERM);
  FAILS(setns(0, 0), EPERM);
  FAILS(iopl(3), EPERM);
  FAILS(ioperm(0, 1, 1), EPERM);
  FAILS(fanotify_init(0, 0), EPERM);
  FAILS(sethostname("x", 1), EPERM);
  FAILS(setgroups(0, NULL), EPERM);
  FAILS(setuid(0), EPERM);
  FAILS(ptrace(PTRACE_TRACEME, 0, 0, 0), EPERM);
  FAILS(ptrace(PTRACE_ATTACH, 2, 0, 0), ESRCH);
  FAILS(process_vm_readv(2, NULL, 0, NULL, 0, 0), ESRCH);
}

static void no_attributes(void) {
  char value[8];
  FAILS(getxattr("/", "user.x", value, 8), ENOTSUP);
  FAILS(lgetxattr("/", "user.x", value, 8), ENOTSUP);
  FAILS(fgetxattr(0, "user.x", value, 8), ENOTSUP);
  FAILS(setxattr("/", "user.x", value, 8, 0), ENOTSUP);
  FAILS(listxattr("/", value, 8), ENOTSUP);
  FAILS(removexattr("/", "user.x"), ENOTSUP);
}

static void no_shared_objects(void) {
  struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 1 };
  FAILS(mq_open("/x", O_CREAT | O_RDWR, 0600, &attr), ENOSYS);
  FAILS(msgget(IPC_PRIVATE, 0600), ENOSYS);
  FAILS(semget(IPC_PRIVATE, 1, 0600), ENOSYS);
  FAILS(shmget(IPC_PRIVATE, 4096, 0600), ENOSYS);
  FAILS(shmat(0, NULL, 0), ENOSYS);
  CHECK(dlopen("x.so", RTLD_NOW) == NULL && dlerror() != NULL);
  CHECK(dlsym(RTLD_DEFAULT, "no_such_name") == NULL);
}

/* Unknown calls fail as well, and pull in nothing that does not. */
static void no_unknown_calls(void) {
  volatile long number = 0x40000000 + 999;
  FAILS(syscall(number), ENOSYS);
  FAILS(syscall(-1), ENOSYS);
}

int main(void) {
  no_processes();
  no_exec();
  no_sockets();
  no_administration();
  no_attributes();
  no_shared_objects();
  no_unknown_calls();
  return check_end();
}
