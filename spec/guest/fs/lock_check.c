/*
** lock_check.c - fcntl's record locks, those of open files, flock, lockf.
**
** The same under a kernel and in an instance. Expected: "N checks, 0
** failed", exit 0.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "check.h"

#define FAILS(call, error) (errno = 0, (call) && errno == (error))

static char name[] = "/tmp/lockXXXXXX";

static int lock(int fd, int command, int type, int64_t start, int64_t len) {
  struct flock l = { .l_type = type, .l_start = start, .l_len = len };
  return fcntl(fd, command, &l);
}

/* Who stands in the way of a lock on [start, start + len). */
static struct flock asked(int fd, int command, int type, int64_t start,
                          int64_t len) {
  struct flock l = { .l_type = type, .l_start = start, .l_len = len };
  CHECK(fcntl(fd, command, &l) == 0);
  return l;
}

static int is_free(int fd, int type, int64_t start, int64_t len) {
  return asked(fd, F_OFD_GETLK, type, start, len).l_type == F_UNLCK;
}

static void check_records(void) {
  int fd = open(name, O_RDWR), other = open(name, O_RDWR);
  struct flock l;
  /* The process is not in its own way. */
  CHECK(lock(fd, F_SETLK, F_WRLCK, 10, 10) == 0);
  CHECK(lock(other, F_SETLK, F_WRLCK, 15, 10) == 0);
  CHECK(asked(other, F_GETLK, F_WRLCK, 0, 0).l_type == F_UNLCK);
  /* An open file is. */
  l = asked(other, F_OFD_GETLK, F_WRLCK, 0, 0);
  CHECK(l.l_type == F_WRLCK && l.l_start == 10 && l.l_len == 15);
  CHECK(FAILS(lock(other, F_OFD_SETLK, F_RDLCK, 24, 1) == -1, EAGAIN));
  CHECK(lock(other, F_OFD_SETLK, F_RDLCK, 25, 1) == 0);
  CHECK(FAILS(lock(fd, F_SETLK, F_WRLCK, 0, 0) == -1, EAGAIN));
  CHECK(lock(fd, F_SETLK, F_RDLCK, 25, 5) == 0);
  /* A hole in the middle. */
  CHECK(lock(fd, F_SETLK, F_UNLCK, 12, 3) == 0);
  CHECK(is_free(other, F_WRLCK, 12, 3) && !is_free(other, F_WRLCK, 11, 1) &&
        !is_free(other, F_WRLCK, 15, 1));
  /* Any close of the file by the process takes its locks away. */
  CHECK(lock(other, F_OFD_SETLK, F_UNLCK, 0, 0) == 0);
  CHECK(close(dup(fd)) == 0 && is_free(other, F_WRLCK, 0, 0));
  close(fd), close(other);
}

static void check_open_files(void) {
  int a = open(name, O_RDWR), b = open(name, O_RDWR), twin = dup(a);
  CHECK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 100) == 0);
  CHECK(lock(twin, F_OFD_SETLK, F_WRLCK, 0, 100) == 0); /* the same one */
  CHECK(FAILS(lock(b, F_OFD_SETLK, F_WRLCK, 99, 1) == -1, EAGAIN));
  CHECK(asked(b, F_OFD_GETLK, F_WRLCK, 0, 0).l_pid == -1);
  CHECK(asked(b, F_GETLK, F_RDLCK, 0, 0).l_pid == -1);
  CHECK(lock(a, F_OFD_SETLK, F_RDLCK, 50, 50) == 0); /* weaker, in part */
  CHECK(lock(b, F_OFD_SETLK, F_RDLCK, 50, 50) == 0);
  CHECK(!is_free(b, F_RDLCK, 49, 1));
  CHECK(close(a) == 0 && !is_free(b, F_RDLCK, 49, 1));
  CHECK(close(twin) == 0 && is_free(b, F_WRLCK, 0, 0));
  close(b);
}

static void check_ranges(void) {
  int fd = open(name, O_RDWR), other = open(name, O_RDWR);
  struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -5,
                     .l_len = 0 };
  CHECK(ftruncate(fd, 100) == 0 && fcntl(fd, F_SETLK, &l) == 0);
  l = asked(other, F_OFD_GETLK, F_RDLCK, 0, 0);
  CHECK(l.l_start == 95 && l.l_len == 0);
  lseek(fd, 50, SEEK_SET);
  l = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = -10 };
  CHECK(fcntl(fd, F_SETLK, &l) == 0);
  l = asked(other, F_OFD_GETLK, F_RDLCK, 0, 60);
  CHECK(l.l_start == 40 && l.l_len == 10);
  CHECK(FAILS(lock(fd, F_SETLK, F_WRLCK, -1, 1) == -1, EINVAL));
  CHECK(FAILS(lock(fd, F_SETLK, F_WRLCK, 5, -6) == -1, EINVAL));
  CHECK(FAILS(lock(fd, F_SETLK, F_WRLCK, INT64_MAX, 2) == -1, EOVERFLOW));
  CHECK(FAILS(lock(fd, F_SETLK, 77, 0, 1) == -1, EINVAL));
  close(fd), close(other);
}

