/*
** zygote.c - the process from which workers are forked.
**
** One for each host. It prepares all that workers have in common, keeps a
** few of them waiting, and reaps them. It ends with the host: when its
** socket closes, or when the host's pidfd says so, as a forked child of the
** host may hold the socket.
**
** The host's end of each worker's socket travels to the host; the worker's
** end stays open here until the worker is reaped. So a worker that dies
** without an answer is explained to the host by whoever saw it die.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/action.h"
#include "cell.h"
#include "entry/entry.h"
#include "memory/lowmem.h"
#include "memory/map.h"

#ifndef MADV_GUARD_INSTALL /* Linux 6.13 */
#define MADV_GUARD_INSTALL 102
#endif

enum {
  WAITING = 4, /* workers, if nobody asks for more */
  WORKERS_MOST = 1024,
  EXTRA_MS = 2000, /* that one above WAITING waits */
  LOOK_MS = 1000,
  LOOK_AFTER = 4096,
  ENOUGH = -1, /* no errno: a fork fails with EAGAIN too */
};

typedef struct worker {
  uint64_t number; /* by which the host knows it */
  pid_t pid;
  int socket; /* its end */
} worker;

/*
** Workers do not have it: a fork makes each page that the zygote writes a
** fault of its own, and one of who shares it.
*/
static struct {
  pid_t pid;
  uint64_t last;   /* number given */
  unsigned target; /* workers alive, running ones included */
  bool knows_host; /* the kernel gave a pidfd */
  unsigned count;
  worker list[WORKERS_MOST];
} *zygote;

/* The module whose image is at ZVM__CELL_IMAGE, if it is there. */
static struct {
  bool known;
  zvm_module module;
  zvm__map map;
} expected;


/* -- Hello --------------------------------------------------------------- */

static void nothing(int sig) {
  (void)sig;
}


/* A stop is only the run's if somebody handles it: see trap/signals.c. */
static void prepare_signals(void) {
  static const int stops[] = ZVM__STOP_SIGNALS;
  struct sigaction action = {.sa_handler = nothing};
  sigset_t all;
  (void)sigfillset(&all);
  (void)sigprocmask(SIG_SETMASK, &all, NULL);
  for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++)
    (void)sigaction(stops[i], &action, NULL);
}


static void orphaned(void) {
}


/* What each worker would else do by itself. */
static zvm_status prepare_memory(zvm_error *err) {
  zvm_status st = zvm__lowmem_take(orphaned, err);
  if (st != ZVM_OK)
    return st;
  st = zvm__gate_prepare(err);
  if (st == ZVM_OK)
    st = zvm__signals_arm(err);
  zvm__lowmem_release();
  if (st == ZVM_OK && !zvm__map_prepare())
    st = zvm__fail_os(err, ZVM_E_SYSTEM, errno, "cannot map a stack");
  zvm__lowmem_give();
  return st;
}


static bool say_hello(void) {
  zvm__wire_hello hello = {.magic = ZVM__WIRE_HELLO, .status = ZVM_OK};
  zvm_error err = {.status = ZVM_OK};
  hello.status = prepare_memory(&err);
  memcpy(hello.text, err.text, sizeof hello.text);
  const char *failed = zvm__lock_zygote();
  if (failed != NULL) {
    hello.status = ZVM_E_SYSTEM;
    (void)snprintf(hello.text, sizeof hello.text, "cannot give up: %s: %s",
                   failed, strerror(errno));
  }
  return send(ZVM__CELL_SOCKET, &hello, sizeof hello, MSG_NOSIGNAL) ==
             (ssize_t)sizeof hello &&
         hello.status == ZVM_OK;
}


/* -- Workers ------------------------------------------------------------- */

/* Pages that nobody uses, one in code and one in constants. */
__attribute__((section(".text.spare,\"ax\"#"), aligned(ZVM_PAGE_SIZE)))
static const uint8_t spare_code[ZVM_PAGE_SIZE] = {0xF4};
__attribute__((aligned(ZVM_PAGE_SIZE)))
static const uint8_t spare_data[ZVM_PAGE_SIZE] = {0xF4};


/* Of near.ld, each the start of a page: code, then constants. */
extern const uint8_t zvm__near_start[], zvm__near_end[], zvm__far_start[],
    zvm__constants_end[], zvm__far_end[];


static void advise(const uint8_t *from, const uint8_t *to, int what) {
  uintptr_t start = (uintptr_t)from, end = (uintptr_t)to;
  (void)madvise((void *)start, (end - start) & -(uintptr_t)ZVM_PAGE_SIZE,
                what);
}


/*
** A fork copies what is mapped of a file only if there is a guard in the
** mapping: then a worker has at once what the zygote had, and else by one
** fault for sixteen pages. Older kernels do not know guards in files.
**
** Each page that is there costs every worker: what only the start needed is
** dropped.
*/
static void plan_forks(void) {
  advise(zvm__near_start, zvm__near_end, MADV_POPULATE_READ);
  advise(zvm__near_end, zvm__far_end, MADV_DONTNEED);
  advise(zvm__far_start, zvm__constants_end, MADV_POPULATE_READ);
  advise(spare_code, spare_code + ZVM_PAGE_SIZE, MADV_GUARD_INSTALL);
  advise(spare_data, spare_data + ZVM_PAGE_SIZE, MADV_GUARD_INSTALL);
}


