/*
** descriptors.c - dup, fcntl: what descriptors share and what they do not.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "fact.h"

static char buf[16];

static void duplicates(void) {
  int a, b;
  SECTION("dup");
  put_file("f", "0123456789");
  FACT(a = open("f", O_RDWR));
  FACT(b = dup(a));
  FACT(read(a, buf, 3));
  FACT(lseek(b, 0, SEEK_CUR));
  FACT(lseek(b, 8, SEEK_SET));
  FACT(read(a, buf, 8));
  FACT(close(a));
  FACT(lseek(b, 0, SEEK_CUR));
  FACT(dup(a));
  FACT(dup(-1));
  FACT(dup(99));
  FACT(close(b));
  SECTION("dup2");
  FACT(a = open("f", O_RDWR));
  FACT(dup2(a, 20));
  FACT(lseek(20, 5, SEEK_SET));
  FACT(lseek(a, 0, SEEK_CUR));
  FACT(dup2(a, a));
  FACT(dup2(99, 20));
  FACT(lseek(20, 0, SEEK_CUR));
  FACT(dup2(99, 99));
  FACT(dup2(a, -1));
  FACT(dup2(a, 1 << 30));
  FACT(b = open("f", O_RDONLY));
  FACT(dup2(b, 20));
  FACT(lseek(20, 0, SEEK_CUR));
  FACT(close(20));
  FACT(close(20));
  FACT(close(b));
  SECTION("dup3");
  FACT(dup3(a, 21, O_CLOEXEC));
  FACT(fcntl(21, F_GETFD));
  FACT(dup3(a, a, 0));
  FACT(close(21));
  FACT(close(a));
}

static void control(void) {
  int a, b;
  SECTION("F_DUPFD, F_GETFD, F_SETFD");
  FACT(a = open("f", O_RDONLY | O_CLOEXEC));
  FACT(fcntl(a, F_GETFD));
  FACT(b = dup(a));
  FACT(fcntl(b, F_GETFD));
  FACT(fcntl(b, F_SETFD, FD_CLOEXEC));
  FACT(fcntl(b, F_GETFD));
  FACT(fcntl(b, F_SETFD, 0));
  FACT(fcntl(b, F_GETFD));
  FACT(fcntl(a, F_DUPFD, 0));
  FACT(fcntl(a, F_DUPFD, 30));
  FACT(fcntl(a, F_DUPFD, 30));
  FACT(fcntl(30, F_GETFD));
  FACT(fcntl(a, F_DUPFD_CLOEXEC, 40));
  FACT(fcntl(40, F_GETFD));
  FACT(fcntl(a, F_DUPFD, -1));
  FACT(fcntl(a, F_DUPFD, 1 << 30));
  FACT(fcntl(99, F_DUPFD, 0));
  FACT(fcntl(99, F_GETFD));
  FACT(fcntl(a, 12345));
  for (int fd = a; fd <= 40; fd++) close(fd);
}

static void flags(void) {
  int a, b, c;
  SECTION("F_GETFL, F_SETFL");
  FACT(a = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644));
  FACT((fcntl(a, F_GETFL) & O_ACCMODE) == O_RDWR);
  FACT(fcntl(a, F_GETFL) & (O_APPEND | O_NONBLOCK | O_CREAT | O_TRUNC));
  FACT(b = dup(a));
  FACT(c = open("f", O_WRONLY | O_APPEND));
  FACT((fcntl(c, F_GETFL) & O_ACCMODE) == O_WRONLY);
  HOLDS(fcntl(c, F_GETFL) & O_APPEND);
  FACT(fcntl(a, F_SETFL, O_APPEND | O_NONBLOCK));
  HOLDS(fcntl(b, F_GETFL) & O_APPEND);
  HOLDS(fcntl(b, F_GETFL) & O_NONBLOCK);
  HOLDS(fcntl(c, F_GETFL) & O_NONBLOCK);
  FACT((fcntl(a, F_GETFL) & O_ACCMODE) == O_RDWR);
  FACT(write(b, "12", 2));
  FACT(lseek(b, 0, SEEK_SET));
  FACT(write(b, "34", 2));
  TEXT(content_of("f"));
  FACT(fcntl(a, F_SETFL, 0));
  FACT(lseek(b, 0, SEEK_SET));
  FACT(write(b, "5", 1));
  TEXT(content_of("f"));
  FACT(fcntl(c, F_SETFL, O_RDWR));
  FACT(read(c, buf, 1));
  FACT(fcntl(99, F_GETFL));
  FACT(close(a));
  FACT(close(b));
  FACT(close(c));
}

/* stdin, stdout and stderr are descriptors like others. */
static void standard(void) {
  int saved, fd;
  SECTION("standard streams");
  FACT(fflush(stdout));
  FACT(saved = dup(1));
  FACT(fd = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0644));
  dup2(fd, 1);
  close(fd);
  printf("to the file\n");
  fflush(stdout);
  dup2(saved, 1);
  FACT(close(saved));
  TEXT(content_of("out"));
  FACT(close(0));
  FACT(open("out", O_RDONLY));
  FACT(scanf("%15s", buf));
  TEXT(buf);
}

static void many(void) {
  int n = 0, last = -1, fd;
  SECTION("many");
  while (n < 200 && (fd = open("f", O_RDONLY)) >= 0) {
    last = fd;
    n++;
  }
  FACT(n);
  FACT(last);
  for (int i = 3; i <= last; i++) close(i);
  FACT(open("f", O_RDONLY));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  duplicates();
  control();
  flags();
  many();
  standard();
  return 0;
}
