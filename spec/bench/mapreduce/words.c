/*
** words.c - a count of words: mapper, combiner in memory and reducer.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <string.h>
#include <zvm/mapreduce.h>

static void map(zvm_map *m, const char *text, size_t size) {
  static const uint64_t one = 1;
  const char *end = text + size;
  while (text < end) {
    const char *word = text;
    while (text < end && (unsigned char)*text > ' ')
      text++;
    if (text > word)
      zvm_emit(m, word, (size_t)(text - word), &one, sizeof one);
    text++;
  }
}

static void reduce(zvm_reduce *r, const void *word, size_t size) {
  char text[32];
  uint64_t sum = 0;
  size_t value_size;
  for (const void *v; (v = zvm_value(r, &value_size)) != NULL;)
    zvm_add(&sum, sizeof sum, v, value_size);
  zvm_put(r, word, size);
  zvm_put(r, text,
          (size_t)sprintf(text, " %llu\n", (unsigned long long)sum));
}

int main(void) {
  return zvm_mapreduce_main(map, zvm_add, reduce);
}
