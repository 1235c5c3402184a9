/*
** transfer_check.c - sendfile, copy_file_range, splice, advice; devices.
**
** The same under a kernel and in an instance. Expected: "N checks, 0
** failed", exit 0.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "check.h"

#define SIZE 100000
#define FAILS(call, error) (errno = 0, (call) && errno == (error))

static char bytes[SIZE], back[SIZE];

static int plain_file(void) {
  char name[] = "/tmp/moveXXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  return fd;
}

static void check_sendfile(void) {
  int in = plain_file(), out = plain_file(), fd[2];
  off_t off = 10;
  CHECK(write(in, bytes, SIZE) == SIZE && lseek(in, 5, SEEK_SET) == 5);
  CHECK(sendfile(out, in, &off, SIZE) == SIZE - 10 && off == SIZE);
  CHECK(lseek(in, 0, SEEK_CUR) == 5 && lseek(out, 0, SEEK_CUR) == SIZE - 10);
  CHECK(pread(out, back, SIZE, 0) == SIZE - 10);
  CHECK(!memcmp(back, bytes + 10, SIZE - 10));
  CHECK(sendfile(out, in, NULL, 7) == 7 && lseek(in, 0, SEEK_CUR) == 12);
  CHECK(sendfile(out, in, &off, 7) == 0);
  off = -1;
  CHECK(FAILS(sendfile(out, in, &off, 7) == -1, EINVAL));
  CHECK(FAILS(sendfile(999, in, NULL, 7) == -1, EBADF));
  CHECK(pipe2(fd, O_NONBLOCK) == 0);
  lseek(in, 0, SEEK_SET);
  CHECK(sendfile(fd[1], in, NULL, 20) == 20 && read(fd[0], back, 50) == 20);
  CHECK(!memcmp(back, bytes, 20));
  off = 0;
  CHECK(FAILS(sendfile(out, fd[0], &off, 20) == -1, ESPIPE));
  close(in), close(out), close(fd[0]), close(fd[1]);
}

static void check_copy_file_range(void) {
  int in = plain_file(), out = plain_file(), fd[2];
  off_t from = 100, to = 200000;
  struct stat st;
  CHECK(write(in, bytes, SIZE) == SIZE && lseek(in, 0, SEEK_SET) == 0);
  CHECK(copy_file_range(in, NULL, out, NULL, SIZE, 0) == SIZE);
  CHECK(lseek(in, 0, SEEK_CUR) == SIZE && lseek(out, 0, SEEK_CUR) == SIZE);
  CHECK(copy_file_range(in, NULL, out, NULL, SIZE, 0) == 0);
  CHECK(copy_file_range(in, &from, out, &to, 1000, 0) == 1000);
  CHECK(from == 1100 && to == 201000 && lseek(out, 0, SEEK_CUR) == SIZE);
  CHECK(fstat(out, &st) == 0 && st.st_size == 201000);
  CHECK(pread(out, back, 1000, 200000) == 1000);
  CHECK(!memcmp(back, bytes + 100, 1000));
  from = 0, to = 50;
  CHECK(FAILS(copy_file_range(in, &from, in, &to, 100, 0) == -1, EINVAL));
  to = 200;
  CHECK(copy_file_range(in, &from, in, &to, 100, 0) == 100);
  from = SIZE + 3, to = SIZE + 5;
  CHECK(copy_file_range(in, &from, in, &to, 100, 0) == 0);
  from = SIZE - 3, to = SIZE;
  CHECK(copy_file_range(in, &from, in, &to, 100, 0) == 3);
  CHECK(FAILS(copy_file_range(in, &from, out, NULL, 1, 1) == -1, EINVAL));
  CHECK(pipe(fd) == 0);
  CHECK(FAILS(copy_file_range(in, &from, fd[1], NULL, 1, 0) == -1, EINVAL));
  close(in), close(out), close(fd[0]), close(fd[1]);
}

static void check_splice(void) {
  int in = plain_file(), out = plain_file(), fd[2];
  off_t off = 3;
  CHECK(write(in, bytes, 1000) == 1000 && pipe2(fd, O_NONBLOCK) == 0);
  CHECK(splice(in, &off, fd[1], NULL, 500, 0) == 500 && off == 503);
  CHECK(splice(fd[0], NULL, out, NULL, 300, SPLICE_F_MOVE) == 300);
  off = 300;
  CHECK(splice(fd[0], NULL, out, &off, 300, 0) == 200 && off == 500);
  CHECK(pread(out, back, 600, 0) == 500 && !memcmp(back, bytes + 3, 500));
  CHECK(FAILS(splice(in, NULL, out, NULL, 10, 0) == -1, EINVAL));
  CHECK(FAILS(splice(in, NULL, fd[1], &off, 10, 0) == -1, ESPIPE));
  close(in), close(out), close(fd[0]), close(fd[1]);
}

static void check_advice(void) {
  int file = plain_file(), fd[2];
  CHECK(pipe(fd) == 0);
  CHECK(posix_fadvise(file, 0, 100, POSIX_FADV_WILLNEED) == 0);
  CHECK(posix_fadvise(file, 0, 100, 99) == EINVAL);
  CHECK(posix_fadvise(fd[0], 0, 0, POSIX_FADV_NORMAL) == ESPIPE);
  CHECK(posix_fadvise(999, 0, 0, POSIX_FADV_NORMAL) == EBADF);
  CHECK(readahead(file, 0, 100) == 0);
  CHECK(FAILS(readahead(fd[0], 0, 100) == -1, EINVAL));
  CHECK(sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE) == 0);
  CHECK(FAILS(sync_file_range(file, 0, 0, 99) == -1, EINVAL));
  close(file), close(fd[0]), close(fd[1]);
}

static int device(const char *name, unsigned number) {
  struct stat st;
  int fd = open(name, O_RDWR);
  CHECK(stat(name, &st) == 0 && S_ISCHR(st.st_mode));
  CHECK((st.st_mode & 0777) == 0666);
  CHECK(major(st.st_rdev) == 1 && minor(st.st_rdev) == number);
  return fd;
}

static void check_devices(void) {
  int null = device("/dev/null", 3), zero = device("/dev/zero", 5);
  int full = device("/dev/full", 7), chance = device("/dev/urandom", 9);
  CHECK(lseek(null, 10, SEEK_SET) == 0 && lseek(zero, 3, SEEK_CUR) == 0);
  CHECK(FAILS(lseek(null, 0, 9) == -1, EINVAL));
  memset(back, 'x', SIZE);
  CHECK(read(null, back, 10) == 0 && write(null, back, SIZE) == SIZE);
  CHECK(read(zero, back, 1000) == 1000 && !back[0] && !back[999]);
  CHECK(back[1000] == 'x' && write(zero, back, 10) == 10);
  back[0] = 'x';
  CHECK(read(full, back, 10) == 10 && !back[0]);
  CHECK(FAILS(write(full, back, 10) == -1, ENOSPC));
  CHECK(FAILS(pwrite(full, back, 0, 0) == -1, ENOSPC));
  memset(back, 0, 64);
  CHECK(read(chance, back, 64) == 64);
  CHECK(memchr(back, back[0] ^ 1, 64) || memcmp(back, back + 1, 63));
  CHECK(lseek(null, 100, SEEK_SET) >= 0);
  CHECK(FAILS(ftruncate(null, 0) == -1, EINVAL));
  FILE *f = fopen("/dev/null", "w"); /* O_TRUNC, O_CREAT */
  CHECK(f && fprintf(f, "text") == 4 && fclose(f) == 0);
  f = fopen("/dev/full", "w");
  CHECK(f && fprintf(f, "text") == 4 && fclose(f) == EOF);
  close(null), close(zero), close(full), close(chance);
}

