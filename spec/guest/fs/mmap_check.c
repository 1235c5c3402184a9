/*
** mmap_check.c - mmap and its kin, as Linux has them.
**
** The same under a kernel and in an instance. Expected: "N checks, 0
** failed", exit 0.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define FAILS(call, error) (errno = 0, (call) && errno == (error))

static char *anonymous(int pages) {
  return mmap(NULL, pages * PAGE, RW, ANON, -1, 0);
}

static int is_all(const char *p, int c, size_t n) {
  while (n && p[n - 1] == (char)c) n--;
  return !n;
}

/* A file without a name: each page is full of its letter, A first. */
static int lettered(int pages, int more) {
  char name[] = "/tmp/mmapXXXXXX", text[PAGE];
  int fd = mkstemp(name);
  unlink(name);
  for (int i = 0; i < pages; i++) {
    memset(text, 'A' + i, PAGE);
    CHECK(write(fd, text, PAGE) == PAGE);
  }
  memset(text, 'A' + pages, PAGE);
  CHECK(write(fd, text, more) == more);
  return fd;
}

static void check_anonymous(void) {
  char *p = anonymous(8), *q;
  CHECK(p != MAP_FAILED && is_all(p, 0, 8 * PAGE));
  memset(p, 'x', 8 * PAGE);
  CHECK(munmap(p + 2 * PAGE, 2 * PAGE) == 0);
  CHECK(munmap(p + 2 * PAGE, 2 * PAGE) == 0); /* nothing there: no error */
  CHECK(is_all(p, 'x', 2 * PAGE) && is_all(p + 4 * PAGE, 'x', 4 * PAGE));
  /* The hole, by its address. */
  q = mmap(p + 2 * PAGE, 2 * PAGE, RW, ANON, -1, 0);
  CHECK(q == p + 2 * PAGE && is_all(q, 0, 2 * PAGE));
  CHECK(munmap(p, 8 * PAGE) == 0);
  p = anonymous(4);
  memset(p, 'y', 4 * PAGE);
  q = mmap(p + PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
  CHECK(q == p + PAGE && is_all(q, 0, 2 * PAGE));
  CHECK(is_all(p, 'y', PAGE) && is_all(p + 3 * PAGE, 'y', PAGE));
  CHECK(FAILS(mmap(p, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) ==
                  MAP_FAILED,
              EEXIST));
  CHECK(munmap(p + PAGE, PAGE) == 0);
  q = mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
  CHECK(q == p + PAGE);
  CHECK(munmap(p, 4 * PAGE) == 0);
  /* Fixed over a hole and pages that are there at once. */
  p = anonymous(6);
  memset(p, 'z', 6 * PAGE);
  CHECK(munmap(p + 2 * PAGE, 2 * PAGE) == 0);
  q = mmap(p + PAGE, 4 * PAGE, RW, ANON | MAP_FIXED | MAP_POPULATE, -1, 0);
  CHECK(q == p + PAGE && is_all(q, 0, 4 * PAGE));
  CHECK(is_all(p, 'z', PAGE) && is_all(p + 5 * PAGE, 'z', PAGE));
  CHECK(munmap(p, 6 * PAGE) == 0);
}

static void check_refusals(void) {
  char *p = anonymous(2);
  int fd = lettered(1, 0), pipes[2];
  CHECK(FAILS(mmap(NULL, 0, RW, ANON, -1, 0) == MAP_FAILED, EINVAL));
  CHECK(FAILS(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0) == MAP_FAILED,
              EINVAL));
  CHECK(FAILS(mmap(p + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED,
              EINVAL));
  CHECK(FAILS(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 100) == MAP_FAILED,
              EINVAL));
  CHECK(FAILS(mmap(NULL, PAGE, RW, MAP_PRIVATE, 999, 0) == MAP_FAILED,
              EBADF));
  CHECK(FAILS(mmap(NULL, SIZE_MAX - PAGE, RW, ANON, -1, 0) == MAP_FAILED,
              ENOMEM));
  CHECK(FAILS(munmap(p + 1, PAGE) == -1, EINVAL));
  CHECK(FAILS(munmap(p, 0) == -1, EINVAL));
  CHECK(FAILS(msync(p + 1, PAGE, MS_SYNC) == -1, EINVAL));
  CHECK(FAILS(msync(p, PAGE, MS_SYNC | MS_ASYNC) == -1, EINVAL));
  CHECK(FAILS(madvise(p + 1, PAGE, MADV_DONTNEED) == -1, EINVAL));
  CHECK(FAILS(madvise(p, PAGE, 4711) == -1, EINVAL));
  munmap(p + PAGE, PAGE);
  CHECK(FAILS(mprotect(p, 2 * PAGE, RW) == -1, ENOMEM));
  CHECK(FAILS(msync(p, 2 * PAGE, MS_SYNC) == -1, ENOMEM));
  CHECK(FAILS(madvise(p, 2 * PAGE, MADV_WILLNEED) == -1, ENOMEM));
  CHECK(FAILS(mlock(p, 2 * PAGE) == -1, ENOMEM));
  CHECK(mprotect(p, PAGE, PROT_NONE) == 0 && mprotect(p, PAGE, RW) == 0);
  CHECK(mlock(p, 10) == 0 && munlock(p + 7, 10) == 0);
  CHECK(mlockall(0) == -1 && munlockall() == 0);
  CHECK(pipe(pipes) == 0);
  CHECK(FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0) ==
                  MAP_FAILED,
              ENODEV));
  close(pipes[0]);
  close(pipes[1]);
  munmap(p, PAGE);
  close(fd);
}

