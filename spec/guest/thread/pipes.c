/*
** pipes.c - threads that wait for each other by pipes, FIFOs, poll, epoll,
** locks of files and eventfds.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"

enum { TOTAL = 1 << 20 };

static int fds[2], back[2];

static pthread_t start(void *(*run)(void *), intptr_t arg) {
  pthread_t t;
  CHECK(!pthread_create(&t, NULL, run, (void *)arg));
  return t;
}

static intptr_t end_of(pthread_t t) {
  void *result;
  CHECK(!pthread_join(t, &result));
  return (intptr_t)result;
}

static long long now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

/* More than the pipe holds, in pieces of many sizes. */
static void *produce(void *arg) {
  static unsigned char bytes[9000];
  int sent = 0, size = 1;
  while (sent < TOTAL) {
    if (size > TOTAL - sent) size = TOTAL - sent;
    for (int i = 0; i < size; i++) bytes[i] = (unsigned char)((sent + i) % 251);
    CHECK(write(fds[1], bytes, (size_t)size) == size);
    sent += size;
    size = size * 3 % 8999 + 1;
  }
  close(fds[1]);
  return NULL;
}

static void test_stream(void) {
  unsigned char bytes[5000];
  int got = 0, bad = 0;
  ssize_t n;
  CHECK(!pipe(fds));
  pthread_t t = start(produce, 0);
  while ((n = read(fds[0], bytes, sizeof(bytes))) > 0)
    for (ssize_t i = 0; i < n; i++) bad += bytes[i] != got++ % 251;
  CHECK(n == 0 && got == TOTAL && bad == 0);
  end_of(t);
  close(fds[0]);
}

static void *answer(void *arg) {
  int n, count = 0;
  while (read(fds[0], &n, sizeof(n)) == sizeof(n)) {
    n = -n;
    count++;
    CHECK(write(back[1], &n, sizeof(n)) == sizeof(n));
  }
  return (void *)(intptr_t)count;
}

static void test_round_trips(void) {
  int n;
  CHECK(!pipe(fds) && !pipe(back));
  pthread_t a = start(answer, 0), b = start(answer, 0);
  for (int i = 1; i <= 200; i++) {
    CHECK(write(fds[1], &i, sizeof(i)) == sizeof(i));
    CHECK(read(back[0], &n, sizeof(n)) == sizeof(n) && n == -i);
  }
  close(fds[1]);
  CHECK(end_of(a) + end_of(b) == 200);
  close(fds[0]);
  close(back[0]);
  close(back[1]);
}

static void *write_later(void *arg) {
  usleep((unsigned)(intptr_t)arg * 1000);
  CHECK(write(fds[1], "x", 1) == 1);
  return NULL;
}

static void *poll_for(void *arg) {
  struct pollfd p = { .fd = back[0], .events = POLLIN };
  long long begin = now();
  int r = poll(&p, 1, (int)(intptr_t)arg);
  long long took = now() - begin;
  CHECK(r == 0 && took >= (intptr_t)arg && took < 5 * (intptr_t)arg + 100);
  return NULL;
}

static void test_poll(void) {
  struct pollfd p;
  char byte;
  CHECK(!pipe(fds) && !pipe(back));
  p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
  pthread_t t = start(write_later, 20);
  CHECK(poll(&p, 1, -1) == 1 && p.revents == POLLIN);
  CHECK(read(fds[0], &byte, 1) == 1 && byte == 'x');
  end_of(t);
  /* Limits of many threads: each gets its own. */
  pthread_t a = start(poll_for, 90), b = start(poll_for, 30);
  t = start(write_later, 60);
  CHECK(poll(&p, 1, 5000) == 1);
  end_of(a);
  end_of(b);
  end_of(t);
  CHECK(read(fds[0], &byte, 1) == 1);
}

static void test_epoll(void) {
  struct epoll_event e = { .events = EPOLLIN, .data.u32 = 7 }, got;
  int ep = epoll_create1(0);
  char byte;
  CHECK(ep >= 0 && !epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e));
  pthread_t t = start(write_later, 20);
  CHECK(epoll_wait(ep, &got, 1, 5) == 0);
  CHECK(epoll_wait(ep, &got, 1, -1) == 1 && got.data.u32 == 7);
  CHECK(read(fds[0], &byte, 1) == 1);
  end_of(t);
  close(ep);
}

static void *count_up(void *arg) {
  uint64_t one = 1;
  for (int i = 0; i < 10; i++)
    CHECK(write((int)(intptr_t)arg, &one, sizeof(one)) == sizeof(one));
  return NULL;
}

static void test_event(void) {
  int fd = eventfd(0, EFD_SEMAPHORE);
  uint64_t n;
  pthread_t t = start(count_up, fd);
  for (int i = 0; i < 10; i++) CHECK(read(fd, &n, sizeof(n)) == sizeof(n));
  end_of(t);
  close(fd);
}