/* Open descriptors by name. */
static void check_descriptors(void) {
  char name[64], text[64];
  int file = plain_file(), fd[2], n, again, listed = 0;
  struct dirent *e;
  struct stat a, b;
  CHECK(write(file, "text", 4) == 4);
  sprintf(name, "/proc/self/fd/%d", file);
  CHECK(stat(name, &a) == 0 && fstat(file, &b) == 0 && a.st_ino == b.st_ino);
  CHECK(lstat(name, &a) == 0 && S_ISLNK(a.st_mode));
  again = open(name, O_RDONLY); /* from its start */
  CHECK(again >= 0 && read(again, text, 64) == 4);
  sprintf(name, "/dev/fd/%d", file);
  CHECK(access(name, F_OK) == 0);
  close(again), close(file);
  CHECK(FAILS(access(name, F_OK) == -1, ENOENT));
  CHECK(pipe(fd) == 0 && write(fd[1], "bytes", 5) == 5);
  sprintf(name, "/dev/fd/%d", fd[0]);
  again = open(name, O_RDONLY);
  CHECK(again >= 0 && read(again, text, 64) == 5);
  DIR *dir = opendir("/proc/self/fd");
  while ((e = readdir(dir))) {
    n = atoi(e->d_name);
    listed += *e->d_name != '.' && (n == fd[0] || n == fd[1] || n == again);
  }
  CHECK(listed == 3 && closedir(dir) == 0);
  close(again), close(fd[0]), close(fd[1]);
}

static const char *last_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static void check_proc(int argc, char **argv) {
  char text[4096], exe[4096];
  FILE *f = fopen("/proc/self/cmdline", "r");
  size_t n = fread(text, 1, sizeof(text), f);
  CHECK(argc == 2 && n == strlen(argv[0]) + strlen(argv[1]) + 2);
  CHECK(!strcmp(text, argv[0]) && !strcmp(text + strlen(argv[0]) + 1, argv[1]));
  fclose(f);
  n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
  CHECK((int)n > 0);
  exe[n] = 0;
  CHECK(exe[0] == '/' && !strcmp(last_name(exe), last_name(argv[0])));
  f = fopen("/proc/meminfo", "r");
  long total = 0;
  CHECK(f && fscanf(f, "MemTotal: %ld kB", &total) == 1 && total > 1000);
  fclose(f);
}

int main(int argc, char **argv) {
  for (int i = 0; i < SIZE; i++) bytes[i] = (char)(i * 7 + i / 256);
  check_sendfile();
  check_copy_file_range();
  check_splice();
  check_advice();
  check_devices();
  check_descriptors();
  check_proc(argc, argv);
  return check_end();
}