/*
** Pages that every run needs, taken now while nobody waits: a fault costs as
** much as several system calls. Between entry and exit of a small guest there
** is none then, so that what it has in memory need not be counted.
*/
static void touch_pages(void) {
  zvm__heap_touch();
  zvm__receive_touch();
  zvm__context_page()->done = 0;
  *(volatile uint64_t *)(uintptr_t)ZVM__ENTRY_RSP = 0;
}


_Noreturn static void be_worker(pid_t parent, int socket, int patience) {
  if (!zvm__lock_worker(parent, socket))
    _exit(1);
  if (expected.known)
    zvm__map_expect(&expected.map, &expected.module);
  (void)close(ZVM__CELL_IMAGE);
  touch_pages();
  zvm__work(patience);
}


static void send_signal(pid_t pid, int sig) {
  (void)zvm__zygote_call(SYS_kill, pid, sig, 0, 0);
}


/* The host's end, to the host. 0, ENOUGH or an errno. */
static int hand_over(int host_end, uint64_t number) {
  zvm__wire_word word = {.magic = ZVM__WIRE_WORKER, .worker = number};
  zvm__wire_parcel p;
  zvm__wire_pack(&p, &word, sizeof word, &host_end, 1);
  long n = zvm__zygote_call(SYS_sendmsg, ZVM__CELL_SOCKET, (long)&p.message,
                            MSG_NOSIGNAL | MSG_DONTWAIT, 0);
  return n >= 0 ? 0 : n == -EAGAIN ? ENOUGH : (int)-n;
}


/* 0 or an errno; ENOUGH if enough are waiting to be fetched. */
static int add_worker(void) {
  int ends[2] = {-1, -1};
  if (zygote->count >= WORKERS_MOST)
    return EMFILE;
  long made = zvm__zygote_call(SYS_socketpair, AF_UNIX,
                               SOCK_SEQPACKET | SOCK_CLOEXEC, 0, (long)ends);
  if (made != 0)
    return (int)-made;
  pid_t parent = zygote->pid;
  int patience = zygote->count < WAITING ? -1 : EXTRA_MS;
  /* The call itself: there is one thread, and no handler of fork. */
  pid_t pid = (pid_t)zvm__zygote_call(SYS_clone, SIGCHLD, 0, 0, 0);
  if (pid == 0)
    be_worker(parent, ends[1], patience);
  int os = pid < 0 ? -pid : hand_over(ends[0], ++zygote->last);
  (void)close(ends[0]);
  if (os == 0) {
    zygote->list[zygote->count++] = (worker){zygote->last, pid, ends[1]};
    return 0;
  }
  (void)close(ends[1]);
  if (pid > 0) {
    send_signal(pid, SIGKILL);
    (void)zvm__zygote_call(SYS_wait4, pid, 0, 0, 0);
  }
  return os;
}


static void fill_up(void) {
  while (zygote->count < zygote->target)
    if (add_worker() != 0) {
      zygote->target = zygote->count > WAITING ? zygote->count : WAITING;
      return;
    }
}


/*
** Its host hears how it ended, unless it ended well. If a part of a job lies
** there unread, closing the socket tells it so.
*/
static void explain(const worker *w, int status) {
  zvm__wire_ended ended;
  memset(&ended, 0, sizeof ended);
  ended.magic = ZVM__WIRE_ENDED;
  ended.status = status;
  (void)send(w->socket, &ended, sizeof ended, MSG_NOSIGNAL | MSG_DONTWAIT);
}


static void bury(pid_t pid, int status) {
  for (unsigned i = 0; i < zygote->count; i++) {
    worker *w = &zygote->list[i];
    if (w->pid != pid)
      continue;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
      explain(w, status);
    if (WIFEXITED(status) && WEXITSTATUS(status) == ZVM__CELL_RETIRED &&
        zygote->target > WAITING)
      zygote->target--;
    (void)close(w->socket);
    *w = zygote->list[--zygote->count];
    return;
  }
}


/* -- Loop ---------------------------------------------------------------- */

static void reap(void) {
  struct signalfd_siginfo info;
  int status = 0;
  pid_t pid;
  (void)!read(ZVM__CELL_SIGNALS, &info, sizeof info);
  while ((pid = (pid_t)zvm__zygote_call(SYS_wait4, -1, (long)&status, WNOHANG,
                                        0)) > 0)
    bury(pid, status);
}


/*
** The host found none waiting, and `busy` of its runs have or need one. Those
** that have had their run do not count, however long they take to end.
*/
static void add_one_more(unsigned busy) {
  if (zygote->target < busy + WAITING)
    zygote->target = busy + WAITING;
  int os = add_worker();
  if (os == 0 || os == ENOUGH)
    return;
  zvm__wire_word none = {.magic = ZVM__WIRE_NONE, .number = os};
  (void)send(ZVM__CELL_SOCKET, &none, sizeof none, MSG_NOSIGNAL);
}