static void check_rights(void) {
  char name[] = "/tmp/mmapXXXXXX";
  int fd = mkstemp(name), in = open(name, O_RDONLY),
      out = open(name, O_WRONLY), dir = open("/tmp", O_RDONLY);
  CHECK(FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, out, 0) == MAP_FAILED,
              EACCES));
  CHECK(FAILS(mmap(NULL, PAGE, RW, MAP_SHARED, in, 0) == MAP_FAILED, EACCES));
  CHECK(FAILS(mmap(NULL, PAGE, RW, MAP_SHARED, out, 0) == MAP_FAILED,
              EACCES));
  CHECK(FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0) == MAP_FAILED,
              ENODEV));
  char *p = mmap(NULL, PAGE, RW, MAP_PRIVATE, in, 0);
  CHECK(p != MAP_FAILED && munmap(p, PAGE) == 0);
  unlink(name);
  close(fd), close(in), close(out), close(dir);
}

static void check_private_file(void) {
  int fd = lettered(3, 100);
  char *p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0), byte;
  CHECK(p != MAP_FAILED && is_all(p + 2 * PAGE, 'C', PAGE));
  CHECK(is_all(p + 3 * PAGE, 'D', 100));
  CHECK(is_all(p + 3 * PAGE + 100, 0, PAGE - 100));
  p[0] = '!';
  CHECK(pread(fd, &byte, 1, 0) == 1 && byte == 'A');
  CHECK(madvise(p, PAGE, MADV_DONTNEED) == 0 && p[0] == 'A');
  CHECK(munmap(p + PAGE, PAGE) == 0); /* one becomes two */
  p[2 * PAGE] = p[3 * PAGE + 50] = '!';
  CHECK(madvise(p + 2 * PAGE, 2 * PAGE, MADV_DONTNEED) == 0);
  CHECK(p[2 * PAGE] == 'C' && p[3 * PAGE + 50] == 'D');
  close(fd);
  p[0] = '!';
  CHECK(madvise(p, PAGE, MADV_DONTNEED) == 0 && p[0] == 'A');
  CHECK(munmap(p, 4 * PAGE) == 0);
  fd = lettered(3, 0);
  p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 2 * PAGE);
  CHECK(p != MAP_FAILED && is_all(p, 'C', PAGE) && munmap(p, PAGE) == 0);
  close(fd);
}

