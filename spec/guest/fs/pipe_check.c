/*
** pipe_check.c - pipes, FIFOs and what can be asked of them.
**
** The same under a kernel and in an instance. Expected: "N checks, 0
** failed", exit 0.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#define CAPACITY 65536
#define FAILS(call, error) (errno = 0, (call) && errno == (error))

static int broken_pipes;
static void count_broken(int sig) { broken_pipes += sig == SIGPIPE; }

static void check_bytes_in_order(void) {
  static char sent[CAPACITY], got[CAPACITY];
  unsigned in = 0, out = 0, held = 0, state = 1;
  int fd[2], n;
  CHECK(pipe2(fd, O_NONBLOCK) == 0);
  for (int round = 0; round < 5000; round++) {
    state = state * 1103515245 + 12345;
    unsigned want = (state >> 8) % 3000 + 1;
    if (state >> 28 & 1) {
      for (unsigned i = 0; i < want; i++) sent[i] = (char)(in + i);
      n = write(fd[1], sent, want);
      if (n > 0) in += n, held += n;
      else CHECK(errno == EAGAIN);
    } else {
      n = read(fd[0], got, want);
      CHECK(n == (int)(want < held ? want : held) || (!held && n == -1));
      for (int i = 0; i < n; i++)
        if (got[i] != (char)(out + i)) CHECK(0);
      if (n > 0) out += n, held -= n;
      else CHECK(errno == EAGAIN);
    }
    CHECK(ioctl(fd[0], FIONREAD, &n) == 0 && n == (int)held);
  }
  close(fd[0]), close(fd[1]);
}

static void check_room(void) {
  static char bytes[2 * CAPACITY];
  int fd[2];
  CHECK(pipe2(fd, O_NONBLOCK) == 0);
  CHECK(write(fd[1], bytes, sizeof(bytes)) == CAPACITY);
  CHECK(FAILS(write(fd[1], bytes, 1) == -1, EAGAIN));
  CHECK(read(fd[0], bytes, 4096) == 4096);
  /* All of it or nothing, up to PIPE_BUF. */
  CHECK(write(fd[1], bytes, 1000) == 1000);
  CHECK(FAILS(write(fd[1], bytes, PIPE_BUF) == -1, EAGAIN));
  CHECK(read(fd[0], bytes, sizeof(bytes)) == CAPACITY - 4096 + 1000);
  CHECK(FAILS(read(fd[0], bytes, 1) == -1, EAGAIN));
  CHECK(write(fd[1], bytes, 0) == 0 && read(fd[0], bytes, 0) == 0);
  close(fd[0]), close(fd[1]);
}

static void check_ends(void) {
  char byte;
  int fd[2], twin;
  CHECK(pipe(fd) == 0);
  CHECK(FAILS(write(fd[0], "x", 1) == -1, EBADF));
  CHECK(FAILS(read(fd[1], &byte, 1) == -1, EBADF));
  CHECK(FAILS(lseek(fd[0], 0, SEEK_SET) == -1, ESPIPE));
  CHECK(FAILS(pread(fd[0], &byte, 1, 0) == -1, ESPIPE));
  CHECK(FAILS(ftruncate(fd[1], 0) == -1, EINVAL));
  twin = dup(fd[1]);
  CHECK(write(fd[1], "ab", 2) == 2 && close(fd[1]) == 0);
  CHECK(write(twin, "c", 1) == 1 && close(twin) == 0);
  CHECK(read(fd[0], &byte, 1) == 1 && byte == 'a');
  CHECK(read(fd[0], &byte, 1) == 1 && byte == 'b');
  CHECK(read(fd[0], &byte, 1) == 1 && byte == 'c');
  CHECK(read(fd[0], &byte, 1) == 0 && read(fd[0], &byte, 1) == 0);
  close(fd[0]);
  signal(SIGPIPE, count_broken);
  CHECK(pipe(fd) == 0 && close(fd[0]) == 0);
  CHECK(FAILS(write(fd[1], "x", 1) == -1, EPIPE) && broken_pipes == 1);
  signal(SIGPIPE, SIG_IGN);
  CHECK(FAILS(write(fd[1], "x", 1) == -1, EPIPE) && broken_pipes == 1);
  CHECK(write(fd[1], "x", 0) == 0);
  close(fd[1]);
}

