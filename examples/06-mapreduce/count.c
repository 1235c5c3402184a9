/*
** count.c - stage two of the MapReduce example, a guest.
**
** Reads words from stdin, one a line, and prints "<count> <word>" for each,
** the most frequent first, equals in the order of their bytes.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
  char *word;
  unsigned long count;
} entry;

static entry *table; /* open addressing; a power of two of slots */
static size_t slots;
static size_t used;

static uint32_t hash(const char *s) {
  uint32_t h = 2166136261u;
  while (*s != '\0')
    h = (h ^ (unsigned char)*s++) * 16777619u;
  return h;
}

static entry *find(const char *word) {
  size_t i = hash(word) & (slots - 1);
  while (table[i].word != NULL && strcmp(table[i].word, word) != 0)
    i = (i + 1) & (slots - 1);
  return &table[i];
}

static void grow(void) {
  entry *old = table;
  size_t old_slots = slots;
  slots = slots == 0 ? 1024 : 2 * slots;
  table = calloc(slots, sizeof *table);
  if (table == NULL)
    exit(3);
  for (size_t i = 0; i < old_slots; i++)
    if (old[i].word != NULL)
      *find(old[i].word) = old[i];
  free(old);
}

static int by_count(const void *a, const void *b) {
  const entry *x = a;
  const entry *y = b;
  if (x->count != y->count)
    return x->count > y->count ? -1 : 1;
  return strcmp(x->word, y->word);
}

int main(void) {
  char line[4096];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    if (2 * used >= slots)
      grow();
    entry *e = find(line);
    if (e->word == NULL) {
      e->word = strdup(line);
      if (e->word == NULL)
        return 3;
      used++;
    }
    e->count++;
  }
  size_t n = 0;
  for (size_t i = 0; i < slots; i++)
    if (table[i].word != NULL)
      table[n++] = table[i];
  qsort(table, n, sizeof *table, by_count);
  for (size_t i = 0; i < n; i++)
    printf("%lu %s\n", table[i].count, table[i].word);
  return 0;
}