static void check_shared_file(void) {
  int fd = lettered(3, 100);
  char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0), bytes[8];
  char *q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
  struct stat st;
  CHECK(p != MAP_FAILED && q != MAP_FAILED && is_all(q, 'B', PAGE));
  memcpy(p + PAGE, "memory", 6);
  CHECK(pread(fd, bytes, 6, PAGE) == 6 && !memcmp(bytes, "memory", 6));
  CHECK(!memcmp(q, "memory", 6));
  CHECK(pwrite(fd, "file", 4, PAGE + 10) == 4);
  CHECK(!memcmp(p + PAGE + 10, "file", 4));
  CHECK(msync(p, 4 * PAGE, MS_SYNC) == 0);
  p[3 * PAGE + 200] = '!'; /* past the end: not of the file */
  CHECK(fstat(fd, &st) == 0 && st.st_size == 3 * PAGE + 100);
  CHECK(munmap(q, PAGE) == 0 && !memcmp(p + PAGE, "memory", 6));
  close(fd);
  p[5] = 'k';
  CHECK(munmap(p + PAGE, 2 * PAGE) == 0);
  CHECK(p[5] == 'k' && p[3 * PAGE] == 'D');
  CHECK(munmap(p, 4 * PAGE) == 0);
}

/* A file grows under its mapping, and is mapped at its new length. */
static void check_growing_file(void) {
  int fd = lettered(1, 0);
  char *p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
  CHECK(p != MAP_FAILED);
  p[1] = 'm';
  CHECK(ftruncate(fd, 40 * PAGE) == 0);
  p = mremap(p, PAGE, 40 * PAGE, MREMAP_MAYMOVE);
  CHECK(p != MAP_FAILED && p[0] == 'A' && p[1] == 'm');
  CHECK(is_all(p + PAGE, 0, 39 * PAGE));
  p[39 * PAGE] = 'z';
  char byte = 0;
  CHECK(pread(fd, &byte, 1, 39 * PAGE) == 1 && byte == 'z');
  CHECK(munmap(p, 40 * PAGE) == 0);
  CHECK(pread(fd, &byte, 1, 1) == 1 && byte == 'm');
  CHECK(ftruncate(fd, 0) == 0 && ftruncate(fd, PAGE) == 0);
  CHECK(pread(fd, &byte, 1, 1) == 1 && byte == 0);
  close(fd);
}

