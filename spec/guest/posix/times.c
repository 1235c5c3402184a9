/*
** times.c - utimensat and its kin, and which calls move which time.
**
** Times are compared, not printed, unless they were set: clocks differ.
** Before each step the clock is moved on, which on the host takes a while.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <sys/time.h>
#include <time.h>
#include <utime.h>

#include "fact.h"

static struct stat before, after;

static int order(struct timespec a, struct timespec b) {
  if (a.tv_sec != b.tv_sec) return a.tv_sec < b.tv_sec ? -1 : 1;
  return a.tv_nsec < b.tv_nsec ? -1 : a.tv_nsec > b.tv_nsec;
}

static void wait_a_little(void) {
  nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

/* Which of mtime and ctime a statement moves; nothing moves them back. */
#define MOVES(path, statement)                                             \
  do {                                                                     \
    stat(path, &before);                                                   \
    wait_a_little();                                                       \
    statement;                                                             \
    stat(path, &after);                                                    \
    printf("%s: %s mtime %s, ctime %s\n", #statement, path,                \
           order(after.st_mtim, before.st_mtim) > 0 ? "moves" : "stays",   \
           order(after.st_ctim, before.st_ctim) > 0 ? "moves" : "stays");  \
  } while (0)

static void show_times(const char *path) {
  struct stat st;
  FACT(lstat(path, &st));
  printf("atime %lld.%09ld mtime %lld.%09ld\n", (long long)st.st_atim.tv_sec,
         st.st_atim.tv_nsec, (long long)st.st_mtim.tv_sec,
         st.st_mtim.tv_nsec);
}

static void set(void) {
  int fd;
  struct timespec t[2] = { { 1000, 123456789 }, { 2000, 987654321 } };
  struct timeval v[2] = { { 3000, 500000 }, { 4000, 999999 } };
  SECTION("times that are set");
  put_file("f", "text");
  FACT(utimensat(AT_FDCWD, "f", t, 0));
  show_times("f");
  t[0].tv_nsec = UTIME_OMIT;
  t[1] = (struct timespec){ 5000000000, 5 };
  FACT(utimensat(AT_FDCWD, "f", t, 0));
  show_times("f");
  t[0] = (struct timespec){ -5, 7 };
  t[1].tv_nsec = UTIME_OMIT;
  FACT(utimensat(AT_FDCWD, "f", t, 0));
  show_times("f");
  FACT(utimes("f", v));
  show_times("f");
  FACT(utime("f", &(struct utimbuf){ 10, 20 }));
  show_times("f");
  FACT(fd = open("f", O_RDONLY));
  t[0] = (struct timespec){ 1, 2 };
  t[1] = (struct timespec){ 3, 4 };
  FACT(futimens(fd, t));
  show_times("f");
  FACT(futimes(fd, v));
  show_times("f");
  FACT(close(fd));
  FACT(symlink("f", "l"));
  FACT(utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW));
  show_times("l");
  show_times("f");
  FACT(lutimes("l", v));
  show_times("l");
  FACT(mkdir("d", 0755));
  FACT(utimensat(AT_FDCWD, "d", t, 0));
  show_times("d");
}

static void refused(void) {
  struct timespec t[2] = { { 1000, 1000000000 }, { 2000, 0 } };
  struct timeval v[2] = { { 0, 1000000 }, { 0, 0 } };
  SECTION("times that are refused");
  FACT(utimensat(AT_FDCWD, "f", t, 0));
  t[0].tv_nsec = -1;
  FACT(utimensat(AT_FDCWD, "f", t, 0));
  FACT(utimes("f", v));
  FACT(futimens(99, NULL));
  FACT(utimensat(99, "f", NULL, 0));
  FACT(utimensat(AT_FDCWD, "no", NULL, 0));
  FACT(utimensat(AT_FDCWD, "f/x", NULL, 0));
  FACT(utimensat(AT_FDCWD, "", NULL, 0));
  FACT(utimensat(AT_FDCWD, "f", NULL, 0x10000000));
  FACT(utime("no", NULL));
}

static void now(void) {
  struct timespec t[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
  struct timespec start;
  SECTION("now");
  clock_gettime(CLOCK_REALTIME, &start);
  wait_a_little();
  FACT(utimensat(AT_FDCWD, "f", NULL, 0));
  stat("f", &after);
  HOLDS(order(after.st_mtim, start) > 0);
  HOLDS(order(after.st_mtim, after.st_atim) == 0);
  wait_a_little();
  before = after;
  FACT(utimensat(AT_FDCWD, "f", t, 0));
  stat("f", &after);
  HOLDS(order(after.st_mtim, before.st_mtim) > 0);
  FACT(utimes("f", NULL));
  FACT(utime("f", NULL));
  FACT(chmod("f", 0444));
  FACT(utime("f", NULL));
  FACT(chmod("f", 0644));
  put_file("n", "");
  stat("n", &after);
  HOLDS(order(after.st_mtim, start) > 0);
  HOLDS(order(after.st_mtim, after.st_ctim) == 0);
}

static void file_calls(void) {
  int fd;
  char c;
  SECTION("what moves the times of a file");
  fd = open("f", O_RDWR);
  MOVES("f", write(fd, "x", 1));
  MOVES("f", read(fd, &c, 1));
  MOVES("f", lseek(fd, 0, SEEK_SET));
  MOVES("f", pwrite(fd, "y", 1, 0));
  MOVES("f", ftruncate(fd, 1));
  MOVES("f", ftruncate(fd, 1));
  MOVES("f", truncate("f", 2));
  MOVES("f", write(fd, "", 0));
  MOVES("f", chmod("f", 0600));
  MOVES("f", chmod("f", 0600));
  MOVES("f", link("f", "f2"));
  MOVES("f", unlink("f2"));
  MOVES("f", close(open("f", O_WRONLY | O_TRUNC)));
  MOVES("f", close(open("f", O_RDONLY)));
  MOVES("f", chown("f", getuid(), getgid()));
  MOVES("f", utimensat(AT_FDCWD, "f", (struct timespec[2]){}, 0));
  close(fd);
}

static void directory_calls(void) {
  SECTION("what moves the times of a directory");
  MOVES("d", close(open("d/x", O_RDWR | O_CREAT, 0644)));
  MOVES("d", close(open("d/x", O_RDWR | O_CREAT, 0644)));
  MOVES("d", put_file("d/x", "more"));
  MOVES("d", link("d/x", "d/y"));
  MOVES("d", symlink("d/x", "d/z"));
  MOVES("d", mkdir("d/e", 0755));
  MOVES("d/e", rename("d/x", "d/e/x"));
  MOVES("d", rename("d/e/x", "d/x"));
  MOVES("d", unlink("d/x"));
  MOVES("d", rmdir("d/e"));
  MOVES("d", rmdir("d/e"));
  MOVES("d", chmod("d", 0755));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  set();
  refused();
  now();
  file_calls();
  directory_calls();
  return 0;
}
