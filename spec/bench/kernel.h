/*
** kernel.h - the frame of a benchmark kernel.
**
** A kernel defines `uint64_t kernel(void)`, which returns a checksum that
** depends on all of its work and on nothing of the machine: fixed-width
** types only. The same source is a guest and a native program. It prints
** the checksum and its own CPU time, which means something natively; a
** guest has no clock, and its time is taken outside.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef KERNEL_H
#define KERNEL_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOINLINE __attribute__((noinline, noclone))

static uint64_t kernel(void);

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

static inline uint64_t mix_double(uint64_t sum, double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return mix(sum, bits);
}

static uint64_t cpu_ns(void) {
  struct timespec t = {0, 0};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(void) {
  uint64_t start = cpu_ns();
  uint64_t sum = kernel();
  uint64_t end = cpu_ns();
  printf("%016" PRIx64 " %" PRIu64 "\n", sum, end - start);
  return 0;
}

#endif
