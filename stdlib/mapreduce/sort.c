/*
** sort.c - records in memory, by partition, key and order of emission.
**
** What is moved are entries with 8 bytes of the key in them. They are dealt
** to 256 piles by one byte after the other, in place (McIlroy, Bostic and
** McIlroy, "Engineering Radix Sort", 1993: American flag sort); small piles
** go to quicksort. Those that are equal get the next 8 bytes of their keys.
**
** Nothing here needs to be stable: of equal keys, addresses decide.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "parts.h"

#define PILES 256
#define FEW 16        /* sorted by insertion */
#define PILE_MIN 600   /* dealt again; smaller ones cost less by quicksort */
#define DEPTH_MAX 256  /* bytes of keys that are sorted 8 at a time */
#define BY_PARTITION 64

/* -- Whole keys ---------------------------------------------------------- */

/* The first `depth` bytes of both are equal. */
static bool is_less(const struct entry *a, const struct entry *b,
                    uint32_t depth) {
  int order = compare_keys(key_of(a->record) + depth,
                           key_size_of(a->record) - depth,
                           key_of(b->record) + depth,
                           key_size_of(b->record) - depth);
  return order != 0 ? order < 0 : a->record < b->record;
}

static void sift(struct entry *e, size_t at, size_t n, uint32_t depth) {
  struct entry moved = e[at];
  for (size_t child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && is_less(&e[child], &e[child + 1], depth))
      child++;
    if (!is_less(&moved, &e[child], depth))
      break;
    e[at] = e[child];
  }
  e[at] = moved;
}

/* Heapsort: whatever the keys are, n log n comparisons. */
static void sort_whole(struct entry *e, size_t n, uint32_t depth) {
  for (size_t i = n / 2; i-- > 0;)
    sift(e, i, n, depth);
  for (size_t i = n; i-- > 1;) {
    struct entry last = e[i];
    e[i] = e[0];
    e[0] = last;
    sift(e, 0, i, depth);
  }
}

/* -- Prefixes ------------------------------------------------------------ */

static void insert(struct entry *e, size_t n) {
  for (size_t i = 1; i < n; i++) {
    struct entry moved = e[i];
    size_t to = i;
    for (; to > 0 && e[to - 1].prefix > moved.prefix; to--)
      e[to] = e[to - 1];
    e[to] = moved;
  }
}

static uint64_t median(uint64_t a, uint64_t b, uint64_t c) {
  return a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
}

/* Of at most PILE_MIN entries: that bounds what a bad pivot costs. */
static void quicksort(struct entry *e, size_t n) {
  while (n > FEW) {
    uint64_t pivot = median(e[0].prefix, e[n / 2].prefix, e[n - 1].prefix);
    struct entry *low = e;
    struct entry *high = e + n - 1;
    while (low <= high) {
      while (low->prefix < pivot)
        low++;
      while (high->prefix > pivot)
        high--;
      if (low <= high) {
        struct entry moved = *low;
        *low++ = *high;
        *high-- = moved;
      }
    }
    size_t left = (size_t)(high + 1 - e);
    size_t right = (size_t)(e + n - low);
    if (left < right) {
      quicksort(e, left);
      e = low;
      n = right;
    } else {
      quicksort(low, right);
      n = left;
    }
  }
  insert(e, n);
}

static inline unsigned pile_of(const struct entry *e, unsigned shift) {
  return shift == BY_PARTITION ? e->partition : e->prefix >> shift & 255;
}

/* Pile i is then from begins[i] to begins[i + 1]. */
static inline __attribute__((always_inline)) void
deal(struct entry *e, size_t n, unsigned shift, size_t *begins) {
  size_t next[PILES];
  memset(begins, 0, (PILES + 1) * sizeof *begins);
  for (size_t i = 0; i < n; i++)
    begins[pile_of(&e[i], shift) + 1]++;
  for (unsigned i = 0; i < PILES; i++) {
    next[i] = begins[i];
    begins[i + 1] += begins[i];
  }
  for (unsigned pile = 0; pile < PILES; pile++)
    while (next[pile] < begins[pile + 1]) {
      struct entry moved = e[next[pile]];
      unsigned to;
      while ((to = pile_of(&moved, shift)) != pile) {
        struct entry other = e[next[to]];
        e[next[to]++] = moved;
        moved = other;
      }
      e[next[pile]++] = moved;
    }
}

static void sort_prefixes(struct entry *e, size_t n, unsigned shift) {
  size_t begins[PILES + 1];
  if (n <= PILE_MIN) {
    quicksort(e, n);
    return;
  }
  deal(e, n, shift, begins);
  if (shift == 0)
    return;
  for (unsigned i = 0; i < PILES; i++)
    if (begins[i + 1] - begins[i] > 1)
      sort_prefixes(e + begins[i], begins[i + 1] - begins[i], shift - 8);
}

/* -- Keys of more than 8 bytes ------------------------------------------- */

static void sort_keys(struct entry *e, size_t n, uint32_t depth);

/* Those whose keys end by `depth` come first; gives how many. */
static size_t split_ended(struct entry *e, size_t n, uint32_t depth) {
  size_t ended = 0;
  for (size_t i = 0; i < n; i++)
    if (key_size_of(e[i].record) <= depth) {
      struct entry moved = e[i];
      e[i] = e[ended];
      e[ended++] = moved;
    }
  return ended;
}

/* Keys that are equal up to `depth`, as far as they have bytes there. */
static void sort_equal(struct entry *e, size_t n, uint32_t depth) {
  if (n <= FEW || depth >= DEPTH_MAX) {
    size_t ended = split_ended(e, n, depth);
    sort_whole(e, ended, 0);
    sort_whole(e + ended, n - ended, depth);
    return;
  }
  size_t ended = split_ended(e, n, depth);
  for (size_t i = 0; i < ended; i++)
    e[i].prefix = (uint64_t)key_size_of(e[i].record) << 32 |
                  (uint32_t)(uintptr_t)e[i].record;
  sort_prefixes(e, ended, 56);
  for (size_t i = ended; i < n; i++)
    e[i].prefix = prefix_of(key_of(e[i].record) + depth,
                            key_size_of(e[i].record) - depth);
  sort_keys(e + ended, n - ended, depth);
}

/* By the bytes from `depth` on, of which the prefixes are. */
static void sort_keys(struct entry *e, size_t n, uint32_t depth) {
  sort_prefixes(e, n, 56);
  for (size_t i = 0, end; i < n; i = end) {
    for (end = i + 1; end < n && e[end].prefix == e[i].prefix; end++)
      ;
    if (end - i > 1)
      sort_equal(e + i, end - i, depth + 8);
  }
}

void __zvm_mr_sort(struct entry *e, size_t n, uint32_t partitions) {
  size_t begins[PILES + 1] = {0, n};
  if (partitions > 1)
    deal(e, n, BY_PARTITION, begins);
  for (uint32_t i = 0; i < partitions; i++)
    sort_keys(e + begins[i], begins[i + 1] - begins[i], 0);
}
