/*
** string_check.c - the string functions against simple ones.
**
** Every alignment of both sides and every size up to a few hundred bytes,
** and sizes around the places where the methods change. Guard bytes before
** and behind must stay. Expected: "N checks, 0 failed", exit 0.
**
** SPDX-License-Identifier: Apache-2.0
*/
/* The simple loops stay loops, and do not call what they are to check. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define ROOM 60000
#define GUARD 64

static unsigned char a[ROOM], b[ROOM], want[ROOM];

static void fill(unsigned char *p, size_t n, unsigned seed) {
  for (size_t i = 0; i < n; i++) {
    seed = seed * 1103515245u + 12345u;
    p[i] = seed >> 16;
  }
}

static volatile size_t whole = -1;
static size_t sizes[400];
static size_t sizes_count;

static void make_sizes(void) {
  static const size_t edges[] = { 511,  512,  513,  1023, 1024, 1025, 1100,
                                  2047, 2048, 2049, 4095, 4096, 4097, 8191,
                                  32767, 32768, 32769, 40000 };
  for (size_t n = 0; n < 300; n++) sizes[sizes_count++] = n;
  for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++)
    sizes[sizes_count++] = edges[i];
}

static void check_copies(void) {
  for (size_t i = 0; i < sizes_count; i++) {
    size_t n = sizes[i];
    for (size_t from = 0; from < 33; from += n > 300 ? 16 : 1) {
      for (size_t to = 0; to < 33; to += n > 300 ? 4 : 1) {
        fill(a, n + 32, n), fill(b, n + 200, 7);
        for (size_t k = 0; k < n + 200; k++) want[k] = b[k];
        for (size_t k = 0; k < n; k++) want[GUARD + to + k] = a[from + k];
        CHECK(memcpy(b + GUARD + to, a + from, n) == b + GUARD + to);
        CHECK(memcmp(b, want, GUARD + to + n + GUARD) == 0);
      }
    }
  }
}

static void check_moves(void) {
  static const int shifts[] = { -4097, -4000, -1025, -200, -65, -64,  -63,
                                -33,   -17,   -16,   -15,  -7,  -1,   0,
                                1,     7,     15,    16,   17,  33,   63,
                                64,    65,    200,   1025, 4000, 4096, 4097,
                                8200 };
  for (size_t i = 0; i < sizes_count; i++) {
    size_t n = sizes[i];
    for (size_t s = 0; s < sizeof(shifts) / sizeof(*shifts); s++) {
      size_t from = 4200 + i % 32, to = from + shifts[s];
      size_t all = n + 12500;
      if (s == 0) fill(a, all, n);
      for (size_t k = 0; k < all; k++) want[k] = a[k];
      for (size_t k = 0; k < n; k++) want[to + k] = a[from + k];
      memmove(a + to, a + from, n);
      CHECK(!memcmp(a, want, all));
    }
  }
}

static void check_sets(void) {
  for (size_t i = 0; i < sizes_count; i++) {
    size_t n = sizes[i];
    for (size_t to = 0; to < 65; to += n > 300 ? 3 : 1) {
      fill(a, n + 200, 3);
      for (size_t k = 0; k < n + 200; k++) want[k] = a[k];
      for (size_t k = 0; k < n; k++) want[GUARD + to + k] = 0xa5;
      CHECK(memset(a + GUARD + to, 0x7a5, n) == a + GUARD + to);
      CHECK(!memcmp(a, want, GUARD + to + n + GUARD));
    }
  }
}

static int sign(int x) { return (x > 0) - (x < 0); }

static void check_searches(void) {
  for (size_t at = 0; at < 65; at++) {
    for (size_t n = 0; n < 300; n++) {
      memset(a, 'x', 600);
      a[at + n] = 0;
      const char *s = (const char *)a + at;
      CHECK(strlen(s) == n);
      CHECK(strchr(s, 0) == s + n);
      CHECK(strchr(s, 'y') == NULL);
      CHECK(strnlen(s, n / 2) == n / 2);
      CHECK(memchr(s, 0, n) == NULL);
      CHECK(memchr(s, 0, n + 1) == s + n);
      CHECK(memchr(s, 0, whole) == s + n);
    }
  }
}

static void check_places(void) {
  for (size_t at = 0; at < 33; at++) {
    for (size_t n = 1; n < 1500; n += n < 200 ? 1 : 149) {
      memset(a, 'x', 1600);
      memset(b, 'x', 1600);
      a[at + n] = b[5 + n] = 0;
      char *s = (char *)a + at, *t = (char *)b + 5;
      CHECK(strcmp(s, t) == 0 && memcmp(s, t, n + 1) == 0);
      for (size_t k = 0; k < n; k += 1 + k / 8) {
        s[k] = (char)0xf0;
        CHECK(strchr(s, 0xf0) == s + k);
        CHECK(memchr(s, 0xf0, n) == s + k);
        CHECK(memchr(s, 0xf0, k) == NULL);
        CHECK(strchrnul(s, 0xf0) == s + k);
        CHECK(sign(strcmp(s, t)) == 1 && sign(strcmp(t, s)) == -1);
        CHECK(sign(memcmp(s, t, n)) == 1 && sign(memcmp(t, s, n)) == -1);
        CHECK(memcmp(s, t, k) == 0);
        CHECK(strrchr(s, 0xf0) == s + k && strnlen(s, k) == k);
        s[k / 3] = (char)0xf0;
        CHECK(strrchr(s, 0xf0) == s + k);
        s[k / 3] = s[k] = 'x';
      }
    }
  }
}

static void check_strings(void) {
  for (size_t from = 0; from < 17; from++) {
    for (size_t n = 0; n < 150; n++) {
      memset(a, 'q', 400), memset(b, 1, 400);
      a[from + n] = 0;
      CHECK(stpcpy((char *)b + 3, (char *)a + from) == (char *)b + 3 + n);
      CHECK(b[2] == 1 && b[4 + n] == 1 && !memcmp(b + 3, a + from, n + 1));
      memset(b, 1, 400);
      CHECK(strcpy((char *)b + 9, (char *)a + from) == (char *)b + 9);
      CHECK(b[8] == 1 && b[10 + n] == 1 && !memcmp(b + 9, a + from, n + 1));
    }
  }
}

/* Strings that end with the last byte of what may be read. */
static void check_page_end(void) {
  size_t room = 8192;
  char *p = aligned_alloc(4096, room), *end = p + room, *q;
  if (!CHECK(p)) return;
  memset(p, 'x', room);
  end[-1] = 0;
  q = aligned_alloc(4096, room);
  if (!CHECK(q)) return;
  memset(q, 'x', room);
  q[room - 1] = 0;
  for (size_t n = 0; n < 200; n++) {
    char *s = end - 1 - n;
    CHECK(strlen(s) == n);
    CHECK(strchr(s, 'z') == NULL);
    CHECK(memchr(s, 'z', n + 1) == NULL);
    CHECK(strcmp(s, q + room - 1 - n) == 0);
  }
  free(p);
  free(q);
}

