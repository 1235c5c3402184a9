/*
** poll_check.c - poll, select, epoll, eventfd, timerfd.
**
** The same under a kernel and in an instance, where waiting takes no time.
** Expected: "N checks, 0 failed", exit 0.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define FAILS(call, error) (errno = 0, (call) && errno == (error))

static int64_t now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static int plain_file(void) {
  char name[] = "/tmp/pollXXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  return fd;
}

static int ready(int fd, short events) {
  struct pollfd p = { fd, events, -1 };
  int n = poll(&p, 1, 0);
  CHECK(n == (p.revents != 0));
  return p.revents;
}

static void check_poll(void) {
  static char bytes[65536];
  int fd[2], file = plain_file();
  CHECK(pipe2(fd, O_NONBLOCK) == 0);
  CHECK(ready(fd[0], POLLIN) == 0 && ready(fd[1], POLLOUT) == POLLOUT);
  CHECK(ready(fd[1], POLLIN) == 0 && ready(fd[1], 0) == 0);
  CHECK(write(fd[1], "x", 1) == 1);
  CHECK(ready(fd[0], POLLIN | POLLRDNORM | POLLPRI) == (POLLIN | POLLRDNORM));
  CHECK(read(fd[0], bytes, 1) == 1);
  CHECK(write(fd[1], bytes, 65536) == 65536 && ready(fd[1], POLLOUT) == 0);
  CHECK(read(fd[0], bytes, 4096) == 4096 && ready(fd[1], POLLOUT) == POLLOUT);
  CHECK(ready(file, POLLIN | POLLOUT) == (POLLIN | POLLOUT));
  CHECK(ready(999, POLLIN) == POLLNVAL && ready(-1, POLLIN) == 0);
  struct pollfd three[3] = {
    { fd[0], POLLIN }, { -5, POLLIN }, { fd[1], POLLIN }
  };
  CHECK(poll(three, 3, -1) == 1 && three[0].revents == POLLIN);
  CHECK(three[1].revents == 0 && three[2].revents == 0);
  close(fd[1]);
  CHECK(ready(fd[0], POLLIN) == (POLLIN | POLLHUP));
  while (read(fd[0], bytes, 65536) > 0) continue;
  CHECK(ready(fd[0], POLLIN) == POLLHUP && ready(fd[0], 0) == POLLHUP);
  close(fd[0]);
  CHECK(pipe(fd) == 0 && close(fd[0]) == 0);
  CHECK(ready(fd[1], POLLOUT) == (POLLOUT | POLLERR));
  close(fd[1]), close(file);
}

static void check_time(void) {
  int fd[2];
  CHECK(pipe(fd) == 0);
  struct pollfd p = { fd[0], POLLIN };
  int64_t before = now();
  CHECK(poll(&p, 1, 30) == 0 && p.revents == 0);
  CHECK(now() - before >= 30000000);
  before = now();
  CHECK(poll(NULL, 0, 20) == 0 && now() - before >= 20000000);
  before = now();
  CHECK(ppoll(&p, 1, &(struct timespec){ 0, 20000000 }, NULL) == 0);
  CHECK(now() - before >= 20000000);
  before = now();
  CHECK(select(0, NULL, NULL, NULL, &(struct timeval){ 0, 20000 }) == 0);
  CHECK(now() - before >= 20000000);
  CHECK(FAILS(ppoll(&p, 1, &(struct timespec){ 0, 1000000000 }, NULL) == -1,
              EINVAL));
  CHECK(FAILS(select(0, NULL, NULL, NULL, &(struct timeval){ -1, 0 }) == -1,
              EINVAL));
  close(fd[0]), close(fd[1]);
}

static void check_select(void) {
  int fd[2], file = plain_file();
  fd_set in, out, bad;
  struct timeval none = { 0, 0 };
  CHECK(pipe(fd) == 0);
  FD_ZERO(&in);
  FD_ZERO(&out);
  FD_ZERO(&bad);
  FD_SET(fd[0], &in);
  FD_SET(fd[1], &out);
  FD_SET(file, &in);
  FD_SET(file, &bad);
  CHECK(select(file + 10, &in, &out, &bad, &none) == 2);
  CHECK(!FD_ISSET(fd[0], &in) && FD_ISSET(fd[1], &out));
  CHECK(FD_ISSET(file, &in) && !FD_ISSET(file, &bad));
  CHECK(write(fd[1], "x", 1) == 1);
  FD_ZERO(&in);
  FD_SET(fd[0], &in);
  CHECK(select(fd[0] + 1, &in, NULL, NULL, NULL) == 1 && FD_ISSET(fd[0], &in));
  CHECK(pselect(fd[0] + 1, &in, NULL, NULL, &(struct timespec){ 0, 0 },
                NULL) == 1);
  close(fd[0]);
  FD_SET(fd[0], &in);
  CHECK(FAILS(select(fd[0] + 1, &in, NULL, NULL, &none) == -1, EBADF));
  CHECK(FD_ISSET(fd[0], &in));
  CHECK(FAILS(select(-1, NULL, NULL, NULL, &none) == -1, EINVAL));
  close(fd[1]), close(file);
}

static volatile int handled;
static void handle(int sig) { handled = sig; }

static void check_mask(void) {
  sigset_t blocked, all, none;
  sigemptyset(&none);
  sigemptyset(&blocked), sigaddset(&blocked, SIGUSR1);
  signal(SIGUSR1, handle);
  sigprocmask(SIG_SETMASK, &blocked, NULL);
  raise(SIGUSR1);
  CHECK(!handled);
  CHECK(FAILS(ppoll(NULL, 0, NULL, &none) == -1, EINTR) && handled == SIGUSR1);
  sigprocmask(SIG_SETMASK, NULL, &all);
  CHECK(sigismember(&all, SIGUSR1));
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static void check_epoll(void) {
  struct epoll_event e = { EPOLLIN, { .u32 = 7 } }, got[4];
  int fd[2], file = plain_file(), ep = epoll_create1(EPOLL_CLOEXEC);
  CHECK(ep >= 0 && pipe2(fd, O_NONBLOCK) == 0);
  CHECK(FAILS(epoll_create1(1) == -1, EINVAL));
  CHECK(FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, file, &e) == -1, EPERM));
  CHECK(FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, 999, &e) == -1, EBADF));
  CHECK(FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &e) == -1, EINVAL));
  CHECK(FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, fd[0], &e) == -1, ENOENT));
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &e) == 0);
  CHECK(FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &e) == -1, EEXIST));
  CHECK(epoll_wait(ep, got, 4, 10) == 0 && ready(ep, POLLIN) == 0);
  CHECK(write(fd[1], "x", 1) == 1 && ready(ep, POLLIN) == POLLIN);
  CHECK(epoll_wait(ep, got, 4, -1) == 1);
  CHECK(got[0].events == EPOLLIN && got[0].data.u32 == 7);
  CHECK(epoll_wait(ep, got, 4, 0) == 1);
  e.events = EPOLLIN | EPOLLONESHOT;
  CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &e) == 0);
  CHECK(epoll_wait(ep, got, 4, 0) == 1 && epoll_wait(ep, got, 4, 0) == 0);
  CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &e) == 0);
  CHECK(epoll_wait(ep, got, 4, 0) == 1);
  e.events = EPOLLOUT | EPOLLET;
  e.data.u32 = 8;
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd[1], &e) == 0);
  CHECK(epoll_wait(ep, got, 4, 0) == 1 && got[0].data.u32 == 8);
  CHECK(epoll_wait(ep, got, 4, 0) == 0);
  CHECK(FAILS(epoll_wait(ep, got, 0, 0) == -1, EINVAL));
  CHECK(FAILS(epoll_wait(fd[0], got, 1, 0) == -1, EINVAL));
  CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, fd[1], NULL) == 0);
  CHECK(close(fd[0]) == 0 && epoll_wait(ep, got, 4, 0) == 0);
  close(fd[1]), close(file), close(ep);
}

/* Each of many has its turn, however few are asked for. */
static void check_turns(void) {
  int fd[5][2], seen[5] = { 0 }, ep = epoll_create(1);
  for (int i = 0; i < 5; i++) {
    struct epoll_event e = { EPOLLIN, { .u32 = i } };
    CHECK(pipe(fd[i]) == 0 && write(fd[i][1], "x", 1) == 1);
    CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd[i][0], &e) == 0);
  }
  for (int i = 0; i < 5; i++) {
    struct epoll_event got[2];
    CHECK(epoll_wait(ep, got, 2, 0) == 2);
    seen[got[0].data.u32]++, seen[got[1].data.u32]++;
  }
  for (int i = 0; i < 5; i++) CHECK(seen[i] == 2);
  for (int i = 0; i < 5; i++) close(fd[i][0]), close(fd[i][1]);
  close(ep);
}

