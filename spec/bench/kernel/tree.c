/*
** tree.c - pointer-chasing: a binary search tree, filled and searched.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

typedef struct node {
  struct node *child[2];
  uint32_t key;
  uint32_t hits;
} node;

static node *insert(node **root, node *fresh, uint32_t key) {
  node **at = root;
  while (*at != NULL) {
    if ((*at)->key == key)
      return *at;
    at = &(*at)->child[key > (*at)->key];
  }
  fresh->key = key;
  *at = fresh;
  return NULL;
}

static uint64_t kernel(void) {
  enum { COUNT = 30000 };
  node *pool = calloc(COUNT, sizeof *pool);
  node *root = NULL;
  uint32_t used = 0;
  while (used < COUNT)
    if (insert(&root, &pool[used], random_u32() & 0xfffff) == NULL)
      used++;
  uint64_t sum = 0;
  node unused;
  for (uint32_t i = 0; i < 900000; i++) {
    uint32_t key = pool[random_u32() % COUNT].key;
    node *found = insert(&root, &unused, key);
    sum = mix(sum, found->key + ++found->hits);
  }
  free(pool);
  return sum;
}
