/*
** deep.cc - exceptions through many frames, of many shapes: registers that
** calls keep come back right, whatever the frames between have kept in them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <alloca.h>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>

static volatile int zero;
static int destroyed;

struct guard {
  int n;
  ~guard() {
    destroyed += n & 1 ? 1 : 2;
  }
};

/* Eight values live over the call: more than there are registers for. */
__attribute__((noinline)) static uint64_t busy(int depth, uint64_t seed) {
  uint64_t a = seed * 3 + zero, b = seed * 5 + zero, c = seed * 7 + zero,
           d = seed * 11 + zero, e = seed * 13 + zero, f = seed * 17 + zero,
           g = seed * 19 + zero, h = seed * 23 + zero;
  if (depth == 0)
    throw std::runtime_error("bottom");
  uint64_t r = busy(depth - 1, seed * 6364136223846793005u + 1);
  return r + (a ^ b ^ c ^ d ^ e ^ f ^ g ^ h);
}

/* A frame of a size known at run time, addressed through %rbp. */
__attribute__((noinline)) static int with_alloca(int depth) {
  guard g{depth};
  char *room = static_cast<char *>(alloca(depth % 64 + 16 + zero));
  std::memset(room, depth, depth % 64 + 16);
  if (depth == 0)
    throw depth;
  int r = with_alloca(depth - 1);
  return r + room[depth % 16];
}

/* An aligned frame. */
__attribute__((noinline)) static double with_vector(int depth, double x) {
  alignas(64) double v[16];
  for (int i = 0; i < 16; i++)
    v[i] = x + i;
  guard g{depth};
  if (depth == 0)
    throw x;
  return with_vector(depth - 1, v[depth % 16]) + v[3];
}

/* Arguments on the stack, pushed and popped around each call. */
__attribute__((noinline)) static int many(int depth, int a, int b, int c, int d,
                                          int e, int f, int g, long long h) {
  guard guard{depth};
  if (depth == 0)
    throw h;
  return many(depth - 1, b, c, d, e, f, g, a, h + a) + b;
}

__attribute__((noinline)) static void rethrow(int depth) {
  if (depth == 0)
    throw 1;
  try {
    rethrow(depth - 1);
  } catch (int i) {
    if (i != depth)
      std::printf("%d at %d\n", i, depth);
    throw i + 1;
  }
}

int main() {
  for (int depth : {0, 1, 10, 100, 10000}) {
    uint64_t a = depth * 3 + zero, b = depth + 5 + zero, c = ~a + zero,
             d = a * b + zero, e = a - c + zero, f = b ^ d;
    try {
      busy(depth, a + 1);
    } catch (const std::runtime_error &error) {
      std::printf("%s %llx %d\n", error.what(),
                  (unsigned long long)(a + b * 3 + c * 5 + d * 7 + e * 9 + f),
                  destroyed);
    }
    try {
      with_alloca(depth);
    } catch (int) {
      std::printf("alloca %llu %d\n", (unsigned long long)(a ^ e), destroyed);
    }
    try {
      with_vector(depth, 0.5);
    } catch (double x) {
      std::printf("vector %.2f %d\n", x, destroyed);
    }
    try {
      many(depth, 1, 2, 3, 4, 5, 6, 7, 8);
    } catch (long long h) {
      std::printf("many %lld %d\n", h, destroyed);
    }
  }
  try {
    rethrow(2000);
  } catch (int i) {
    std::printf("rethrown %d\n", i);
  }
}