static void check_eventfd(void) {
  uint64_t n = 0;
  int fd = eventfd(3, EFD_NONBLOCK);
  CHECK(fd >= 0 && ready(fd, POLLIN | POLLOUT) == (POLLIN | POLLOUT));
  CHECK(eventfd_write(fd, 4) == 0 && eventfd_read(fd, &n) == 0 && n == 7);
  CHECK(FAILS(eventfd_read(fd, &n) == -1, EAGAIN));
  CHECK(ready(fd, POLLIN | POLLOUT) == POLLOUT);
  CHECK(FAILS(read(fd, &n, 4) == -1, EINVAL));
  CHECK(FAILS(eventfd_write(fd, UINT64_MAX) == -1, EINVAL));
  CHECK(eventfd_write(fd, UINT64_MAX - 1) == 0);
  CHECK(ready(fd, POLLIN | POLLOUT) == POLLIN);
  CHECK(FAILS(eventfd_write(fd, 1) == -1, EAGAIN));
  close(fd);
  fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  CHECK(eventfd_read(fd, &n) == 0 && n == 1 && eventfd_read(fd, &n) == 0);
  CHECK(FAILS(eventfd_read(fd, &n) == -1, EAGAIN));
  close(fd);
}

static void check_timerfd(void) {
  struct itimerspec every = { { 0, 10000000 }, { 0, 20000000 } }, left;
  struct pollfd p = { timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), POLLIN };
  uint64_t n = 0;
  int64_t before = now();
  CHECK(p.fd >= 0 && ready(p.fd, POLLIN) == 0);
  CHECK(FAILS(read(p.fd, &n, 8) == -1, EAGAIN));
  CHECK(timerfd_settime(p.fd, 0, &every, NULL) == 0);
  CHECK(timerfd_gettime(p.fd, &left) == 0 && left.it_value.tv_sec == 0);
  CHECK(left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 20000000);
  CHECK(left.it_interval.tv_nsec == 10000000);
  CHECK(poll(&p, 1, -1) == 1 && now() - before >= 20000000);
  CHECK(read(p.fd, &n, 8) == 8 && n >= 1);
  CHECK(poll(&p, 1, 5000) == 1 && now() - before >= 30000000);
  CHECK(timerfd_settime(p.fd, 0, &(struct itimerspec){ 0 }, &left) == 0);
  CHECK(left.it_interval.tv_nsec == 10000000 && ready(p.fd, POLLIN) == 0);
  CHECK(timerfd_gettime(p.fd, &left) == 0 && !left.it_value.tv_nsec);
  close(p.fd);
  /* At a time, and a read that waits for it. */
  int fd = timerfd_create(CLOCK_REALTIME, 0);
  struct itimerspec at = { 0 };
  clock_gettime(CLOCK_REALTIME, &at.it_value);
  at.it_value.tv_sec++, before = now();
  CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL) == 0);
  CHECK(read(fd, &n, 8) == 8 && n == 1 && now() - before >= 900000000);
  at.it_value.tv_nsec = 1000000000;
  CHECK(FAILS(timerfd_settime(fd, 0, &at, NULL) == -1, EINVAL));
  close(fd);
  CHECK(FAILS(timerfd_create(99, 0) == -1, EINVAL));
}

int main(void) {
  check_poll();
  check_time();
  check_select();
  check_mask();
  check_epoll();
  check_turns();
  check_eventfd();
  check_timerfd();
  return check_end();
}
