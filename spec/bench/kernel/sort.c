/*
** sort.c - sort: a merge sort with a comparison through a pointer.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

typedef struct item {
  uint32_t key;
  uint32_t serial;
} item;

typedef int compare_fn(const void *a, const void *b);

static int by_key(const void *a, const void *b) {
  const item *x = a;
  const item *y = b;
  if (x->key != y->key)
    return x->key < y->key ? -1 : 1;
  return x->serial < y->serial ? -1 : x->serial > y->serial;
}

NOINLINE static void merge_sort(item *v, item *room, size_t n,
                                compare_fn *compare) {
  if (n < 2)
    return;
  size_t half = n / 2;
  merge_sort(v, room, half, compare);
  merge_sort(v + half, room, n - half, compare);
  memcpy(room, v, half * sizeof *v);
  size_t i = 0;
  size_t j = half;
  size_t k = 0;
  while (i < half && j < n)
    v[k++] = compare(&room[i], &v[j]) <= 0 ? room[i++] : v[j++];
  while (i < half)
    v[k++] = room[i++];
}

static uint64_t kernel(void) {
  enum { COUNT = 100000 };
  item *v = malloc(COUNT * sizeof *v);
  item *room = malloc(COUNT * sizeof *room);
  uint64_t sum = 0;
  for (int round = 0; round < 10; round++) {
    for (uint32_t i = 0; i < COUNT; i++) {
      v[i].key = random_u32() >> 8;
      v[i].serial = i;
    }
    merge_sort(v, room, COUNT, by_key);
    for (uint32_t i = 0; i < COUNT; i += 97)
      sum = mix(sum, v[i].key + v[i].serial);
  }
  free(room);
  free(v);
  return sum;
}