static void check_descriptors(void) {
  struct stat st;
  int fd[2];
  CHECK(pipe(fd) == 0 && fstat(fd[0], &st) == 0 && st.st_nlink == 1);
  CHECK(fcntl(fd[0], F_GETPIPE_SZ) == CAPACITY);
  CHECK(fcntl(fd[1], F_SETPIPE_SZ, CAPACITY) == CAPACITY);
  close(fd[0]), close(fd[1]);
  CHECK(FAILS(pipe2(fd, O_APPEND) == -1, EINVAL));
  CHECK(pipe2(fd, O_NONBLOCK | O_CLOEXEC) == 0 && fd[1] == fd[0] + 1);
  CHECK(fcntl(fd[0], F_GETFL) == (O_RDONLY | O_NONBLOCK));
  CHECK(fcntl(fd[1], F_GETFL) == (O_WRONLY | O_NONBLOCK));
  CHECK(fcntl(fd[0], F_GETFD) == FD_CLOEXEC);
  CHECK(fcntl(fd[0], F_SETFL, 0) == 0 && fcntl(fd[0], F_GETFL) == O_RDONLY);
  CHECK(fstat(fd[0], &st) == 0 && S_ISFIFO(st.st_mode));
  CHECK((st.st_mode & 07777) == 0600);
  close(fd[0]), close(fd[1]);
}

static void check_fifo(void) {
  char dir[] = "/tmp/fifoXXXXXX", name[40], bytes[10];
  struct stat st;
  CHECK(mkdtemp(dir) != NULL);
  sprintf(name, "%s/fifo", dir);
  umask(022);
  CHECK(mkfifo(name, 0666) == 0 && stat(name, &st) == 0);
  CHECK(S_ISFIFO(st.st_mode) && (st.st_mode & 07777) == 0644);
  CHECK(FAILS(mkfifo(name, 0666) == -1, EEXIST));
  CHECK(FAILS(open(name, O_WRONLY | O_NONBLOCK) == -1, ENXIO));
  int in = open(name, O_RDONLY | O_NONBLOCK), out = open(name, O_WRONLY);
  CHECK(in >= 0 && out >= 0);
  CHECK(FAILS(read(in, bytes, 1) == -1, EAGAIN));
  CHECK(write(out, "bytes", 5) == 5 && read(in, bytes, 10) == 5);
  close(out);
  CHECK(read(in, bytes, 1) == 0);
  close(in);
  int both = open(name, O_RDWR);
  CHECK(both >= 0 && write(both, "x", 1) == 1 && read(both, bytes, 5) == 1);
  CHECK(unlink(name) == 0 && write(both, "y", 1) == 1);
  CHECK(read(both, bytes, 5) == 1 && bytes[0] == 'y');
  close(both);
  CHECK(mknod(name, S_IFREG | 0600, 0) == 0 && stat(name, &st) == 0);
  CHECK(S_ISREG(st.st_mode) && st.st_size == 0 && unlink(name) == 0);
  CHECK(FAILS(mkfifo("/tmp/not/there", 0600) == -1, ENOENT));
  CHECK(rmdir(dir) == 0);
}

static void check_stdio(void) {
  char line[20];
  int fd[2];
  CHECK(pipe(fd) == 0);
  FILE *in = fdopen(fd[0], "r"), *out = fdopen(fd[1], "w");
  fputs("one\ntwo\n", out);
  fclose(out);
  CHECK(fgets(line, 20, in) && !strcmp(line, "one\n"));
  CHECK(fgets(line, 20, in) && !strcmp(line, "two\n"));
  CHECK(!fgets(line, 20, in) && feof(in));
  fclose(in);
}

int main(void) {
  check_bytes_in_order();
  check_room();
  check_ends();
  check_descriptors();
  check_fifo();
  check_stdio();
  return check_end();
}
