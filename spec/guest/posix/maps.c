/*
** maps.c - mmap: files in memory, private and shared.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <sys/mman.h>

#include "fact.h"

enum { PAGE = 4096 };

static char buf[3 * PAGE];

#define MAPPED(call) fact_of_pointer(#call, (errno = 0, (call) != MAP_FAILED))

static int make(const char *path, size_t size) {
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
  for (size_t i = 0; i < size; i++) buf[i] = (char)('a' + i / 100 % 26);
  if (write(fd, buf, size) != (ssize_t)size) printf("make %s fails\n", path);
  return fd;
}

static void private_maps(void) {
  char *m, c;
  int fd = make("p", 5000);
  SECTION("MAP_PRIVATE");
  MAPPED(m = mmap(NULL, 5000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
  HOLDS(!memcmp(m, buf, 5000));
  HOLDS(m[5000] == 0 && m[2 * PAGE - 1] == 0);
  m[0] = 'X';
  FACT(pread(fd, &c, 1, 0));
  FACT(c);
  FACT(close(fd));
  FACT(m[1]);
  FACT(munmap(m, 5000));
  FACT(fd = open("p", O_RDONLY));
  MAPPED(m = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE));
  FACT(m[0] == buf[PAGE]);
  m[0] = 'Y';
  FACT(munmap(m, PAGE));
  FACT(close(fd));
  TEXT((content_of("p"), "still a file"));
}

static void shared_maps(void) {
  char *m, *n, c;
  int fd = make("s", 3 * PAGE);
  SECTION("MAP_SHARED");
  MAPPED(m = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  MAPPED(n = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE));
  HOLDS(!memcmp(m, buf, 3 * PAGE));
  m[PAGE] = '!';
  FACT(n[0]);
  FACT(pread(fd, &c, 1, PAGE));
  FACT(c);
  FACT(pwrite(fd, "?", 1, PAGE));
  FACT(m[PAGE]);
  FACT(n[0]);
  FACT(msync(m, 3 * PAGE, MS_SYNC));
  FACT(msync(m, 3 * PAGE, MS_ASYNC));
  FACT(msync(m + 1, PAGE, MS_SYNC));
  FACT(msync(m, PAGE, MS_SYNC | MS_ASYNC));
  FACT(munmap(n, PAGE));
  m[PAGE + 1] = '#';
  FACT(close(fd));
  m[2] = '%';
  FACT(munmap(m, 3 * PAGE));
  FACT(fd = open("s", O_RDONLY));
  FACT(pread(fd, buf, 3, 0));
  TEXT((buf[3] = 0, buf));
  FACT(pread(fd, buf, 3, PAGE));
  TEXT((buf[3] = 0, buf));
  FACT(close(fd));
}

static void growth(void) {
  char *m;
  int fd = make("g", 10);
  SECTION("beyond the end");
  MAPPED(m = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  m[100] = 'x';
  FACT(lseek(fd, 0, SEEK_END));
  FACT(ftruncate(fd, 50));
  FACT(pread(fd, buf, 100, 0));
  FACT(write(fd, "tail", 4));
  FACT(lseek(fd, 0, SEEK_END));
  FACT(pwrite(fd, "tail", 4, 50));
  TEXT((m[54] = 0, m + 50));
  FACT(ftruncate(fd, 5));
  FACT(ftruncate(fd, 20));
  FACT(m[7]);
  FACT(unlink("g"));
  m[0] = 'U';
  FACT(pread(fd, buf, 1, 0));
  FACT(buf[0]);
  FACT(close(fd));
  FACT(m[0]);
  FACT(munmap(m, PAGE));
}

static void refused(void) {
  int fd, w, p[2], d;
  char *m;
  SECTION("what is refused");
  FACT(fd = open("p", O_RDONLY));
  FACT(w = open("p", O_WRONLY));
  FACT(d = open(".", O_RDONLY));
  FACT(pipe(p));
  MAPPED(mmap(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0));
  MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100));
  MAPPED(mmap(NULL, PAGE, PROT_READ, 0, fd, 0));
  MAPPED(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, w, 0));
  MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, w, 0));
  MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0));
  MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0));
  MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, d, 0));
  MAPPED(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, p[0], 0));
  MAPPED(m = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
  FACT(munmap(m, 0));
  FACT(munmap(m + 1, PAGE));
  FACT(munmap(m, PAGE));
  FACT(munmap(m, PAGE));
  FACT(close(fd));
  FACT(close(w));
}

static void anonymous(void) {
  char *m, *n;
  SECTION("anonymous");
  MAPPED(m = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  bool zero = true;
  for (int i = 0; i < 4 * PAGE; i++) zero = zero && !m[i];
  HOLDS(zero);
  m[0] = 1, m[PAGE] = 2, m[3 * PAGE] = 4;
  FACT(munmap(m + PAGE, PAGE));
  FACT(m[0]);
  FACT(m[3 * PAGE]);
  MAPPED(n = mmap(m + PAGE, PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
  HOLDS(n == m + PAGE);
  FACT(n[0]);
  FACT(munmap(m, 4 * PAGE));
  MAPPED(m = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  strcpy(m, "moved");
  MAPPED(m = mremap(m, PAGE, 16 * PAGE, MREMAP_MAYMOVE));
  TEXT(m);
  FACT(munmap(m, 16 * PAGE));
  MAPPED(m = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  m[0] = 5;
  MAPPED(n = mremap(m, 8 * PAGE, 2 * PAGE, 0));
  HOLDS(n == m);
  FACT(m[0]);
  FACT(mprotect(m, PAGE, PROT_READ));
  FACT(madvise(m, PAGE, MADV_NORMAL));
  FACT(munmap(m, 2 * PAGE));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  private_maps();
  shared_maps();
  growth();
  refused();
  anonymous();
  return 0;
}