/* One that has not been reaped: no other process has its id. */
static void tell(uint64_t number, int sig) {
  for (unsigned i = 0; i < zygote->count; i++)
    if (zygote->list[i].number == number)
      send_signal(zygote->list[i].pid, sig);
}


/* The image comes with it, or else, with no descriptor free, it is unknown. */
static void expect(const zvm__wire_expect *next, int image) {
  expected.known = false;
  if (image < 0)
    return;
  if (image != ZVM__CELL_IMAGE) {
    bool moved = zvm__zygote_call(SYS_dup2, image, ZVM__CELL_IMAGE, 0, 0) ==
                 ZVM__CELL_IMAGE;
    (void)close(image);
    if (!moved)
      return;
  }
  expected.map = next->module.map;
  expected.known = zvm__receive_module(&expected.module, &next->module,
                                       ZVM__CELL_IMAGE);
}


static int descriptor_of(struct msghdr *m) {
  const struct cmsghdr *c = CMSG_FIRSTHDR(m);
  int fd = -1;
  if (c != NULL && c->cmsg_type == SCM_RIGHTS)
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
  return fd;
}


/* False: the host is gone. */
static bool hear_host(void) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  union {
    zvm__wire_word word;
    zvm__wire_expect expect;
  } said;
  struct iovec io = {&said, sizeof said};
  struct msghdr m = {.msg_iov = &io,
                     .msg_iovlen = 1,
                     .msg_control = control.bytes,
                     .msg_controllen = sizeof control.bytes};
  ssize_t n = recvmsg(ZVM__CELL_SOCKET, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0)
    return errno == EAGAIN || errno == EINTR;
  if (n < (ssize_t)sizeof said.word)
    return false;
  if (said.word.magic == ZVM__WIRE_MORE)
    add_one_more((unsigned)said.word.number);
  else if (said.word.magic == ZVM__WIRE_TELL)
    tell(said.word.worker, said.word.number);
  else if (said.word.magic == ZVM__WIRE_EXPECT && n == (ssize_t)sizeof said)
    expect(&said.expect, descriptor_of(&m));
  return true;
}


/*
** A worker whose host has closed its end has nothing left to do. One that a
** guest has taken over could go on all the same, after a right answer.
*/
static void end_dropped(void) {
  for (unsigned i = 0; i < zygote->count; i++) {
    struct pollfd p = {.fd = zygote->list[i].socket, .events = 0};
    if (poll(&p, 1, 0) > 0 && (p.revents & POLLHUP) != 0)
      send_signal(zygote->list[i].pid, SIGKILL);
  }
}


__attribute__((noinline)) static void serve(void) {
  struct pollfd fds[3] = {
      {.fd = ZVM__CELL_SOCKET, .events = POLLIN},
      {.fd = zygote->knows_host ? ZVM__CELL_HOST : -1, .events = POLLIN},
      {.fd = ZVM__CELL_SIGNALS, .events = POLLIN},
  };
  unsigned events = 0; /* since the last look at who is to end */
  for (;;) {
    fill_up();
    int n = poll(fds, 3, events > 0 ? LOOK_MS : -1);
    if (n < 0 && errno != EINTR)
      return;
    if (n == 0 || ++events == LOOK_AFTER) {
      end_dropped();
      events = 0;
    }
    if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !hear_host())
      return;
    if ((fds[1].revents & POLLIN) != 0)
      return;
    if ((fds[2].revents & POLLIN) != 0)
      reap();
  }
}


/*
** From a page's end down: what the loop writes of the stack is one page, and
** so is the copy that each worker makes of it.
*/
static void serve_on_one_page(void) {
  uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  volatile char *gap = __builtin_alloca(here % ZVM_PAGE_SIZE + 1);
  gap[0] = 0; /* so that it is there */
  serve();
}


static bool take_state(void) {
  void *p = mmap(NULL, sizeof *zygote, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED || madvise(p, sizeof *zygote, MADV_DONTFORK) != 0)
    return false;
  zygote = p;
  return true;
}


int main(void) {
  if (!take_state())
    return 1;
  prepare_signals();
  zygote->knows_host = fcntl(ZVM__CELL_HOST, F_GETFD) >= 0;
  sigset_t child;
  (void)sigemptyset(&child);
  (void)sigaddset(&child, SIGCHLD);
  if (close_range(3, ~0U, 0) != 0 || !say_hello())
    return 1;
  int fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0 || (fd != ZVM__CELL_SIGNALS &&
                 dup2(fd, ZVM__CELL_SIGNALS) != ZVM__CELL_SIGNALS))
    return 1;
  if (fd != ZVM__CELL_SIGNALS)
    (void)close(fd);
  /* Its place is taken, so that no socket gets it. */
  if (dup2(ZVM__CELL_SIGNALS, ZVM__CELL_IMAGE) != ZVM__CELL_IMAGE)
    return 1;
  zygote->pid = getpid();
  zygote->target = WAITING;
  if (!zvm__filter_install())
    return 1;
  plan_forks();
  serve_on_one_page();
  /* Workers die with us, by PR_SET_PDEATHSIG. */
  return 0;
}
