/*
** sort.c - libc: qsort and bsearch over `size` elements.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "libc.h"

struct record {
  char name[24];
  uint32_t key, value;
};

static uint32_t *ints, *ints_work;
static struct record *records, *records_work;
static uint64_t *wide, *wide_work;
static char (*names)[12];
static const char **words, **words_work;

static void start(size_t n) {
  ints = malloc(n * sizeof *ints);
  ints_work = malloc(n * sizeof *ints);
  wide = malloc(n * sizeof *wide);
  wide_work = malloc(n * sizeof *wide);
  records = malloc(n * sizeof *records);
  records_work = malloc(n * sizeof *records);
  names = malloc(n * sizeof *names);
  words = malloc(n * sizeof *words);
  words_work = malloc(n * sizeof *words);
  for (size_t i = 0; i < n; i++) {
    ints[i] = random_u32();
    wide[i] = (uint64_t)random_u32() << 32 | random_u32();
    records[i].key = random_u32();
    records[i].value = (uint32_t)i;
    snprintf(names[i], sizeof names[i], "%x", random_u32());
    words[i] = names[i];
  }
  memcpy(wide_work, wide, n * sizeof *wide);
  memcpy(ints_work, ints, n * sizeof *ints);
}

static int by_int(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a;
  uint32_t y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static int by_wide(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a;
  uint64_t y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static int by_key(const void *a, const void *b) {
  const struct record *x = a;
  const struct record *y = b;
  return (x->key > y->key) - (x->key < y->key);
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static NOINLINE uint64_t sort_ints(size_t n, unsigned rounds) {
  uint64_t sum = 0;
  while (rounds-- > 0) {
    memcpy(ints_work, ints, n * sizeof *ints);
    qsort(ints_work, n, sizeof *ints, by_int);
    sum = mix(sum, ints_work[n / 3]);
  }
  return sum;
}

static NOINLINE uint64_t sort_wide(size_t n, unsigned rounds) {
  uint64_t sum = 0;
  while (rounds-- > 0) {
    memcpy(wide_work, wide, n * sizeof *wide);
    qsort(wide_work, n, sizeof *wide, by_wide);
    sum = mix(sum, wide_work[n / 3]);
  }
  return sum;
}

static NOINLINE uint64_t sort_records(size_t n, unsigned rounds) {
  uint64_t sum = 0;
  while (rounds-- > 0) {
    memcpy(records_work, records, n * sizeof *records);
    qsort(records_work, n, sizeof *records, by_key);
    sum = mix(sum, records_work[n / 3].value);
  }
  return sum;
}

static NOINLINE uint64_t sort_words(size_t n, unsigned rounds) {
  uint64_t sum = 0;
  while (rounds-- > 0) {
    memcpy(words_work, words, n * sizeof *words);
    qsort(words_work, n, sizeof *words, by_text);
    sum = mix(sum, (unsigned char)words_work[n / 3][1]);
  }
  return sum;
}

static NOINLINE uint64_t sort_sorted(size_t n, unsigned rounds) {
  uint64_t sum = 0;
  for (size_t i = 0; i < n; i++)
    ints_work[i] = (uint32_t)i;
  while (rounds-- > 0) {
    qsort(ints_work, n, sizeof *ints, by_int);
    sum = mix(sum, ints_work[n / 3]);
  }
  return sum;
}

static NOINLINE uint64_t sort_reversed(size_t n, unsigned rounds) {
  uint64_t sum = 0;
  while (rounds-- > 0) {
    for (size_t i = 0; i < n; i++)
      ints_work[i] = (uint32_t)(n - i);
    qsort(ints_work, n, sizeof *ints, by_int);
    sum = mix(sum, ints_work[n / 3]);
  }
  return sum;
}

/* A few long runs, as of files that were joined. */
static NOINLINE uint64_t sort_runs(size_t n, unsigned rounds) {
  uint64_t sum = 0;
  while (rounds-- > 0) {
    for (size_t i = 0; i < n; i++)
      ints_work[i] = (uint32_t)(i * 7 % n);
    qsort(ints_work, n, sizeof *ints, by_int);
    sum = mix(sum, ints_work[n / 3]);
  }
  return sum;
}

static NOINLINE uint64_t search(size_t n, unsigned rounds) {
  uint64_t sum = 0;
  for (size_t i = 0; i < n; i++)
    ints_work[i] = (uint32_t)i * 2;
  for (unsigned i = 0; i < rounds; i++) {
    uint32_t key = i * 7919 % (uint32_t)(2 * n);
    sum += bsearch(&key, ints_work, n, sizeof *ints, by_int) != NULL;
  }
  return sum;
}

static const struct test tests[] = {
    {"qsort_ints", start, sort_ints},
    {"qsort_wide", start, sort_wide},
    {"qsort_records", start, sort_records},
    {"qsort_words", start, sort_words},
    {"qsort_sorted", start, sort_sorted},
    {"qsort_reversed", start, sort_reversed},
    {"qsort_runs", start, sort_runs},
    {"bsearch", start, search},
    {NULL, NULL, NULL},
};
