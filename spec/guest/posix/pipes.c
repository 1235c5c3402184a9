/*
** pipes.c - pipes and FIFOs inside one process.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "fact.h"

static char buf[8192];
static int p[2];

static void simple(void) {
  struct stat st;
  int n;
  SECTION("pipe");
  FACT(pipe(p));
  FACT(p[0]);
  FACT(p[1]);
  FACT(write(p[1], "hello", 5));
  FACT(ioctl(p[0], FIONREAD, &n));
  FACT(n);
  FACT(read(p[0], buf, 3));
  FACT(read(p[0], buf, 30));
  TEXT((buf[2] = 0, buf));
  FACT(fstat(p[0], &st));
  HOLDS(S_ISFIFO(st.st_mode));
  FACT(st.st_size);
  FACT(lseek(p[0], 0, SEEK_SET));
  FACT(pread(p[0], buf, 1, 0));
  FACT(pwrite(p[1], buf, 1, 0));
  FACT(ftruncate(p[1], 0));
  FACT(fsync(p[1]));
  FACT(read(p[1], buf, 1));
  FACT(write(p[0], buf, 1));
  FACT(read(p[0], buf, 0));
  FACT(write(p[1], buf, 0));
  HOLDS((fcntl(p[0], F_GETFL) & O_ACCMODE) == O_RDONLY);
  HOLDS((fcntl(p[1], F_GETFL) & O_ACCMODE) == O_WRONLY);
  FACT(fcntl(p[0], F_GETFD));
}

static void ends(void) {
  SECTION("the writer goes");
  FACT(write(p[1], "rest", 4));
  FACT(close(p[1]));
  FACT(read(p[0], buf, 30));
  FACT(read(p[0], buf, 30));
  FACT(close(p[0]));
  SECTION("the reader goes");
  signal(SIGPIPE, SIG_IGN);
  FACT(pipe(p));
  FACT(write(p[1], "lost", 4));
  FACT(close(p[0]));
  FACT(write(p[1], "x", 1));
  FACT(write(p[1], "", 0));
  FACT(close(p[1]));
  SECTION("a copy of the writer stays");
  FACT(pipe(p));
  int copy = dup(p[1]);
  FACT(close(p[1]));
  FACT(write(copy, "x", 1));
  FACT(read(p[0], buf, 30));
  FACT(close(copy));
  FACT(read(p[0], buf, 30));
  FACT(close(p[0]));
}

static void flags(void) {
  long total = 0;
  ssize_t n;
  SECTION("pipe2 and O_NONBLOCK");
  FACT(pipe2(p, O_NONBLOCK | O_CLOEXEC));
  FACT(fcntl(p[0], F_GETFD));
  HOLDS(fcntl(p[0], F_GETFL) & O_NONBLOCK);
  FACT(read(p[0], buf, 1));
  memset(buf, 'x', sizeof buf);
  while ((n = write(p[1], buf, 4096)) > 0) total += n;
  FACT(write(p[1], buf, 1));
  HOLDS(total >= 4096);
  FACT(read(p[0], buf, 4096));
  FACT(write(p[1], buf, 4096));
  FACT(write(p[1], buf, 4096));
  for (; read(p[0], buf, 4096) > 0;) total -= 4096;
  FACT(read(p[0], buf, 1));
  FACT(close(p[0]));
  FACT(close(p[1]));
  FACT(pipe2(p, O_APPEND));
}

static void order(void) {
  SECTION("bytes come in the order they went");
  FACT(pipe(p));
  unsigned char next = 0, expected = 0;
  int wrong = 0;
  for (int round = 1; round < 300; round++) {
    for (int i = 0; i < round; i++) buf[i] = (char)next++;
    if (write(p[1], buf, (size_t)round) != round) wrong++;
    if (read(p[0], buf, (size_t)round) != round) wrong++;
    for (int i = 0; i < round; i++)
      if ((unsigned char)buf[i] != expected++) wrong++;
  }
  FACT(wrong);
  FILE *in, *out;
  POINTER(out = fdopen(p[1], "w"));
  POINTER(in = fdopen(p[0], "r"));
  FACT(fprintf(out, "%d lines\n", 2));
  FACT(fclose(out));
  POINTER(fgets(buf, sizeof buf, in));
  TEXT(buf);
  POINTER(fgets(buf, sizeof buf, in));
  FACT(feof(in) != 0);
  FACT(fclose(in));
}

static void named(void) {
  int r, w;
  struct stat st;
  SECTION("FIFOs");
  FACT(mkfifo("fifo", 0644));
  FACT(mkfifo("fifo", 0644));
  FACT(mkfifo("no/fifo", 0644));
  show("fifo");
  FACT(open("fifo", O_WRONLY | O_NONBLOCK));
  FACT(r = open("fifo", O_RDONLY | O_NONBLOCK));
  FACT(read(r, buf, 1));
  FACT(w = open("fifo", O_WRONLY | O_NONBLOCK));
  FACT(read(r, buf, 1));
  FACT(write(w, "through", 7));
  FACT(read(r, buf, 30));
  FACT(fstat(r, &st));
  HOLDS(S_ISFIFO(st.st_mode));
  FACT(unlink("fifo"));
  FACT(write(w, "nameless", 8));
  FACT(read(r, buf, 30));
  FACT(close(w));
  FACT(read(r, buf, 1));
  FACT(close(r));
  FACT(mknod("fifo2", S_IFIFO | 0600, 0));
  show("fifo2");
  FACT(r = open("fifo2", O_RDWR));
  FACT(write(r, "both", 4));
  FACT(read(r, buf, 30));
  FACT(close(r));
  FACT(mknod("file", S_IFREG | 0600, 0));
  show("file");
  FACT(mknod("device", S_IFCHR | 0600, 0x103));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  simple();
  ends();
  flags();
  order();
  named();
  return 0;
}
