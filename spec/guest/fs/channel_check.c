/*
** channel_check.c - channels as files, anywhere in the tree, by their type.
**
** Wants /data/deep/input, random get, "0123456789"; /data/pipe, sequential
** get, "abcdef"; /out/file, random get and put, empty; /out/log, random get
** and append put, empty; /out/small, as /out/file but with 10 bytes to put;
** /out/blind, sequential get, random put. Working directory: the root.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"

#define FAILS(call, why) \
  (errno = 0, CHECK((long)(call) == -1), CHECK(errno == (why)))

#define START 946684800 /* the default clock */

static void check_tree(void) {
  struct dirent *e;
  struct stat st;
  char b[100] = "", names[200] = "";
  DIR *d;
  CHECK(getcwd(b, sizeof(b)) && !strcmp(b, "/"));
  CHECK(mkdir("data/work", 0777) == 0 && chdir("/data/work") == 0);
  CHECK(getcwd(b, sizeof(b)) && !strcmp(b, "/data/work"));
  CHECK(access("../deep/input", R_OK) == 0);
  CHECK(access("../deep/input", W_OK) == -1 && errno == EACCES);
  d = opendir("/data");
  while (d && (e = readdir(d))) strcat(strcat(names, e->d_name), " ");
  CHECK(!strcmp(names, ". .. deep pipe work "));
  closedir(d);
  CHECK(stat("/data/deep/input", &st) == 0 && S_ISREG(st.st_mode));
  CHECK(st.st_size == 10 && (st.st_mode & 07777) == 0444);
  CHECK(st.st_nlink == 1 && st.st_uid == 1000);
  CHECK(st.st_mtim.tv_sec == START && st.st_mtim.tv_nsec == 0);
  CHECK(stat("/data/pipe", &st) == 0 && S_ISFIFO(st.st_mode));
  CHECK(st.st_size == 0);
  CHECK(stat("/out/file", &st) == 0 && (st.st_mode & 07777) == 0666);
  CHECK(stat("/", &st) == 0 && st.st_ino == 1 && S_ISDIR(st.st_mode));
  CHECK(stat("/tmp", &st) == 0 && (st.st_mode & 07777) == 01777);
  CHECK(chdir("/home/guest") == 0 && getcwd(b, sizeof(b)));
}

/* A descriptor from the start, and the same channel by its name. */
static void check_standard(void) {
  struct stat st, same;
  CHECK(fstat(1, &st) == 0 && stat("/dev/stdout", &same) == 0);
  CHECK(st.st_ino == 3 && same.st_ino == 3 && st.st_mode == same.st_mode);
  CHECK(st.st_mtim.tv_sec == same.st_mtim.tv_sec && st.st_nlink == 1);
  FAILS(open("/dev/stdin", O_WRONLY), EACCES);
  FAILS(lseek(0, 0, SEEK_SET), ESPIPE);
}

static void check_directions(void) {
  FAILS(open("/data/deep/input", O_WRONLY), EACCES);
  FAILS(open("/data/deep/input", O_RDWR), EACCES);
  FAILS(open("/data/deep/input", O_RDONLY | O_DIRECTORY), ENOTDIR);
  FAILS(open("/data/deep/input", O_RDONLY | O_CREAT | O_EXCL, 0), EEXIST);
  FAILS(open("/data/deep/input/x", O_RDONLY), ENOTDIR);
  FAILS(open("/out/blind", O_RDONLY), EACCES);
  /* Rights are the limits', whatever the mode says. */
  CHECK(chmod("/data/deep/input", 0666) == 0);
  FAILS(open("/data/deep/input", O_WRONLY), EACCES);
  CHECK(chmod("/data/deep/input", 0) == 0);
  FAILS(open("/data/deep/input", O_RDONLY), EACCES);
  CHECK(chmod("/data/deep/input", 0444) == 0);
}

/* Names of channels stay where the host put them. */
static void check_names(void) {
  CHECK(close(creat("/out/new", 0666)) == 0);
  FAILS(unlink("/out/file"), EBUSY);
  FAILS(rename("/out/file", "/out/moved"), EBUSY);
  FAILS(rename("/out/new", "/out/file"), EBUSY);
  FAILS(link("/out/file", "/out/linked"), EXDEV);
  FAILS(rmdir("/out/file"), ENOTDIR);
  FAILS(rmdir("/out"), ENOTEMPTY);
  CHECK(symlink("/out/file", "/tmp/link") == 0);
  int fd = open("/tmp/link", O_RDWR | O_TRUNC);
  CHECK(fd >= 0 && close(fd) == 0);
  CHECK(rename("/data/deep", "/data/deeper") == 0);
  CHECK(access("/data/deeper/input", R_OK) == 0);
  CHECK(rename("/data/deeper", "/data/deep") == 0);
}

