/*
** vector.c - loops that compilers vectorise, for every type of element.
**
** Each result is compared with that of the same loop kept scalar.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>
#include <string.h>

#include "../check.h"

#define MOST 67
#define SCALAR __attribute__((noinline, optimize("no-tree-vectorize")))
#define FAST __attribute__((noinline))

static uint32_t seed = 1;
static uint32_t next(void) { return seed = seed * 1664525 + 1013904223; }

/* One set of loops. W: the type of sums; two of them are to be equal. */
#define LOOPS(kind, T, W, how)                                             \
  how static void each_##kind##how(T *o, const T *a, const T *b, int n) {  \
    for (int i = 0; i < n; i++)                                            \
      o[i] = (T)((T)(a[i] * 3) + (T)(b[i] - a[i] / 2));                    \
  }                                                                        \
  how static void pick_##kind##how(T *o, const T *a, const T *b, int n) {  \
    for (int i = 0; i < n; i++)                                            \
      o[i] = a[i] < b[i] ? b[i] : a[i] == b[i] ? 0 : a[i];                 \
  }                                                                        \
  how static void turn_##kind##how(T *o, const T *a, const T *b, int n) {  \
    for (int i = 0; i < n; i++)                                            \
      o[i] = a[n - 1 - i] < 0 ? -b[i] : b[i];                              \
  }                                                                        \
  how static void pair_##kind##how(T *o, const T *a, const T *b, int n) {  \
    for (int i = 0; i + 1 < n; i += 2) {                                   \
      o[i] = a[i + 1] + b[i];                                              \
      o[i + 1] = a[i] - b[i + 1];                                          \
    }                                                                      \
  }                                                                        \
  how static W sum_##kind##how(const T *a, const T *b, int n) {            \
    W sum = 0;                                                             \
    for (int i = 0; i < n; i++)                                            \
      sum += (W)a[i] * (W)b[i];                                            \
    return sum;                                                            \
  }                                                                        \
  how static W most_##kind##how(const T *a, const T *b, int n) {           \
    T low = a[0], high = b[0];                                             \
    for (int i = 0; i < n; i++) {                                          \
      low = a[i] < low ? a[i] : low;                                       \
      high = b[i] > high ? b[i] : high;                                    \
    }                                                                      \
    return (W)low - (W)high;                                               \
  }                                                                        \
  how static int count_##kind##how(const T *a, const T *b, int n) {        \
    int count = 0;                                                         \
    for (int i = 0; i < n; i++)                                            \
      count += a[i] > b[i];                                                \
    return count;                                                          \
  }                                                                        \
  how static void widen_##kind##how(double *o, const T *a, int n) {        \
    for (int i = 0; i < n; i++)                                            \
      o[i] = (double)a[i];                                                 \
  }                                                                        \
  how static void index_##kind##how(T *o, const T *a, const uint8_t *at,   \
                                    int n) {                               \
    for (int i = 0; i < n; i++)                                            \
      o[i] = a[at[i] % MOST];                                              \
  }

#define TEST(kind, T, W)                                                   \
  LOOPS(kind, T, W, SCALAR)                                                \
  LOOPS(kind, T, W, FAST)                                                  \
  static void test_##kind(void) {                                          \
    static T a[MOST], b[MOST], x[MOST], y[MOST];                           \
    static double v[MOST], w[MOST];                                        \
    static uint8_t at[MOST];                                               \
    for (int n = 1; n <= MOST; n += n < 5 ? 1 : 31) {                      \
      for (int i = 0; i < MOST; i++) {                                     \
        a[i] = (T)((int32_t)next() >> 8) / 16;                             \
        b[i] = (T)((int32_t)next() >> 8) / 16;                             \
        at[i] = (uint8_t)next();                                           \
      }                                                                    \
      BOTH(kind, each, x, y, a, b, n);                                     \
      BOTH(kind, pick, x, y, a, b, n);                                     \
      BOTH(kind, turn, x, y, a, b, n);                                     \
      BOTH(kind, pair, x, y, a, b, n);                                     \
      BOTH(kind, index, x, y, a, at, n);                                   \
      widen_##kind##SCALAR(v, a, n);                                       \
      widen_##kind##FAST(w, a, n);                                         \
      CHECK(memcmp(v, w, sizeof v) == 0);                                  \
      CHECK(sum_##kind##SCALAR(a, b, n) == sum_##kind##FAST(a, b, n));     \
      CHECK(most_##kind##SCALAR(a, b, n) == most_##kind##FAST(a, b, n));   \
      CHECK(count_##kind##SCALAR(a, b, n) == count_##kind##FAST(a, b, n)); \
    }                                                                      \
  }

#define BOTH(kind, loop, x, y, a, b, n)                                    \
  (loop##_##kind##SCALAR(x, a, b, n), loop##_##kind##FAST(y, a, b, n),     \
   CHECK(memcmp(x, y, (size_t)n * sizeof *x) == 0))

TEST(i8, int8_t, int32_t)
TEST(u8, uint8_t, uint32_t)
TEST(i16, int16_t, int32_t)
TEST(u16, uint16_t, uint32_t)
TEST(i32, int32_t, int64_t)
TEST(u32, uint32_t, uint64_t)
TEST(i64, int64_t, uint64_t)
TEST(u64, uint64_t, uint64_t)
TEST(f32, float, double)
TEST(f64, double, double)

/* Reductions and shifts that whole numbers have. */
#define BITS(kind, T, how)                                                 \
  how static T fold_##kind##how(const T *a, int n) {                       \
    T both = (T)~(T)0, any = 0, odd = 0;                                   \
    for (int i = 0; i < n; i++)                                            \
      both &= a[i] | 1, any |= a[i], odd ^= (T)(a[i] << 3 ^ a[i] >> 2);    \
    return (T)(both + any * 3 + odd);                                      \
  }
#define BITTEST(kind, T)                                                   \
  BITS(kind, T, SCALAR)                                                    \
  BITS(kind, T, FAST)                                                      \
  static void test_bits_##kind(void) {                                     \
    static T a[MOST];                                                      \
    for (int i = 0; i < MOST; i++)                                         \
      a[i] = (T)((uint64_t)next() << 32 | next());                         \
    CHECK(fold_##kind##SCALAR(a, MOST) == fold_##kind##FAST(a, MOST));     \
  }

BITTEST(i8, int8_t)
BITTEST(u16, uint16_t)
BITTEST(i32, int32_t)
BITTEST(u64, uint64_t)


int main(void) {
  test_i8(), test_u8(), test_i16(), test_u16();
  test_i32(), test_u32(), test_i64(), test_u64();
  test_f32(), test_f64();
  test_bits_i8(), test_bits_u16(), test_bits_i32(), test_bits_u64();
  return check_end();
}
