/*
** instance_check.c - what only an instance has: channels, its own limits,
** waits that nobody could end.
**
** Wants /data/input of random get, holding 10,000 bytes: 'a' + i % 26;
** /data/both, random get and put, empty; a channel /dev/zero holding
** "hidden"; 16 MiB of memory. Expected: "N checks, 0
** failed", exit 0.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>
#include <zvm.h>

#include "check.h"

#define PAGE 4096
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define FAILS(call, error) (errno = 0, (call) && errno == (error))
#define INPUT 10000

static int is_input(const char *p, int n) {
  while (n && p[n - 1] == 'a' + (n - 1) % 26) n--;
  return !n;
}

static void check_channels(void) {
  int in = open("/data/input", O_RDONLY), both = open("/data/both", O_RDWR);
  char *p = mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE, in, 0), *q;
  CHECK(p != MAP_FAILED && is_input(p, INPUT) && !p[INPUT]);
  memset(p, '!', 3 * PAGE);
  CHECK(madvise(p, 3 * PAGE, MADV_DONTNEED) == 0);
  CHECK(is_input(p, INPUT) && !p[INPUT] && munmap(p, 3 * PAGE) == 0);
  p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, in, PAGE);
  CHECK(p != MAP_FAILED && p[0] == 'a' + PAGE % 26 && munmap(p, PAGE) == 0);
  /* Shared and only to be read: a copy of now. */
  CHECK(write(both, "before", 6) == 6);
  p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, both, 0);
  CHECK(p != MAP_FAILED && !strcmp(p, "before"));
  CHECK(pwrite(both, "after!", 6, 0) == 6 && !strcmp(p, "before"));
  CHECK(munmap(p, PAGE) == 0);
  CHECK(FAILS(mmap(NULL, PAGE, RW, MAP_SHARED, both, 0) == MAP_FAILED,
              ENODEV));
  CHECK(FAILS(mmap(NULL, PAGE, RW, MAP_PRIVATE, 0, 0) == MAP_FAILED, ENODEV));
  close(in), close(both);
}

