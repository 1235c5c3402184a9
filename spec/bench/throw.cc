/*
** throw.cc - exceptions through frames: a bottom that throws, frames that
** have something to destroy in every second one, and a top that catches.
**
** usage: throw <frames> <rounds>. Prints a checksum and nanoseconds of CPU.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

static long long cpu() {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static volatile uint64_t destroyed;

struct guard {
  uint64_t n;
  ~guard() {
    destroyed = destroyed + n;
  }
};

__attribute__((noinline)) static uint64_t plain(int depth, uint64_t x);

__attribute__((noinline)) static uint64_t guarded(int depth, uint64_t x) {
  guard g{x};
  if (depth == 0)
    throw x;
  uint64_t a = x * 3, b = x ^ depth;
  return plain(depth - 1, x + 1) + a * b;
}

static uint64_t plain(int depth, uint64_t x) {
  if (depth == 0)
    throw x;
  uint64_t a = x * 5, b = x ^ depth;
  return guarded(depth - 1, x + 1) + a * b;
}

int main(int, char **argv) {
  int depth = std::atoi(argv[1]), rounds = std::atoi(argv[2]);
  uint64_t sum = 0;
  long long start = cpu();
  for (int i = 0; i < rounds; i++) {
    try {
      sum += plain(depth, i);
    } catch (uint64_t x) {
      sum += x;
    }
  }
  std::printf("%016llx %lld\n", (unsigned long long)(sum ^ destroyed),
              cpu() - start);
}
