/*
** contents.c - bytes of files: positions, holes, sizes, vectors.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <sys/uio.h>

#include "fact.h"

static char buf[4096];
static struct stat st;

static long long size_of(const char *path) {
  return stat(path, &st) ? -1 : (long long)st.st_size;
}

static int is_zero(const char *p, size_t n) {
  while (n--)
    if (*p++) return 0;
  return 1;
}

static void positions(void) {
  int fd;
  SECTION("lseek");
  put_file("a", "0123456789");
  FACT(fd = open("a", O_RDWR));
  FACT(lseek(fd, 4, SEEK_SET));
  FACT(lseek(fd, -2, SEEK_CUR));
  FACT(lseek(fd, -3, SEEK_END));
  FACT(read(fd, buf, 2));
  TEXT((buf[2] = 0, buf));
  FACT(lseek(fd, -1, SEEK_SET));
  FACT(lseek(fd, -20, SEEK_END));
  FACT(lseek(fd, -10, SEEK_CUR));
  FACT(lseek(fd, 0, 99));
  FACT(lseek(fd, 0, SEEK_CUR));
  FACT(lseek(fd, INT64_MAX, SEEK_CUR));
  FACT(lseek(fd, 100, SEEK_SET));
  FACT(read(fd, buf, 10));
  FACT(size_of("a"));
  FACT(write(fd, "x", 1));
  FACT(size_of("a"));
  FACT(pread(fd, buf, 200, 5));
  HOLDS(is_zero(buf + 5, 90));
  FACT(buf[95]);
  FACT(lseek(fd, 0, SEEK_CUR));
  FACT(pwrite(fd, "Y", 1, 0));
  FACT(lseek(fd, 0, SEEK_CUR));
  FACT(pread(fd, buf, 1, 0));
  FACT(buf[0]);
  FACT(pread(fd, buf, 10, 101));
  FACT(pread(fd, buf, 10, 5000));
  FACT(pread(fd, buf, 10, -1));
  FACT(pwrite(fd, buf, 10, -1));
  FACT(close(fd));
}

static void truncation(void) {
  int fd;
  SECTION("truncate and ftruncate");
  put_file("t", "abcdefgh");
  FACT(truncate("t", 3));
  TEXT(content_of("t"));
  FACT(truncate("t", 6));
  FACT(size_of("t"));
  FACT(fd = open("t", O_RDWR));
  FACT(read(fd, buf, 10));
  HOLDS(!memcmp(buf, "abc\0\0\0", 6));
  FACT(ftruncate(fd, 1));
  FACT(lseek(fd, 0, SEEK_CUR));
  FACT(write(fd, "z", 1));
  FACT(size_of("t"));
  FACT(ftruncate(fd, 0));
  FACT(ftruncate(fd, -1));
  FACT(close(fd));
  FACT(ftruncate(fd, 0));
  FACT(truncate("t", -1));
  FACT(truncate("no", 0));
  FACT(truncate("", 0));
  FACT(mkdir("d", 0755));
  FACT(truncate("d", 0));
  FACT(truncate("t/x", 0));
  put_file("t", "abcdefgh");
  FACT(chmod("t", 0444));
  FACT(truncate("t", 0));
  FACT(open("t", O_RDONLY | O_TRUNC));
  FACT(size_of("t"));
}

/* What is cut off is zero when the file grows again. */
static void regrown(void) {
  int fd;
  SECTION("cut and grown again");
  FACT(fd = open("g", O_RDWR | O_CREAT, 0644));
  memset(buf, 'x', sizeof buf);
  for (int i = 0; i < 5; i++) FACT(write(fd, buf, sizeof buf));
  FACT(ftruncate(fd, 5000));
  FACT(ftruncate(fd, 20480));
  FACT(pread(fd, buf, 4096, 4096));
  HOLDS(buf[903] == 'x');
  HOLDS(is_zero(buf + 904, 4096 - 904));
  FACT(pread(fd, buf, 4096, 8192));
  HOLDS(is_zero(buf, 4096));
  FACT(ftruncate(fd, 100));
  FACT(pwrite(fd, "y", 1, 300));
  FACT(pread(fd, buf, 4096, 0));
  HOLDS(is_zero(buf + 100, 200));
  FACT(close(fd));
}