static void check_results(void) {
  char *p = mmap(NULL, 4 * PAGE, RW, ANON, -1, 0), *q;
  int fd = memfd_create("file", 0);
  CHECK(FAILS(mmap(NULL, PAGE, PROT_EXEC | PROT_READ, ANON, -1, 0) ==
                  MAP_FAILED,
              EPERM) || errno == ENOMEM);
  CHECK(FAILS(mprotect(p, PAGE, PROT_EXEC | PROT_READ) == -1, EACCES));
  CHECK(mprotect(p, PAGE, PROT_NONE) == 0);
  p[0] = 1; /* rights are not taken away */
  /* Only what mmap gave can be replaced, and nothing outside the heap. */
  char *block = malloc(100000);
  q = (char *)(((uintptr_t)block + PAGE - 1) & -PAGE);
  CHECK(FAILS(mmap(q, PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED,
              ENOMEM));
  free(block);
  CHECK(FAILS(mmap((void *)0x20000, PAGE, RW, ANON | MAP_FIXED, -1, 0) ==
                  MAP_FAILED,
              ENOMEM));
  CHECK(FAILS(mmap((void *)0xe0000000, PAGE, RW, ANON | MAP_FIXED, -1, 0) ==
                  MAP_FAILED,
              ENOMEM));
  CHECK(mmap((void *)0xe0000000, PAGE, RW, ANON, -1, 0) != MAP_FAILED);
  /* The pages of a file lie where they lie. */
  CHECK(ftruncate(fd, PAGE) == 0);
  CHECK(FAILS(mmap(p, PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED,
              ENOTSUP) && p[0] == 1);
  q = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
  CHECK(q != MAP_FAILED && mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0) == q);
  q[0] = 7;
  CHECK(munmap(q, PAGE) == 0 && q[0] == 7 && munmap(q, PAGE) == 0);
  CHECK(munmap(q, PAGE) == 0); /* nothing there any more */
  char byte = 0;
  CHECK(pread(fd, &byte, 1, 0) == 1 && byte == 7);
  CHECK(mprotect(&fd, 4, RW) == -1 || 1);
  CHECK(sbrk(0) == (void *)0 && FAILS(sbrk(PAGE) == (void *)-1, ENOMEM));
  munmap(p, 4 * PAGE), close(fd);
}

/* A hint that is free is taken; the stack and the data can be asked for. */
static void check_places(void) {
  static char data[3 * PAGE];
  char *p = mmap(NULL, 8 * PAGE, RW, ANON, -1, 0), *q = p + 2 * PAGE;
  char *own = (char *)((uintptr_t)data & -PAGE);
  char *stack = (char *)((uintptr_t)&p & -PAGE);
  CHECK(munmap(p, 8 * PAGE) == 0);
  CHECK(mmap(q, 2 * PAGE, RW, ANON, -1, 0) == q);
  CHECK(mmap(q + PAGE, PAGE, RW, ANON, -1, 0) != q + PAGE);
  CHECK(munmap(q, 2 * PAGE) == 0);
  CHECK(mprotect(own, PAGE, RW) == 0 && mprotect(stack, PAGE, RW) == 0);
  CHECK(FAILS(mprotect((void *)0x1000, PAGE, RW) == -1, ENOMEM));
  CHECK(FAILS(madvise(own, PAGE, MADV_DONTNEED) == -1, EINVAL));
}

static const char *program;

static int64_t now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/* Nobody else runs: what would wait for ever says so. */
static void check_deadlocks(void) {
  static char bytes[65536 + 10];
  struct epoll_event event = { EPOLLIN };
  int fd[2], ep = epoll_create1(0), ev = eventfd(0, 0);
  fd_set in;
  CHECK(pipe(fd) == 0 && FAILS(read(fd[0], bytes, 1) == -1, EDEADLK));
  struct pollfd p = { fd[0], POLLIN };
  CHECK(FAILS(poll(&p, 1, -1) == -1, EDEADLK));
  CHECK(FAILS(poll(NULL, 0, -1) == -1, EDEADLK));
  FD_ZERO(&in);
  FD_SET(fd[0], &in);
  CHECK(FAILS(select(fd[0] + 1, &in, NULL, NULL, NULL) == -1, EDEADLK));
  CHECK(FD_ISSET(fd[0], &in));
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &event) == 0);
  CHECK(FAILS(epoll_wait(ep, &event, 1, -1) == -1, EDEADLK));
  CHECK(write(fd[1], bytes, sizeof(bytes)) == 65536);
  CHECK(FAILS(write(fd[1], bytes, 1) == -1, EDEADLK));
  CHECK(FAILS(eventfd_read(ev, (eventfd_t *)bytes) == -1, EDEADLK));
  CHECK(mkfifo("/tmp/fifo", 0600) == 0);
  CHECK(FAILS(open("/tmp/fifo", O_RDONLY) == -1, EDEADLK));
  CHECK(FAILS(open("/tmp/fifo", O_WRONLY) == -1, EDEADLK));
  int a = open("/tmp", O_RDONLY), b = open("/tmp", O_RDONLY);
  CHECK(flock(a, LOCK_EX) == 0 && FAILS(flock(b, LOCK_EX) == -1, EDEADLK));
  int64_t before = now();
  CHECK(poll(NULL, 0, 86400000) == 0);
  int64_t gone = now() - before;
  CHECK(gone >= 86400000000000 && gone < 86400000000000 + 10000);
  close(a), close(b), close(ev), close(ep), close(fd[0]), close(fd[1]);
}

static int link_is(const char *name, const char *want) {
  char text[100] = { 0 };
  int n = readlink(name, text, sizeof(text) - 1);
  if (n == (int)strlen(want) && !strcmp(text, want)) return 1;
  printf("  %s is %s\n", name, text);
  return 0;
}

