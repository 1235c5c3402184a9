/*
** stack.c - alloca, variable arrays, alignment, varargs, structs by value.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <alloca.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "../check.h"

#define FAR __attribute__((noinline, noclone))

static uint32_t mark(char *p, unsigned n) {
  uint32_t sum = 0;
  for (unsigned i = 0; i < n; i++)
    p[i] = (char)i, sum += (unsigned char)i;
  for (unsigned i = 0; i < n; i++)
    sum -= (unsigned char)p[i];
  return sum + (uint32_t)(uintptr_t)p % 16;
}

FAR static uint32_t by_alloca(unsigned n) {
  uint32_t bad = 0;
  for (unsigned i = 1; i < 5; i++)
    bad += mark(alloca(n * i), n * i);
  return bad;
}

FAR static uint32_t by_array(int n, int m) {
  int a[n][m];
  uint32_t sum = 0;
  for (int round = 0; round < 3; round++) {
    char b[n + round];
    memset(b, round, sizeof b);
    for (int i = 0; i < n; i++)
      for (int k = 0; k < m; k++)
        a[i][k] = i * k + b[i];
    sum += (uint32_t)a[n - 1][m - 1] + (uint32_t)sizeof a;
  }
  return sum;
}

FAR static uintptr_t aligned(int n) {
  _Alignas(64) char line[64];
  _Alignas(1024) volatile char page[1024];
  char some[n];
  page[0] = line[0] = some[0] = 1;
  return ((uintptr_t)line % 64) | ((uintptr_t)page % 1024);
}

/* More than an 8-bit displacement, and more than a page. */
FAR static int large(int n) {
  volatile int room[40000];
  for (int i = 0; i < 40000; i += 1000)
    room[i] = n + i;
  return room[39000];
}

FAR static double mixed(const char *kinds, ...) {
  va_list list, copy;
  double sum = 0;
  va_start(list, kinds);
  va_copy(copy, list);
  for (int pass = 0; pass < 2; pass++) {
    for (const char *k = kinds; *k; k++) {
      va_list *from = pass ? &copy : &list;
      struct pair {
        double x, y;
      } p;
      switch (*k) {
      case 'i': sum += va_arg(*from, int); break;
      case 'l': sum += (double)va_arg(*from, int64_t); break;
      case 'd': sum += va_arg(*from, double); break;
      case 'p': sum += *va_arg(*from, int *); break;
      case 's': p = va_arg(*from, struct pair), sum += p.x * p.y; break;
      }
    }
  }
  va_end(copy);
  va_end(list);
  return sum;
}

#define SHAPE(name, ...)                                                   \
  struct name {                                                            \
    __VA_ARGS__                                                            \
  };                                                                       \
  FAR static struct name give_##name(int fill) {                           \
    struct name s;                                                         \
    memset(&s, fill, sizeof s);                                            \
    return s;                                                              \
  }                                                                        \
  FAR static int take_##name(int a, struct name s, double d,               \
                             struct name t) {                              \
    unsigned char *p = (unsigned char *)&s, *q = (unsigned char *)&t;      \
    for (unsigned i = 0; i < sizeof s; i++)                                \
      a += p[i] - q[i];                                                    \
    return a + (int)d;                                                     \
  }                                                                        \
  static void test_##name(void) {                                          \
    struct name s = give_##name(9), t = give_##name(8);                    \
    CHECK(take_##name(1, s, 2.0, t) == 3 + (int)sizeof s);                 \
    struct name (*volatile call)(int) = give_##name;                       \
    t = call(9);                                                           \
    CHECK(memcmp(&s, &t, sizeof s) == 0);                                  \
  }

SHAPE(one, char c;)
SHAPE(three, char c[3];)
SHAPE(eight, int a; float b;)
SHAPE(twelve, int a[3];)
SHAPE(floats, float a, b, c;)
SHAPE(doubles, double a, b;)
SHAPE(both, double a; int64_t b;)
SHAPE(sixteen, char c[16];)
SHAPE(big, int64_t a[5];)
SHAPE(huge, char c[777];)
SHAPE(vector, __attribute__((vector_size(16))) int v;)


int main(void) {
  CHECK(by_alloca(1000) == 0 && by_alloca(16) == 0 && by_alloca(7) == 0);
  CHECK(by_array(5, 7) == 3 * (24 + 140) + 3);
  CHECK(aligned(3) == 0 && aligned(300) == 0);
  CHECK(large(5) == 39005);
  int seven = 7;
  struct {
    double x, y;
  } p = {2, 3};
  CHECK(mixed("ildpsdddddddddlis", 1, (int64_t)2, 3.5, &seven, p, 1.0, 1.0,
              1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, (int64_t)-4, 5, p) == 71);
  test_one(), test_three(), test_eight(), test_twelve(), test_floats();
  test_doubles(), test_both(), test_sixteen(), test_big(), test_huge();
  test_vector();
  return check_end();
}
