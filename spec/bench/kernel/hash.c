/*
** hash.c - hash: a chained hash table with string keys.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

typedef struct entry {
  struct entry *next;
  uint32_t hash;
  uint32_t count;
  char key[16];
} entry;

static uint32_t hash_of(const char *s) {
  uint32_t h = 2166136261u;
  for (; *s != '\0'; s++)
    h = (h ^ (uint8_t)*s) * 16777619u;
  return h;
}

static void make_key(char *key, uint32_t n) {
  int i = 0;
  do {
    key[i++] = (char)('a' + n % 26);
    n /= 26;
  } while (n != 0);
  key[i++] = '/';
  key[i] = '\0';
}

static uint64_t kernel(void) {
  enum { SLOTS = 1 << 14, KEYS = 20000 };
  entry **slots = calloc(SLOTS, sizeof *slots);
  uint64_t sum = 0;
  for (int i = 0; i < 2000000; i++) {
    char key[16];
    make_key(key, random_u32() % KEYS);
    uint32_t h = hash_of(key);
    entry *e = slots[h % SLOTS];
    while (e != NULL && (e->hash != h || strcmp(e->key, key) != 0))
      e = e->next;
    if (e == NULL) {
      e = calloc(1, sizeof *e);
      e->hash = h;
      strcpy(e->key, key);
      e->next = slots[h % SLOTS];
      slots[h % SLOTS] = e;
    }
    sum = mix(sum, ++e->count);
  }
  for (int i = 0; i < SLOTS; i++)
    while (slots[i] != NULL) {
      entry *e = slots[i];
      slots[i] = e->next;
      sum = mix(sum, e->count + (uint8_t)e->key[0]);
      free(e);
    }
  free(slots);
  return sum;
}