static char name[64];

static void *meet(void *arg) {
  int fd = open(name, O_WRONLY);
  CHECK(fd >= 0 && write(fd, "hello", 5) == 5);
  close(fd);
  return NULL;
}

static void test_fifo(void) {
  char bytes[8];
  snprintf(name, sizeof(name), "/tmp/fifo-%d", (int)getpid());
  CHECK(!mkfifo(name, 0600));
  pthread_t t = start(meet, 0);
  int fd = open(name, O_RDONLY);
  CHECK(fd >= 0 && read(fd, bytes, 8) == 5 && !memcmp(bytes, "hello", 5));
  CHECK(read(fd, bytes, 8) == 0);
  end_of(t);
  close(fd);
  unlink(name);
}

static int in, most;

static void *lock(void *arg) {
  int fd = open(name, O_RDWR);
  for (int i = 0; i < 5; i++) {
    CHECK(!flock(fd, LOCK_EX));
    if (++in > most) most = in;
    usleep(1000);
    in--;
    CHECK(!flock(fd, LOCK_UN));
  }
  close(fd);
  return NULL;
}

static void test_locks(void) {
  pthread_t t[4];
  snprintf(name, sizeof(name), "/tmp/lock-%d", (int)getpid());
  close(open(name, O_CREAT | O_RDWR, 0600));
  for (int i = 0; i < 4; i++) t[i] = start(lock, 0);
  for (int i = 0; i < 4; i++) end_of(t[i]);
  CHECK(in == 0 && most == 1);
  unlink(name);
}

/* Who waits for a timer that is not set is told when it is; whoever set it
** may wait for him at once. */
static int told[2];

static void *read_timer(void *arg) {
  uint64_t count = 0;
  ssize_t n = read((int)(intptr_t)arg, &count, sizeof(count));
  CHECK(write(told[1], "t", 1) == 1);
  return (void *)(intptr_t)(n == sizeof(count) ? (int)count : -errno);
}

static void test_timer(void) {
  struct itimerspec soon = { .it_value.tv_nsec = 1 };
  int fd = timerfd_create(CLOCK_MONOTONIC, 0);
  char byte = 0;
  CHECK(!pipe(told));
  pthread_t t = start(read_timer, fd);
  CHECK(poll(NULL, 0, 50) == 0);
  CHECK(!timerfd_settime(fd, 0, &soon, NULL));
  CHECK(read(told[0], &byte, 1) == 1 && byte == 't');
  CHECK(end_of(t) == 1);
  close(fd);
  close(told[0]);
  close(told[1]);
}

static volatile int handled;

static void handler(int sig) { handled++; }

static void *read_one(void *arg) {
  char byte = 0;
  ssize_t n = read(fds[0], &byte, 1);
  return (void *)(intptr_t)(n == 1 ? byte : -errno);
}

/* A read goes on after a handler, or does not; it ends when cancelled. */
static void test_signals(void) {
  struct sigaction a = { .sa_handler = handler, .sa_flags = SA_RESTART };
  CHECK(!sigaction(SIGUSR1, &a, NULL));
  pthread_t t = start(read_one, 0);
  usleep(50000);
  CHECK(!pthread_kill(t, SIGUSR1));
  usleep(50000);
  CHECK(handled == 1 && write(fds[1], "r", 1) == 1);
  CHECK(end_of(t) == 'r');
  a.sa_flags = 0;
  CHECK(!sigaction(SIGUSR1, &a, NULL));
  t = start(read_one, 0);
  usleep(50000);
  CHECK(!pthread_kill(t, SIGUSR1));
  CHECK(end_of(t) == -EINTR && handled == 2);
  t = start(read_one, 0);
  usleep(50000);
  CHECK(!pthread_cancel(t));
  CHECK(end_of(t) == (intptr_t)PTHREAD_CANCELED);
}

static pthread_t broken_in;

static void note(int sig) {
  broken_in = pthread_self();
  handled += 10;
}

static void *write_one(void *arg) {
  int r = write(fds[1], "x", 1) < 0 ? errno : 0;
  return (void *)(intptr_t)r;
}

/* SIGPIPE is the writer's. */
static void test_broken(void) {
  handled = 0;
  signal(SIGPIPE, note);
  close(fds[0]);
  pthread_t t = start(write_one, 0);
  CHECK(end_of(t) == EPIPE && handled == 10 && pthread_equal(broken_in, t));
  signal(SIGPIPE, SIG_IGN);
  CHECK(write(fds[1], "x", 1) < 0 && errno == EPIPE && handled == 10);
}

int main(void) {
  test_stream();
  test_round_trips();
  test_poll();
  test_epoll();
  test_event();
  test_fifo();
  test_locks();
  test_timer();
  test_signals();
  test_broken();
  return check_end();
}