static void check_mremap(void) {
  char *p = anonymous(4), *q;
  memset(p, 'x', 4 * PAGE);
  q = mremap(p, 4 * PAGE, 2 * PAGE, 0);
  CHECK(q == p && is_all(p, 'x', 2 * PAGE));
  q = mremap(p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
  CHECK(q != MAP_FAILED && is_all(q, 'x', 2 * PAGE));
  CHECK(is_all(q + 2 * PAGE, 0, 62 * PAGE));
  CHECK(FAILS(mremap(q, PAGE, 0, 0) == MAP_FAILED, EINVAL));
  CHECK(FAILS(mremap(q + 1, PAGE, PAGE, 0) == MAP_FAILED, EINVAL));
  CHECK(FAILS(mremap(q, PAGE, PAGE, MREMAP_FIXED, q + 9 * PAGE) ==
                  MAP_FAILED,
              EINVAL));
  CHECK(FAILS(mremap(q, 2 * PAGE, 2 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE,
                     q + PAGE) == MAP_FAILED,
              EINVAL));
  /* A place of the caller's choice, over what is there. */
  memset(q + 32 * PAGE, 'y', PAGE);
  p = mremap(q, 2 * PAGE, 3 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE,
             q + 32 * PAGE);
  CHECK(p == q + 32 * PAGE && is_all(p, 'x', 2 * PAGE) &&
        is_all(p + 2 * PAGE, 0, PAGE));
  CHECK(FAILS(mremap(q, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED,
              EFAULT));
  p = mremap(p, PAGE, PAGE, MREMAP_DONTUNMAP | MREMAP_MAYMOVE, 0);
  CHECK(p != MAP_FAILED && is_all(p, 'x', PAGE));
  CHECK(is_all(q + 32 * PAGE, 0, PAGE));
  CHECK(munmap(p, PAGE) == 0 && munmap(q, 64 * PAGE) == 0);
  int fd = lettered(3, 0);
  p = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
  p[0] = '!';
  p = mremap(p, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
  CHECK(p != MAP_FAILED && p[0] == '!' && is_all(p + 2 * PAGE, 'C', PAGE));
  p[2 * PAGE] = '!';
  CHECK(madvise(p, 3 * PAGE, MADV_DONTNEED) == 0);
  CHECK(is_all(p, 'A', PAGE) && is_all(p + 2 * PAGE, 'C', PAGE));
  CHECK(munmap(p, 3 * PAGE) == 0);
  close(fd);
}

static void check_advice(void) {
  char *p = anonymous(3);
  unsigned char there[3] = { 0 };
  memset(p, 'x', 3 * PAGE);
  CHECK(madvise(p + PAGE, PAGE, MADV_DONTNEED) == 0);
  CHECK(is_all(p, 'x', PAGE) && is_all(p + PAGE, 0, PAGE) &&
        p[2 * PAGE] == 'x');
  memset(p, 'x', 3 * PAGE);
  CHECK(mincore(p, 3 * PAGE, there) == 0);
  CHECK((there[0] & 1) && (there[2] & 1));
  CHECK(munmap(p + PAGE, PAGE) == 0);
  CHECK(FAILS(mincore(p, 3 * PAGE, there) == -1, ENOMEM));
  CHECK(posix_madvise(p, PAGE, POSIX_MADV_SEQUENTIAL) == 0);
  CHECK(munmap(p, 3 * PAGE) == 0);
}

static void check_zero_device_and_names(void) {
  int fd = open("/dev/zero", O_RDWR);
  char *p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
  CHECK(p != MAP_FAILED && is_all(p, 0, 2 * PAGE));
  p[0] = 1;
  CHECK(munmap(p, 2 * PAGE) == 0);
  close(fd);
  shm_unlink("/zvm-check");
  fd = shm_open("/zvm-check", O_RDWR | O_CREAT | O_EXCL, 0600);
  CHECK(fd >= 0 && ftruncate(fd, PAGE) == 0);
  p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
  int other = shm_open("/zvm-check", O_RDONLY, 0);
  const char *q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, other, 0);
  CHECK(p != MAP_FAILED && q != MAP_FAILED);
  strcpy(p, "shared");
  CHECK(!strcmp(q, "shared"));
  CHECK(shm_unlink("/zvm-check") == 0);
  CHECK(FAILS(shm_unlink("/zvm-check") == -1, ENOENT));
  munmap(p, PAGE), munmap((void *)q, PAGE), close(fd), close(other);
  fd = memfd_create("check", 0);
  CHECK(fd >= 0 && write(fd, "memory", 6) == 6);
  p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
  CHECK(p != MAP_FAILED && !strcmp(p, "memory") && munmap(p, PAGE) == 0);
  close(fd);
}

/* Many of them at random places of one region, against a plain array. */
static void check_random_use(void) {
  enum { PAGES = 64 };
  static char want[PAGES]; /* 0: not there, else what fills the page */
  char *base = anonymous(PAGES);
  unsigned state = 1;
  memset(want, 'n', PAGES);
  memset(base, 'n', PAGES * PAGE);
  for (int round = 0; round < 2000; round++) {
    state = state * 1103515245 + 12345;
    int first = state >> 8 & 63, count = 1 + (state >> 16 & 7);
    char c = 'a' + round % 26;
    if (first + count > PAGES) count = PAGES - first;
    char *p = base + first * PAGE;
    if (state >> 24 & 1) {
      CHECK(munmap(p, count * PAGE) == 0);
      memset(want + first, 0, count);
    } else {
      CHECK(mmap(p, count * PAGE, RW, ANON | MAP_FIXED, -1, 0) == p);
      CHECK(is_all(p, 0, count * PAGE));
      memset(p, c, count * PAGE);
      memset(want + first, c, count);
    }
    for (int i = 0; i < PAGES; i++) {
      char *page = base + i * PAGE;
      if (want[i]) CHECK(page[0] == want[i] && page[PAGE - 1] == want[i]);
    }
    int is_whole = memchr(want + first, 0, count) == NULL;
    CHECK((mprotect(p, count * PAGE, RW) == 0) == is_whole);
  }
  CHECK(munmap(base, PAGES * PAGE) == 0);
}

int main(void) {
  check_anonymous();
  check_refusals();
  check_rights();
  check_private_file();
  check_shared_file();
  check_growing_file();
  check_mremap();
  check_advice();
  check_zero_device_and_names();
  check_random_use();
  return check_end();
}
