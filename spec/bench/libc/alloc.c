/*
** alloc.c - libc: malloc and what belongs to it, in patterns of programs.
**
** `size` is the size of the largest block, or the number of nodes.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "libc.h"

enum { LIVE = 4096 };

static void *live[LIVE];
static uint32_t lengths[LIVE];

/* Sizes like those of programs: most are small, some are not. */
static void start_sizes(size_t size) {
  unsigned bits = 31 - (unsigned)__builtin_clz((unsigned)size);
  for (int i = 0; i < LIVE; i++)
    lengths[i] = 1 + (random_u32() & ((2u << random_u32() % (bits + 1)) - 1));
}

/* Each round frees one block of many, at random, and makes another. */
static NOINLINE uint64_t churn(size_t size, unsigned rounds) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < rounds; i++) {
    unsigned at = random_u32() % LIVE;
    free(live[at]);
    unsigned char *p = malloc(lengths[i % LIVE]);
    *p = (unsigned char)i;
    live[at] = p;
    sum += *p;
  }
  (void)size;
  return sum;
}

/* The same block, again and again. */
static NOINLINE uint64_t pair(size_t size, unsigned rounds) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < rounds; i++) {
    volatile unsigned char *p = malloc(size);
    *p = (unsigned char)i;
    sum += *p;
    free((void *)p);
  }
  return sum;
}

/* Many, then none: last in first out. */
static NOINLINE uint64_t stack(size_t size, unsigned rounds) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < rounds; i += LIVE) {
    for (int k = 0; k < LIVE; k++) {
      unsigned char *p = malloc(size);
      *p = (unsigned char)k;
      live[k] = p;
    }
    for (int k = LIVE; k-- > 0;) {
      sum += *(unsigned char *)live[k];
      free(live[k]);
      live[k] = NULL;
    }
  }
  return sum;
}

/* A buffer that grows by what is put into it, beside another one. */
static NOINLINE uint64_t grow(size_t size, unsigned rounds) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < rounds; i++) {
    char *p = NULL, *q = NULL;
    size_t filled = 0;
    for (size_t n = 16; n < size; n += n / 2) {
      p = realloc(p, n);
      memset(p + filled, (int)n, n - filled);
      filled = n;
      q = realloc(q, n / 2);
      q[0] = (char)i;
      sum += (unsigned char)p[n / 3];
    }
    free(p);
    free(q);
  }
  return sum;
}

static NOINLINE uint64_t zeroed(size_t size, unsigned rounds) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < rounds; i++) {
    unsigned at = i % 64;
    free(live[at]);
    unsigned char *p = calloc(1, size);
    sum += p[size / 2];
    p[size / 2] = 1;
    live[at] = p;
  }
  return sum;
}

struct node {
  struct node *left, *right;
  uint64_t key;
};

static struct node *insert(struct node *root, uint64_t key) {
  struct node **at = &root;
  while (*at != NULL)
    at = key < (*at)->key ? &(*at)->left : &(*at)->right;
  *at = malloc(sizeof **at);
  **at = (struct node){NULL, NULL, key};
  return root;
}

static void drop(struct node *n) {
  if (n == NULL)
    return;
  drop(n->left);
  drop(n->right);
  free(n);
}

static NOINLINE uint64_t tree(size_t size, unsigned rounds) {
  uint64_t sum = 0;
  while (rounds-- > 0) {
    struct node *root = NULL;
    for (size_t i = 0; i < size; i++)
      root = insert(root, random_u32());
    sum = mix(sum, root->key);
    drop(root);
  }
  return sum;
}

/* Full binary trees, built and dropped: allocation and little else. */
static struct node *build(unsigned depth) {
  struct node *n = malloc(sizeof *n);
  n->left = depth == 0 ? NULL : build(depth - 1);
  n->right = depth == 0 ? NULL : build(depth - 1);
  n->key = depth;
  return n;
}

static NOINLINE uint64_t trees(size_t size, unsigned rounds) {
  uint64_t sum = 0;
  while (rounds-- > 0) {
    struct node *n = build((unsigned)size);
    sum += n->key;
    drop(n);
  }
  return sum;
}

static const struct test tests[] = {
    {"malloc_churn", start_sizes, churn},
    {"malloc_pair", NULL, pair},
    {"malloc_stack", NULL, stack},
    {"realloc_grow", NULL, grow},
    {"calloc", NULL, zeroed},
    {"malloc_tree", NULL, tree},
    {"malloc_trees", NULL, trees},
    {NULL, NULL, NULL},
};
