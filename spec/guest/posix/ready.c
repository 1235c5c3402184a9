/*
** ready.c - poll and select: what is ready, and waits that end.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <poll.h>
#include <sys/select.h>
#include <time.h>

#include "fact.h"

static int p[2], file;

static void show_poll(const char *what, struct pollfd *list, nfds_t n,
                      int timeout) {
  errno = 0;
  int result = poll(list, n, timeout);
  printf("%s: %d%s%s", what, result, result < 0 ? " " : "",
         result < 0 ? errno_name(errno) : "");
  for (nfds_t i = 0; i < n; i++)
    printf(",%s%s%s%s%s", list[i].revents & POLLIN ? " IN" : "",
           list[i].revents & POLLOUT ? " OUT" : "",
           list[i].revents & POLLHUP ? " HUP" : "",
           list[i].revents & POLLERR ? " ERR" : "",
           list[i].revents & POLLNVAL ? " NVAL" : "");
  printf("\n");
}

static void polls(void) {
  struct pollfd both[2] = { { p[0], POLLIN, 0 }, { p[1], POLLOUT, 0 } };
  struct pollfd files[3] = { { file, POLLIN | POLLOUT, 0 },
                             { -1, POLLIN, 0 },
                             { 99, POLLIN, 0 } };
  char c;
  SECTION("poll");
  show_poll("an empty pipe", both, 2, 0);
  show_poll("its reading end, for a while", both, 1, 5);
  FACT(write(p[1], "x", 1));
  show_poll("a pipe with a byte", both, 2, -1);
  both[0].events = 0;
  show_poll("asked for nothing", both, 1, 0);
  both[0].events = POLLIN;
  FACT(read(p[0], &c, 1));
  show_poll("a file, nothing, and what is not open", files, 3, 0);
  show_poll("a file, forever", files, 1, -1);
  show_poll("nothing at all", NULL, 0, 0);
  show_poll("nothing at all, for a while", NULL, 0, 5);
  FACT(close(p[1]));
  both[1].fd = -1;
  show_poll("the writer has gone", both, 2, -1);
  FACT(close(p[0]));
  FACT(pipe(p));
  FACT(close(p[0]));
  both[0] = (struct pollfd){ p[1], POLLOUT, 0 };
  show_poll("the reader has gone", both, 1, 0);
  FACT(close(p[1]));
  FACT(pipe(p));
}

static void show_select(const char *what, int n, fd_set *r, fd_set *w,
                        struct timeval *t) {
  errno = 0;
  int result = select(n, r, w, NULL, t);
  printf("%s: %d%s%s", what, result, result < 0 ? " " : "",
         result < 0 ? errno_name(errno) : "");
  if (r) printf(" read%s", FD_ISSET(p[0], r) ? " pipe" : "");
  if (r && FD_ISSET(file, r)) printf(" file");
  if (w) printf(" write%s", FD_ISSET(p[1], w) ? " pipe" : "");
  if (w && FD_ISSET(file, w)) printf(" file");
  printf("\n");
}

static void selects(void) {
  fd_set r, w;
  struct timeval zero = { 0, 0 }, some = { 0, 2000 }, bad = { -1, 0 };
  SECTION("select");
#define SETS()           \
  FD_ZERO(&r);           \
  FD_ZERO(&w);           \
  FD_SET(p[0], &r);      \
  FD_SET(p[1], &w)
  SETS();
  show_select("an empty pipe", 20, &r, &w, &zero);
  SETS();
  show_select("its reading end, for a while", 20, &r, NULL, &some);
  FACT(write(p[1], "x", 1));
  SETS();
  FD_SET(file, &r);
  FD_SET(file, &w);
  show_select("a pipe with a byte, and a file", 20, &r, &w, NULL);
  SETS();
  show_select("below the descriptors", 1, &r, &w, &zero);
  show_select("nothing at all", 0, NULL, NULL, &zero);
  some.tv_usec = 2000;
  show_select("nothing at all, for a while", 0, NULL, NULL, &some);
  SETS();
  show_select("less than no time", 20, &r, NULL, &bad);
  SETS();
  show_select("a negative number", -1, &r, NULL, &zero);
  FD_ZERO(&r);
  FD_SET(60, &r); /* Linux looks at 64 at least, further only if it has more */
  FACT(select(61, &r, NULL, NULL, &zero));
  struct timespec t = { 0, 0 };
  SETS();
  FACT(pselect(20, &r, &w, NULL, &t, NULL));
}

/* A wait takes as long as it says. */
static void waits(void) {
  struct timespec before, after;
  SECTION("how long a wait takes");
  clock_gettime(CLOCK_MONOTONIC, &before);
  poll(NULL, 0, 30);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long ms = (long)(after.tv_sec - before.tv_sec) * 1000 +
            (after.tv_nsec - before.tv_nsec) / 1000000;
  HOLDS(ms >= 29);
  before = after;
  select(0, NULL, NULL, NULL, &(struct timeval){ 0, 30000 });
  clock_gettime(CLOCK_MONOTONIC, &after);
  ms = (long)(after.tv_sec - before.tv_sec) * 1000 +
       (after.tv_nsec - before.tv_nsec) / 1000000;
  HOLDS(ms >= 29);
}

int main(int argc, char **argv) {
  begin(argc, argv);
  put_file("f", "text");
  FACT(file = open("f", O_RDWR));
  FACT(pipe(p));
  polls();
  selects();
  waits();
  return 0;
}
