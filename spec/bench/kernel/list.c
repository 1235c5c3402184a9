/*
** list.c - pointer-chasing: a linked list in random order.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

typedef struct node {
  struct node *next;
  uint32_t value;
} node;

#define COUNT 20000

static uint64_t kernel(void) {
  node *nodes = malloc(COUNT * sizeof *nodes);
  uint32_t *order = malloc(COUNT * sizeof *order);
  for (uint32_t i = 0; i < COUNT; i++)
    order[i] = i;
  for (uint32_t i = COUNT - 1; i > 0; i--) {
    uint32_t j = random_u32() % (i + 1);
    uint32_t t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
  for (uint32_t i = 0; i < COUNT; i++) {
    nodes[order[i]].next = &nodes[order[(i + 1) % COUNT]];
    nodes[order[i]].value = random_u32();
  }
  uint64_t sum = 0;
  const node *p = nodes;
  for (uint32_t i = 0; i < 800 * COUNT; i++) {
    sum += p->value ^ i;
    p = p->next;
  }
  free(order);
  free(nodes);
  return sum;
}
