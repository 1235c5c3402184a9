/*
** qsort.c - qsort, qsort_r: a merge sort.
**
** What counts is the number of comparisons, each a call through a pointer;
** merging needs the fewest. It is stable besides. Where there is no memory
** to merge in, a heap sort works in place.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef int compare_fn(const void *, const void *, void *);

struct sort {
  compare_fn *compare;
  void *arg;
  size_t size; /* of an element */
  char *spare; /* room for half of the elements */
};

#define STACK_ROOM 1024

/* Copies of a known size are single moves. */
static inline void copy_one(char *to, const char *from, size_t size) {
  if (size == 4)
    __builtin_memcpy(to, from, 4);
  else if (size == 8)
    __builtin_memcpy(to, from, 8);
  else if (size == 16)
    __builtin_memcpy(to, from, 16);
  else
    memcpy(to, from, size);
}

/*
** Sort n elements. `size` is s->size again, so that the copies for the
** usual sizes are made for it.
*/
#define INLINE static inline __attribute__((__always_inline__))

/*
** The lower half moves to `spare`; both are merged back. What is left of
** the upper half is in its place already.
*/
INLINE void merge(const struct sort *s, char *base, size_t half, size_t n,
                  size_t size) {
  char *low = s->spare, *low_end = low + half * size;
  char *high = base + half * size, *high_end = base + n * size;
  char *out = base;
  memcpy(low, base, half * size);
  for (;;) {
    if (s->compare(low, high, s->arg) <= 0) {
      copy_one(out, low, size);
      out += size;
      low += size;
      if (low == low_end) return;
    } else {
      copy_one(out, high, size);
      out += size;
      high += size;
      if (high == high_end) break;
    }
  }
  memcpy(out, low, low_end - low);
}

INLINE void swap_if(const struct sort *s, char *a, char *b, size_t size) {
  if (s->compare(a, b, s->arg) <= 0) return;
  copy_one(s->spare, a, size);
  copy_one(a, b, size);
  copy_one(b, s->spare, size);
}

#define SORT(name, bytes)                                                \
  static void name(const struct sort *s, char *base, size_t n) {         \
    size_t size = (bytes) ? (bytes) : s->size;                           \
    size_t half = n / 2;                                                 \
    if (n <= 2) {                                                        \
      if (n == 2) swap_if(s, base, base + size, size);                   \
      return;                                                            \
    }                                                                    \
    name(s, base, half);                                                 \
    name(s, base + half * size, n - half);                               \
    if (s->compare(base + (half - 1) * size, base + half * size,         \
                   s->arg) > 0)                                          \
      merge(s, base, half, n, size);                                     \
  }

SORT(sort_4, 4)
SORT(sort_8, 8)
SORT(sort_16, 16)
SORT(sort_any, 0)

/* -- Without memory ------------------------------------------------------ */

static void swap(char *a, char *b, size_t size) {
  for (; size; size--, a++, b++) {
    char c = *a;
    *a = *b;
    *b = c;
  }
}

static void sift(const struct sort *s, char *base, size_t i, size_t n) {
  size_t child;
  while ((child = 2 * i + 1) < n) {
    char *c = base + child * s->size;
    if (child + 1 < n && s->compare(c, c + s->size, s->arg) < 0) {
      c += s->size;
      child++;
    }
    if (s->compare(base + i * s->size, c, s->arg) >= 0) return;
    swap(base + i * s->size, c, s->size);
    i = child;
  }
}

static void heap_sort(const struct sort *s, char *base, size_t n) {
  for (size_t i = n / 2; i-- > 0;) sift(s, base, i, n);
  while (n-- > 1) {
    swap(base, base + n * s->size, s->size);
    sift(s, base, 0, n);
  }
}

/* -- The C library's names ----------------------------------------------- */

void __qsort_r(void *base, size_t n, size_t size, compare_fn *compare,
               void *arg) {
  char room[STACK_ROOM] __attribute__((__aligned__(16)));
  struct sort s = { compare, arg, size, room };
  size_t need = n / 2 * size;
  if (n < 2 || !size) return;
  if (need > sizeof(room)) s.spare = malloc(need);
  if (!s.spare)
    heap_sort(&s, base, n);
  else if (size == 4)
    sort_4(&s, base, n);
  else if (size == 8)
    sort_8(&s, base, n);
  else if (size == 16)
    sort_16(&s, base, n);
  else
    sort_any(&s, base, n);
  if (s.spare != room) free(s.spare);
}

/* A function of two arguments takes a third in a register and ignores it. */
void qsort(void *base, size_t n, size_t size,
           int (*compare)(const void *, const void *)) {
  __qsort_r(base, n, size, (compare_fn *)(uintptr_t)compare, NULL);
}

extern __typeof(__qsort_r) qsort_r
    __attribute__((__weak__, __alias__("__qsort_r")));
