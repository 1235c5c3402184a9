/*
** image.c - what it costs to have an image: for the guest and natively.
**
** usage: image <path>                a guest: 0 if the path is there
**        image <file> <count> <step> natively: the median of many rounds of
**                                    reading a block of 512 bytes at each
**                                    multiple of <step>, in ns of CPU
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 512, ROUNDS = 51 };


static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}


static int ascending(const void *a, const void *b) {
  long long x = *(const long long *)a, y = *(const long long *)b;
  return (x > y) - (x < y);
}


int main(int argc, char **argv) {
  char block[BLOCK];
  long long times[ROUNDS];
  if (argc != 4)
    return argc < 2 ? 0 : access(argv[1], F_OK) != 0;
  int fd = open(argv[1], O_RDONLY);
  int count = atoi(argv[2]);
  long step = atol(argv[3]);
  for (int round = 0; round < ROUNDS; round++) {
    times[round] = now();
    for (int i = 0; i < count; i++)
      if (pread(fd, block, BLOCK, (off_t)i * step) != BLOCK)
        return 1;
    times[round] = now() - times[round];
  }
  qsort(times, ROUNDS, sizeof times[0], ascending);
  printf("%lld\n", times[ROUNDS / 2]);
  return 0;
}
