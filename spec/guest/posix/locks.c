/*
** locks.c - fcntl, lockf and flock, where one process is alone.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <sys/file.h>

#include "fact.h"

static struct flock lock_of(int type, int whence, off_t start, off_t len) {
  return (struct flock){ .l_type = (short)type, .l_whence = (short)whence,
                         .l_start = start, .l_len = len };
}

static int set(int fd, int command, int type, off_t start, off_t len) {
  struct flock l = lock_of(type, SEEK_SET, start, len);
  return fcntl(fd, command, &l);
}

static void records(void) {
  int rw, r, w;
  struct flock l;
  SECTION("fcntl");
  put_file("f", "0123456789");
  FACT(rw = open("f", O_RDWR));
  FACT(r = open("f", O_RDONLY));
  FACT(w = open("f", O_WRONLY));
  FACT(set(rw, F_SETLK, F_WRLCK, 0, 0));
  FACT(set(rw, F_SETLK, F_RDLCK, 2, 3));
  FACT(set(rw, F_SETLKW, F_WRLCK, 0, 100));
  FACT(set(r, F_SETLK, F_RDLCK, 0, 1));
  FACT(set(r, F_SETLK, F_WRLCK, 0, 1));
  FACT(set(w, F_SETLK, F_WRLCK, 0, 1));
  FACT(set(w, F_SETLK, F_RDLCK, 0, 1));
  FACT(set(rw, F_SETLK, F_UNLCK, 0, 0));
  FACT(set(rw, F_SETLK, F_WRLCK, -1, 1));
  FACT(set(rw, F_SETLK, F_WRLCK, 5, -3));
  FACT(set(rw, F_SETLK, F_WRLCK, 1, -3));
  FACT(set(rw, F_SETLK, 77, 0, 1));
  FACT(set(99, F_SETLK, F_WRLCK, 0, 1));
  l = lock_of(F_WRLCK, SEEK_SET, 0, 0);
  FACT(fcntl(rw, F_GETLK, &l));
  HOLDS(l.l_type == F_UNLCK);
  l = lock_of(F_WRLCK, SEEK_END, -2, 2);
  FACT(fcntl(rw, F_SETLK, &l));
  l = lock_of(F_WRLCK, 9, 0, 2);
  FACT(fcntl(rw, F_SETLK, &l));
  FACT(close(r));
  FACT(close(w));
  SECTION("lockf");
  FACT(lockf(rw, F_LOCK, 0));
  FACT(lockf(rw, F_TLOCK, 5));
  FACT(lockf(rw, F_TEST, 0));
  FACT(lockf(rw, F_ULOCK, 0));
  FACT(lockf(rw, 99, 0));
  FACT(lockf(99, F_TEST, 0));
  FACT(close(rw));
}

/* Locks of open files, not of the process: two of one process can meet. */
static void whole_files(void) {
  int a, b, copy;
  SECTION("flock");
  FACT(a = open("f", O_RDONLY));
  FACT(b = open("f", O_RDWR));
  FACT(copy = dup(a));
  FACT(flock(a, LOCK_SH));
  FACT(flock(b, LOCK_SH | LOCK_NB));
  FACT(flock(a, LOCK_EX | LOCK_NB));
  FACT(flock(b, LOCK_UN));
  FACT(flock(a, LOCK_EX | LOCK_NB));
  FACT(flock(b, LOCK_SH | LOCK_NB));
  FACT(flock(b, LOCK_EX | LOCK_NB));
  FACT(flock(copy, LOCK_EX | LOCK_NB));
  FACT(close(a));
  FACT(flock(b, LOCK_SH | LOCK_NB));
  FACT(close(copy));
  FACT(flock(b, LOCK_SH | LOCK_NB));
  FACT(flock(b, LOCK_UN));
  FACT(flock(b, LOCK_UN));
  FACT(flock(b, 77));
  FACT(flock(99, LOCK_SH));
  FACT(close(b));
}

#ifdef F_OFD_SETLK
static void open_files(void) {
  int a, b;
  struct flock l;
  SECTION("locks of open files");
  FACT(a = open("f", O_RDWR));
  FACT(b = open("f", O_RDWR));
  FACT(set(a, F_OFD_SETLK, F_WRLCK, 0, 5));
  FACT(set(b, F_OFD_SETLK, F_WRLCK, 5, 5));
  FACT(set(b, F_OFD_SETLK, F_RDLCK, 4, 2));
  l = lock_of(F_WRLCK, SEEK_SET, 0, 3);
  FACT(fcntl(b, F_OFD_GETLK, &l));
  HOLDS(l.l_type == F_WRLCK);
  FACT(l.l_start);
  FACT(l.l_len);
  FACT(l.l_pid);
  FACT(set(a, F_OFD_SETLK, F_UNLCK, 4, 1));
  FACT(set(b, F_OFD_SETLK, F_RDLCK, 4, 2));
  FACT(close(a));
  FACT(set(b, F_OFD_SETLK, F_WRLCK, 0, 0));
  FACT(close(b));
}
#endif

int main(int argc, char **argv) {
  begin(argc, argv);
  records();
  whole_files();
#ifdef F_OFD_SETLK
  open_files();
#endif
  return 0;
}