static void holes(void) {
  int fd;
  SECTION("holes");
  FACT(fd = open("h", O_RDWR | O_CREAT, 0644));
  FACT(pwrite(fd, "end", 3, 1999999997));
  FACT(size_of("h"));
  HOLDS(st.st_blocks * 512 < 1000000);
  FACT(pread(fd, buf, 4096, 1000000000));
  HOLDS(is_zero(buf, 4096));
  FACT(pread(fd, buf, 4096, 1999999990));
  HOLDS(!memcmp(buf, "\0\0\0\0\0\0\0end", 10));
  FACT(lseek(fd, 0, SEEK_HOLE));
  FACT(lseek(fd, 2000000000, SEEK_DATA));
  FACT(lseek(fd, 2000000000, SEEK_HOLE));
  FACT(lseek(fd, 1999999999, SEEK_DATA));
  FACT(lseek(fd, 1999999999, SEEK_HOLE));
  FACT(ftruncate(fd, 10));
  FACT(lseek(fd, 0, SEEK_END));
  FACT(close(fd));
  FACT(unlink("h"));
}

static void appending(void) {
  int fd, other;
  SECTION("two that append");
  FACT(fd = open("log", O_WRONLY | O_APPEND | O_CREAT, 0644));
  FACT(other = open("log", O_WRONLY | O_APPEND));
  for (int i = 0; i < 3; i++) {
    FACT(write(fd, "one ", 4));
    FACT(write(other, "two ", 4));
  }
  FACT(ftruncate(fd, 8));
  FACT(write(other, "end", 3));
  TEXT(content_of("log"));
  FACT(close(fd));
  FACT(close(other));
}

static void vectors(void) {
  int fd;
  char a[4] = "", b[4] = "", c[8] = "";
  struct iovec out[3] = { { "abc", 3 }, { "", 0 }, { "defgh", 5 } };
  struct iovec in[3] = { { a, 3 }, { b, 3 }, { c, 7 } };
  SECTION("readv and writev");
  FACT(fd = open("v", O_RDWR | O_CREAT, 0644));
  FACT(writev(fd, out, 3));
  FACT(lseek(fd, 0, SEEK_SET));
  FACT(readv(fd, in, 3));
  TEXT(a);
  TEXT(b);
  TEXT(c);
  FACT(readv(fd, in, 3));
  FACT(readv(fd, in, 0));
  FACT(readv(fd, in, -1));
  FACT(writev(fd, out, IOV_MAX + 1));
  FACT(pwritev(fd, out, 2, 4));
  FACT(preadv(fd, in, 2, 1));
  TEXT(a);
  FACT(lseek(fd, 0, SEEK_CUR));
  FACT(close(fd));
}

static void allocation(void) {
  int fd;
  SECTION("posix_fallocate");
  FACT(fd = open("f", O_RDWR | O_CREAT, 0644));
  ERROR(posix_fallocate(fd, 0, 100));
  FACT(size_of("f"));
  ERROR(posix_fallocate(fd, 10, 20));
  FACT(size_of("f"));
  ERROR(posix_fallocate(fd, -1, 20));
  ERROR(posix_fallocate(fd, 0, 0));
  ERROR(posix_fallocate(99, 0, 10));
  ERROR(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
  FACT(fsync(fd));
  FACT(fdatasync(fd));
  FACT(close(fd));
  FACT(fsync(fd));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  positions();
  truncation();
  regrown();
  holes();
  appending();
  vectors();
  allocation();
  return 0;
}