static void check_rights(void) {
  int in = open(name, O_RDONLY), out = open(name, O_WRONLY);
  CHECK(FAILS(lock(in, F_SETLK, F_WRLCK, 0, 1) == -1, EBADF));
  CHECK(FAILS(lock(out, F_SETLK, F_RDLCK, 0, 1) == -1, EBADF));
  CHECK(lock(in, F_SETLK, F_RDLCK, 0, 1) == 0);
  CHECK(FAILS(lock(999, F_SETLK, F_RDLCK, 0, 1) == -1, EBADF));
  close(in), close(out);
}

static void check_flock(void) {
  int a = open(name, O_RDWR), b = open(name, O_RDONLY), twin = dup(a);
  CHECK(flock(a, LOCK_EX) == 0 && flock(twin, LOCK_EX | LOCK_NB) == 0);
  CHECK(FAILS(flock(b, LOCK_SH | LOCK_NB) == -1, EWOULDBLOCK));
  CHECK(flock(a, LOCK_SH) == 0 && flock(b, LOCK_SH | LOCK_NB) == 0);
  CHECK(FAILS(flock(b, LOCK_EX | LOCK_NB) == -1, EWOULDBLOCK));
  CHECK(flock(a, LOCK_UN) == 0 && flock(b, LOCK_EX | LOCK_NB) == 0);
  /* Locks of fcntl are others. */
  CHECK(lock(a, F_SETLK, F_WRLCK, 0, 0) == 0);
  CHECK(FAILS(flock(b, 77) == -1, EINVAL));
  CHECK(FAILS(flock(999, LOCK_SH) == -1, EBADF));
  close(b);
  CHECK(flock(a, LOCK_EX | LOCK_NB) == 0);
  close(a);
  b = open(name, O_RDONLY);
  CHECK(FAILS(flock(b, LOCK_SH | LOCK_NB) == -1, EWOULDBLOCK));
  close(twin);
  CHECK(flock(b, LOCK_SH | LOCK_NB) == 0);
  close(b);
}

static void check_lockf(void) {
  int fd = open(name, O_RDWR), other = open(name, O_RDWR);
  CHECK(lockf(fd, F_TLOCK, 10) == 0 && lockf(fd, F_TEST, 10) == 0);
  CHECK(!is_free(other, F_RDLCK, 0, 10) && is_free(other, F_RDLCK, 10, 0));
  CHECK(lockf(fd, F_ULOCK, 10) == 0 && is_free(other, F_RDLCK, 0, 0));
  CHECK(lock(other, F_OFD_SETLK, F_WRLCK, 0, 0) == 0);
  CHECK(lockf(fd, F_TEST, 10) == -1 && (errno == EACCES || errno == EAGAIN));
  CHECK(lockf(fd, F_TLOCK, 10) == -1 && errno == EAGAIN);
  close(fd), close(other);
}

/* Random locks of two open files against an array of bytes. */
static void check_random_use(void) {
  enum { BYTES = 64 };
  static char want[2][BYTES];
  int fd[2] = { open(name, O_RDWR), open(name, O_RDWR) };
  unsigned state = 1;
  for (int round = 0; round < 3000; round++) {
    static const int types[] = { F_RDLCK, F_WRLCK, F_UNLCK };
    state = state * 1103515245 + 12345;
    int who = state >> 28 & 1, start = state >> 8 & 63;
    int len = 1 + (state >> 14 & 15), type = types[(state >> 20) % 3];
    int refused = 0;
    if (start + len > BYTES) len = BYTES - start;
    for (int i = start; i < start + len; i++)
      refused |= type == F_WRLCK ? want[!who][i]
                                 : type == F_RDLCK && want[!who][i] == 'w';
    CHECK(lock(fd[who], F_OFD_SETLK, type, start, len) == (refused ? -1 : 0));
    char mark = type == F_RDLCK ? 'r' : type == F_WRLCK ? 'w' : 0;
    if (!refused) memset(want[who] + start, mark, len);
    for (int i = 0; i < BYTES; i++)
      CHECK(is_free(fd[!who], F_WRLCK, i, 1) == !want[who][i]);
  }
  close(fd[0]), close(fd[1]);
}

int main(void) {
  close(mkstemp(name));
  check_records();
  check_open_files();
  check_ranges();
  check_rights();
  check_flock();
  check_lockf();
  check_random_use();
  unlink(name);
  return check_end();
}