static void check_input(void) {
  char b[20];
  int fd = open("/data/deep/input", O_RDONLY);
  CHECK(read(fd, b, 4) == 4 && lseek(fd, 0, SEEK_CUR) == 4);
  CHECK(pread(fd, b, 20, 8) == 2 && b[0] == '8');
  CHECK(lseek(fd, -3, SEEK_END) == 7 && read(fd, b, 20) == 3);
  CHECK(read(fd, b, 20) == 0 && pread(fd, b, 1, 1 << 20) == 0);
  CHECK(lseek(fd, 3, SEEK_DATA) == 3 && lseek(fd, 3, SEEK_HOLE) == 10);
  FAILS(lseek(fd, 10, SEEK_DATA), ENXIO);
  FAILS(write(fd, b, 1), EBADF);
  FAILS(ftruncate(fd, 10), EINVAL);
  CHECK(close(fd) == 0);
  fd = open("/data/pipe", O_RDONLY);
  FAILS(lseek(fd, 0, SEEK_CUR), ESPIPE);
  FAILS(pread(fd, b, 1, 0), ESPIPE);
  CHECK(read(fd, b, 2) == 2 && read(fd, b, 20) == 4 && b[0] == 'c');
  CHECK(read(fd, b, 20) == 0 && close(fd) == 0);
}

static void check_output(void) {
  struct stat st;
  char b[20];
  int fd = open("/out/file", O_RDWR | O_CREAT | O_TRUNC, 0600);
  CHECK(write(fd, "hello", 5) == 5 && pwrite(fd, "J", 1, 0) == 1);
  CHECK(fstat(fd, &st) == 0 && st.st_size == 5);
  CHECK(st.st_mtim.tv_sec == START && st.st_mtim.tv_nsec > 0);
  CHECK(ftruncate(fd, 5) == 0);
  FAILS(ftruncate(fd, 3), EINVAL);
  CHECK(pread(fd, b, 20, 0) == 5 && !memcmp(b, "Jello", 5));
  CHECK(fcntl(fd, F_SETFL, O_APPEND) == 0 && lseek(fd, 0, SEEK_SET) == 0);
  CHECK(write(fd, "!", 1) == 1 && lseek(fd, 0, SEEK_CUR) == 6);
  CHECK(fsync(fd) == 0 && close(fd) == 0);
  fd = open("/out/log", O_RDWR);
  CHECK(write(fd, "one ", 4) == 4 && lseek(fd, 0, SEEK_CUR) == 0);
  CHECK(write(fd, "two ", 4) == 4 && read(fd, b, 20) == 8);
  CHECK(pwrite(fd, "three", 5, 0) == 5 && pread(fd, b, 20, 8) == 5);
  CHECK(close(fd) == 0);
  fd = open("/out/blind", O_WRONLY);
  CHECK(pwrite(fd, "yz", 2, 3) == 2 && write(fd, "abc", 3) == 3);
  CHECK(close(fd) == 0);
  fd = open("/out/small", O_WRONLY);
  CHECK(write(fd, "0123456", 7) == 7 && write(fd, "789abc", 6) == 3);
  FAILS(write(fd, "d", 1), EDQUOT);
  CHECK(close(fd) == 0);
}

/* A call is a microsecond, a byte a nanosecond; a look-up is nothing. */
static void check_clock(void) {
  static char b[5000];
  struct timespec before, after;
  int fd = open("/tmp/clock", O_RDWR | O_CREAT, 0666);
  clock_gettime(CLOCK_REALTIME, &before);
  CHECK(write(fd, b, sizeof(b)) == sizeof(b));
  CHECK(pread(fd, b, 100, 0) == 100);
  CHECK(access("/tmp/clock", F_OK) == 0);
  clock_gettime(CLOCK_REALTIME, &after);
  CHECK((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec -
            before.tv_nsec == 1000 + 5000 + 1000 + 100 + 1000);
}

/* Gets in turn, puts at random: the position is that of puts. */
static void check_turns(void) {
  char b[20];
  int fd = open("/out/turns", O_RDONLY);
  CHECK(read(fd, b, 2) == 2 && !memcmp(b, "01", 2));
  FAILS(lseek(fd, 0, SEEK_SET), ESPIPE);
  FAILS(pread(fd, b, 1, 0), ESPIPE);
  CHECK(close(fd) == 0);
  fd = open("/out/turns", O_RDWR);
  CHECK(lseek(fd, 4, SEEK_SET) == 4 && read(fd, b, 2) == 2);
  CHECK(!memcmp(b, "23", 2) && lseek(fd, 0, SEEK_CUR) == 4);
  FAILS(pread(fd, b, 1, 0), ESPIPE);
  CHECK(write(fd, "W", 1) == 1 && lseek(fd, 0, SEEK_CUR) == 5);
  CHECK(pwrite(fd, "X", 1, 9) == 1 && read(fd, b, 1) == 1);
  CHECK(close(fd) == 0);
}

int main(void) {
  check_turns();
  check_tree();
  check_standard();
  check_directions();
  check_names();
  check_input();
  check_output();
  check_clock();
  return check_end();
}
