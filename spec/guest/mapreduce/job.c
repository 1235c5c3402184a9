/*
** job.c - mappers, combiners and reducers for tests, by the first argument.
**
**   words, counts    each word of a record; counts with a combiner in memory
**   pairs            records of {u32 key size, u32 value size, key, value}
**   fail WORD        as words; ends with code 3 at that word
**   hash TEXT...     prints the hash of each text
**   join             a combiner: values with commas between them, as one
**   copy             a combiner that passes all on
**   sum              a reducer of words and counts: lines of word, sum
**   groups           a reducer: of each key {u32 size, u32 values, key}, and
**                    of each of them {u32 size, value}
**   first            a reducer that looks at one value only, or at none
**   records          a reducer without a function
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zvm/mapreduce.h>

static const char *bad_word;

static void map_words(zvm_map *m, const char *text, size_t size) {
  static const uint64_t one = 1;
  const char *end = text + size;
  while (text < end) {
    const char *word = text;
    while (text < end && (unsigned char)*text > ' ')
      text++;
    if (bad_word && strncmp(word, bad_word, (size_t)(text - word)) == 0 &&
        text > word) {
      fprintf(stderr, "I do not map %s\n", bad_word);
      exit(3);
    }
    if (text > word)
      zvm_emit(m, word, (size_t)(text - word), &one, sizeof one);
    text++;
  }
}

static void map_pairs(zvm_map *m, const char *at, size_t size) {
  const char *end = at + size;
  while (at < end) {
    uint32_t sizes[2];
    memcpy(sizes, at, sizeof sizes);
    at += sizeof sizes;
    zvm_emit(m, at, sizes[0], at + sizes[0], sizes[1]);
    at += sizes[0] + sizes[1];
  }
}

static void put_number(zvm_reduce *r, size_t n) {
  uint32_t word = (uint32_t)n;
  zvm_put(r, &word, sizeof word);
}

static void sum(zvm_reduce *r, const void *key, size_t key_size) {
  char text[32];
  uint64_t total = 0;
  size_t size;
  for (const void *v; (v = zvm_value(r, &size)) != NULL;)
    if (!zvm_add(&total, sizeof total, v, size))
      abort();
  zvm_put(r, key, key_size);
  zvm_put(r, text, (size_t)sprintf(text, " %llu\n", (long long)total));
}

static void groups(zvm_reduce *r, const void *key, size_t key_size) {
  static char *values;
  static size_t room;
  size_t used = 0, count = 0, size;
  for (const void *v; (v = zvm_value(r, &size)) != NULL; count++) {
    uint32_t word = (uint32_t)size;
    if (room - used < size + 4)
      values = realloc(values, room = 2 * room + size + 4);
    memcpy(values + used, &word, 4);
    memcpy(values + used + 4, v, size);
    used += size + 4;
  }
  put_number(r, key_size);
  put_number(r, count);
  zvm_put(r, key, key_size);
  zvm_put(r, values, used);
}

static void first(zvm_reduce *r, const void *key, size_t key_size) {
  size_t size;
  zvm_put(r, key, key_size);
  if (key_size % 2 == 0) {
    const void *v = zvm_value(r, &size);
    zvm_put(r, v, size);
  }
}

static void join(zvm_reduce *r, const void *key, size_t key_size) {
  static char text[1 << 16];
  size_t used = 0, size;
  (void)key;
  (void)key_size;
  for (const void *v; (v = zvm_value(r, &size)) != NULL;) {
    if (used > 0)
      text[used++] = ',';
    memcpy(text + used, v, size);
    used += size;
  }
  zvm_pass(r, text, used);
}

static void copy(zvm_reduce *r, const void *key, size_t key_size) {
  size_t size;
  (void)key;
  (void)key_size;
  for (const void *v; (v = zvm_value(r, &size)) != NULL;)
    zvm_pass(r, v, size);
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "hash") == 0) {
    for (int i = 2; i < argc; i++)
      printf("%016llx\n",
             (unsigned long long)zvm_hash(argv[i], strlen(argv[i])));
    return 0;
  }
  if (strcmp(what, "fail") == 0)
    bad_word = argv[2];
  if (strcmp(what, "counts") == 0)
    return zvm_mapreduce_main(map_words, zvm_add, sum);
  if (strcmp(what, "words") == 0 || strcmp(what, "fail") == 0)
    return zvm_mapreduce_main(map_words, NULL, sum);
  if (strcmp(what, "pairs") == 0)
    return zvm_map_main(map_pairs, NULL);
  if (strcmp(what, "join") == 0 || strcmp(what, "copy") == 0)
    return zvm_combine_main(*what == 'j' ? join : copy);
  if (strcmp(what, "sum") == 0)
    return zvm_reduce_main(sum);
  if (strcmp(what, "groups") == 0)
    return zvm_reduce_main(groups);
  if (strcmp(what, "first") == 0)
    return zvm_reduce_main(first);
  return strcmp(what, "records") == 0 ? zvm_reduce_main(NULL) : 2;
}
