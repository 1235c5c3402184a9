/*
** places.c - /dev, limits and sizes of the file system.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <sys/statvfs.h>

#include "fact.h"

static char buf[64];

static void devices(void) {
  int fd;
  struct stat st;
  SECTION("/dev/null");
  FACT(fd = open("/dev/null", O_RDWR));
  FACT(write(fd, "x", 1));
  FACT(read(fd, buf, 4));
  FACT(fstat(fd, &st));
  HOLDS(S_ISCHR(st.st_mode));
  FACT(st.st_mode & 07777);
  FACT(ftruncate(fd, 0));
  FACT(close(fd));
  FACT(fd = open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0644));
  FACT(close(fd));
  SECTION("/dev/zero");
  FACT(fd = open("/dev/zero", O_RDWR));
  memset(buf, 'x', sizeof buf);
  FACT(read(fd, buf, sizeof buf));
  HOLDS(buf[0] == 0 && !memcmp(buf, buf + 1, sizeof buf - 1));
  FACT(write(fd, "x", 1));
  FACT(close(fd));
  SECTION("/dev/full");
  FACT(fd = open("/dev/full", O_RDWR));
  FACT(write(fd, "x", 1));
  FACT(read(fd, buf, 4));
  FACT(close(fd));
  SECTION("/dev/random and /dev/urandom");
  FACT(fd = open("/dev/urandom", O_RDONLY));
  FACT(read(fd, buf, sizeof buf));
  HOLDS(memcmp(buf, buf + 32, 32));
  FACT(close(fd));
  FACT(fd = open("/dev/random", O_RDONLY));
  FACT(read(fd, buf, 8));
  FACT(close(fd));
  FACT(access("/dev/null", R_OK | W_OK));
  FACT(isatty(fd));
  FACT(fd = open("/dev/null", O_RDWR));
  FACT(isatty(fd));
  TEXT(ttyname(fd));
  FACT(close(fd));
}

static void limits(void) {
  SECTION("pathconf, sysconf");
  put_file("f", "text");
  FACT(pathconf("f", _PC_NAME_MAX));
  FACT(pathconf("f", _PC_PATH_MAX));
  FACT(pathconf("f", _PC_PIPE_BUF));
  FACT(pathconf(".", _PC_NO_TRUNC));
  HOLDS(sysconf(_SC_PAGESIZE) == 4096);
  HOLDS(sysconf(_SC_OPEN_MAX) >= 20);
  SECTION("statvfs");
  struct statvfs v, w;
  FACT(statvfs("f", &v));
  FACT(v.f_namemax);
  HOLDS(v.f_bsize > 0 && v.f_frsize > 0 && v.f_blocks > 0);
  HOLDS(v.f_bfree <= v.f_blocks && v.f_bavail <= v.f_bfree);
  FACT(v.f_flag & ST_RDONLY);
  int fd;
  FACT(fd = open("f", O_RDONLY));
  FACT(fstatvfs(fd, &w));
  HOLDS(v.f_bsize == w.f_bsize && v.f_namemax == w.f_namemax);
  FACT(close(fd));
  FACT(fstatvfs(fd, &w));
  FACT(statvfs("no", &v));
  FACT(statvfs("f/x", &v));
}

static void stats(void) {
  struct stat st, top;
  int fd;
  SECTION("stat");
  FACT(stat("f", &st));
  FACT(st.st_size);
  HOLDS(st.st_blocks > 0 && st.st_blksize > 0);
  HOLDS(st.st_ino != 0 && st.st_nlink == 1);
  FACT(fd = open("f", O_RDONLY));
  FACT(fstat(fd, &top));
  HOLDS(st.st_ino == top.st_ino && st.st_dev == top.st_dev);
  FACT(close(fd));
  FACT(fstat(fd, &st));
  FACT(stat("/", &st));
  FACT(stat("/..", &top));
  HOLDS(st.st_ino == top.st_ino && st.st_dev == top.st_dev);
  FACT(stat("no", &st));
  FACT(stat("", &st));
  FACT(stat("f/", &st));
  FACT(stat("f/.", &st));
  FACT(mkdir("/", 0755));
  FACT(rmdir("/"));
  FACT(unlink("/"));
  sync();
}

int main(int argc, char **argv) {
  begin(argc, argv);
  devices();
  limits();
  stats();
  return 0;
}
