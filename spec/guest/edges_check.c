/*
** edges_check.c - the string functions where memory ends.
**
** The last bytes of the heap and the first ones of the stack lie next to
** pages that fault: no function may touch a byte beyond what it was given,
** nor beyond the end of a string. Results are compared with simple loops.
** Expected: "N checks, 0 failed", exit 0.
**
** SPDX-License-Identifier: Apache-2.0
*/
/* The simple loops stay loops, and do not call what they are to check. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <zvm.h>

#include "check.h"

#define MOST 700

static unsigned char other[2 * MOST];
static char *top, *bottom; /* the first byte behind; the first byte there */

/* Both ends of a block of n bytes: close to the top, and at the bottom. */
static char *place(int side, size_t n, size_t gap) {
  return side ? bottom + gap : top - n - gap;
}

static int sign(int x) { return (x > 0) - (x < 0); }

static void fill(char *p, size_t n, unsigned seed) {
  for (size_t i = 0; i < n; i++) {
    seed = seed * 1103515245u + 12345u;
    p[i] = (char)(1 + (seed >> 16) % 100);
  }
}

static void check_blocks(int side, size_t n, size_t gap) {
  char *p = place(side, n, gap);
  int all = 1;
  fill((char *)other, n, (unsigned)n);
  memcpy(p, other, n);
  for (size_t i = 0; i < n; i++) all &= p[i] == (char)other[i];
  CHECK(all);
  CHECK(memcmp(p, other, n) == 0 && memcmp(other, p, n) == 0);
  memset(other, 0, n);
  CHECK(memmove(other, p, n) == other);
  for (size_t i = 0; i < n; i++) all &= p[i] == (char)other[i];
  CHECK(all);
  memset(p, 120, n);
  for (size_t i = 0; i < n; i++) all &= p[i] == 120;
  CHECK(all);
  CHECK(memchr(p, 121, n) == NULL && memrchr(p, 121, n) == NULL);
  if (!n) return;
  p[n - 1] = 121;
  CHECK(memchr(p, 121, n) == p + n - 1 && memrchr(p, 121, n) == p + n - 1);
  CHECK(memchr(p, 121, n - 1) == NULL && memrchr(p, 121, n - 1) == NULL);
  p[0] = 122;
  CHECK(memrchr(p, 122, n) == p && memchr(p, 122, n) == p);
  memset(other, 120, n);
  CHECK(sign(memcmp(p, other, n)) == 1 && sign(memcmp(other, p, n)) == -1);
}

/* n bytes and a zero. */
static void check_strings(int side, size_t n, size_t gap) {
  char *p = place(side, n + 1, gap), *q = (char *)other;
  memset(p, 'x', n);
  p[n] = 0;
  CHECK(strlen(p) == n && strnlen(p, n) == n && strnlen(p, -1) == n);
  CHECK(strchr(p, 'y') == NULL && strchr(p, 0) == p + n);
  CHECK(strrchr(p, 'y') == NULL && strrchr(p, 0) == p + n);
  CHECK(strchrnul(p, 'y') == p + n);
  CHECK(strcpy(q, p) == q && stpcpy(q, p) == q + n);
  CHECK(strcmp(p, q) == 0 && strcmp(q, p) == 0);
  CHECK(strncmp(p, q, n + 50) == 0 && strncmp(p, q, -1) == 0);
  CHECK(strncmp(q, p, n) == 0 && strncmp(q, p, n / 2) == 0);
  if (!n) return;
  q[n - 1] = 'y';
  CHECK(strcmp(p, q) < 0 && strcmp(q, p) > 0 && strncmp(p, q, n) < 0);
  CHECK(strncmp(p, q, n - 1) == 0);
  p[n - 1] = 'y';
  CHECK(strchr(p, 'y') == p + n - 1 && strrchr(p, 'y') == p + n - 1);
  p[0] = 'y';
  CHECK(strrchr(p, 'y') == p + n - 1 && strchr(p, 'y') == p);
  CHECK(strrchr(p, 'x') == (n > 2 ? p + n - 2 : NULL));
  q[n - 1] = 0;
  CHECK(strcmp(p, q) > 0 && strncmp(q, p, n) < 0);
}

/* Blocks without a zero, bounded by their size alone. */
static void check_bounds(int side, size_t n) {
  char *p = place(side, n, 0), *q = (char *)other;
  memset(p, 'x', n);
  memset(q, 'x', n + 1);
  CHECK(strnlen(p, n) == n);
  CHECK(strncmp(p, q, n) == 0 && strncmp(q, p, n) == 0);
  CHECK(memcmp(p, q, n) == 0);
}

/* What lies behind the bound, or behind the end, has no say. */
static void check_behind(void) {
  static char a[300], b[300];
  for (size_t n = 1; n < 200; n++) {
    memset(a, 'x', sizeof(a));
    memset(b, 'x', sizeof(b));
    a[n] = 'p';
    b[n] = 'q';
    CHECK(strncmp(a, b, n) == 0 && memcmp(a, b, n) == 0);
    CHECK(strncmp(a, b, n + 1) < 0 && memcmp(b, a, n + 1) > 0);
    a[n - 1] = b[n - 1] = 0;
    CHECK(strcmp(a, b) == 0 && strncmp(a, b, 299) == 0);
    CHECK(memchr(a, 'p', n) == NULL && memchr(a, 'p', n + 1) == a + n);
    CHECK(strchr(a, 'p') == NULL && strrchr(a, 'p') == NULL);
    a[n - 1] = (char)0xf0;
    b[n - 1] = 0x10;
    CHECK(strcmp(a, b) > 0 && strncmp(a, b, n) > 0 && memcmp(a, b, n) > 0);
  }
}

/* Strings on both sides of page borders, at every pair of places. */
static void check_pages(void) {
  char *p = top - 8192, *q = top - 3 * 8192;
  for (size_t i = 0; i < 70; i++) {
    for (size_t k = 0; k < 70; k += 3) {
      char *a = p + 4096 - i, *b = q + 4096 - k;
      fill(a, 400, 9);
      fill(b, 400, 9);
      a[300] = b[300] = 0;
      CHECK(strcmp(a, b) == 0 && strncmp(a, b, 400) == 0);
      CHECK(strlen(a) == 300 && memcmp(a, b, 400) == 0);
      b[299] = 127;
      CHECK(strcmp(a, b) < 0 && strncmp(b, a, 300) > 0);
      CHECK(strncmp(a, b, 299) == 0);
    }
  }
}

int main(void) {
  top = (char *)MANIFEST->heap_ptr + MANIFEST->heap_size;
  bottom = (char *)(0u - MANIFEST->stack_size);
  for (int side = 0; side < 2; side++) {
    for (size_t n = 0; n < MOST; n += 1 + n / 300 * 6) {
      for (size_t gap = 0; gap < 40; gap += n < 150 ? 1 : 13) {
        check_blocks(side, n, gap);
        check_strings(side, n, gap);
      }
      check_bounds(side, n);
    }
  }
  check_behind();
  check_pages();
  return check_end();
}