static void check_names(void) {
  char name[40], text[20] = { 0 };
  struct stat st;
  int fd = open("/dev/zero", O_RDONLY), other;
  CHECK(read(fd, text, 10) == 6 && !strcmp(text, "hidden"));
  close(fd);
  CHECK(FAILS(open("/dev/tty", O_RDWR) == -1, ENOENT));
  CHECK(stat("/dev/null", &st) == 0 && st.st_uid == 0);
  sprintf(name, "/bin/%s", program);
  CHECK(link_is("/proc/self/exe", name));
  CHECK(link_is("/dev/fd", "/proc/self/fd"));
  CHECK(mkdir("/tmp/a", 0700) == 0 && mkdir("/tmp/a/b", 0700) == 0);
  fd = open("/tmp/a/b/file", O_RDWR | O_CREAT, 0600);
  other = open("/tmp/a/b", O_RDONLY);
  sprintf(name, "/proc/self/fd/%d", fd);
  CHECK(link_is(name, "/tmp/a/b/file"));
  unlink("/tmp/a/b/file");
  CHECK(fstat(fd, &st) == 0);
  sprintf(text, "anon:[%d]", (int)st.st_ino);
  CHECK(link_is(name, text));
  sprintf(name, "/proc/self/fd/%d", other);
  CHECK(link_is(name, "/tmp/a/b"));
  CHECK(link_is("/proc/self/cwd", "/"));
  CHECK(link_is("/proc/self/fd/0", "/dev/stdin"));
  CHECK(chdir("/tmp/a") == 0 && link_is("/proc/self/cwd", "/tmp/a"));
  CHECK(stat("/proc/self/cwd/b", &st) == 0 && S_ISDIR(st.st_mode));
  CHECK(chdir("/") == 0);
  close(fd), close(other);
}

static void check_user(void) {
  struct passwd *pw = getpwuid(getuid());
  struct group *gr = getgrgid(getgid());
  CHECK(pw && !strcmp(pw->pw_name, "guest"));
  CHECK(pw && !strcmp(pw->pw_dir, "/home/guest"));
  CHECK(gr && !strcmp(gr->gr_name, "guest") && gr->gr_gid == 1000);
  CHECK(gr && gr->gr_mem[0] == NULL);
  gr = getgrnam("guest");
  CHECK(gr && gr->gr_gid == 1000 && !getgrnam("nobody") && !getgrgid(5));
  CHECK(!getpwnam("nobody") && getpwnam("guest")->pw_uid == 1000);
}

/* The memory that files take is never the program's last. */
static void check_room(void) {
  static char bytes[PAGE];
  size_t heap = MANIFEST->heap_size, reserve = heap / 64;
  size_t pages = sysconf(_SC_PHYS_PAGES), written = 0;
  struct sysinfo info;
  int fd = open("/tmp/large", O_RDWR | O_CREAT, 0600), n;
  void *last;
  CHECK(pages == heap / PAGE && sysinfo(&info) == 0);
  CHECK(info.totalram == heap && info.freeram < heap);
  if (reserve < 65536) reserve = 65536;
  memset(bytes, 'x', PAGE);
  while ((n = write(fd, bytes, PAGE)) == PAGE) written += PAGE;
  CHECK(n == -1 && errno == ENOSPC && written > heap - (2u << 20));
  for (int i = 0; i < 100; i++) { /* less than a page may be left */
    char name[20];
    sprintf(name, "/tmp/%d", i);
    n = mkdir(name, 0700);
  }
  CHECK(n == -1 && errno == ENOSPC);
  CHECK(FAILS(write(fd, bytes, 1) == -1, ENOSPC));
  CHECK(sysinfo(&info) == 0 && info.freeram < reserve + 4 * PAGE);
  CHECK(info.freeram >= reserve);
  CHECK((last = malloc(reserve - 8 * PAGE)) != NULL);
  free(last);
  CHECK(pread(fd, bytes, PAGE, written - PAGE) == PAGE && bytes[9] == 'x');
  CHECK(ftruncate(fd, 100) == 0 && lseek(fd, 0, SEEK_END) == 100);
  CHECK(write(fd, bytes, PAGE) == PAGE && mkdir("/tmp/some", 0700) == 0);
  close(fd);
}

int main(int argc, char **argv) {
  program = argv[0];
  check_channels();
  check_results();
  check_places();
  check_deadlocks();
  check_names();
  check_user();
  check_room();
  return check_end();
}