static void check_others(void) {
  CHECK(!strcmp(strstr("a needle in a haystack", "need"),
                "needle in a haystack"));
  CHECK(strspn("aabbc", "ab") == 4 && strcspn("aabbc", "c") == 4);
  CHECK(!strcmp(strrchr("a/b/c", '/'), "/c"));
  CHECK(!strncmp("abcd", "abce", 3) && strncmp("abcd", "abce", 4) < 0);
  CHECK(!strcasecmp("HeLLo", "hEllO"));
  CHECK(memmem("abcdef", 6, "cde", 3) != NULL);
  char text[] = "one,two;three", *save;
  CHECK(!strcmp(strtok_r(text, ",;", &save), "one"));
  CHECK(!strcmp(strtok_r(NULL, ",;", &save), "two"));
  CHECK(!strcmp(strtok_r(NULL, ",;", &save), "three"));
  CHECK(!strtok_r(NULL, ",;", &save));
  char *copy = strdup("duplicate");
  CHECK(copy && !strcmp(copy, "duplicate"));
  free(copy);
  CHECK(!strcmp(strerror(2), "No such file or directory"));
}

int main(void) {
  make_sizes();
  check_copies();
  check_moves();
  check_sets();
  check_searches();
  check_places();
  check_strings();
  check_page_end();
  check_others();
  return check_end();
}
