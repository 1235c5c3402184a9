/*
** libc.h - the frame of a bench of library functions.
**
** A file defines `tests`, an array of named work. The same source is a guest
** and a native program, which runs one test:
**
**   <program> <test> <size> <warm> <rounds>
**
** It gets ready, works a few rounds to get warm, then `rounds`, and prints a
** checksum, which depends on nothing of the machine, and its CPU time for the
** last part in nanoseconds. A guest has no clock: the host takes the
** time of a run, and takes off that of one with no rounds.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef LIBC_H
#define LIBC_H

#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

struct test {
  const char *name;
  void (*start)(size_t size); /* not timed; may be NULL */
  uint64_t (*work)(size_t size, unsigned rounds);
};

static const struct test tests[];

/* xorshift64*: the same numbers everywhere. */
static uint64_t random_state = 0x9e3779b97f4a7c15u;

static inline uint32_t random_u32(void) {
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32);
}

static inline uint64_t mix(uint64_t sum, uint64_t x) {
  return (sum ^ x) * 0x100000001b3u + (sum >> 29);
}

static uint64_t cpu_ns(void) {
  struct timespec t = {0, 0};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv) {
  const struct test *test = tests;
  if (argc < 5)
    return 2;
  while (test->name != NULL && strcmp(test->name, argv[1]) != 0)
    test++;
  if (test->name == NULL)
    return 2;
  size_t size = strtoul(argv[2], NULL, 10);
  unsigned warm = (unsigned)strtoul(argv[3], NULL, 10);
  unsigned rounds = (unsigned)strtoul(argv[4], NULL, 10);
  if (test->start != NULL)
    test->start(size);
  uint64_t sum = test->work(size, warm);
  uint64_t start = cpu_ns();
  if (rounds != 0)
    sum = mix(sum, test->work(size, rounds));
  uint64_t end = cpu_ns();
  printf("%016" PRIx64 " %" PRIu64 "\n", sum, end - start);
  return 0;
}

#endif
