/*
** dispatch.c - call-heavy: calls through a table of function pointers.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

typedef struct shape shape;
struct shape {
  uint32_t (*area)(const shape *s);
  uint32_t a;
  uint32_t b;
};

static uint32_t square(const shape *s) {
  return s->a * s->a;
}

static uint32_t box(const shape *s) {
  return s->a * s->b;
}

static uint32_t triangle(const shape *s) {
  return s->a * s->b / 2;
}

static uint32_t frame(const shape *s) {
  return 2 * (s->a + s->b);
}

static uint64_t kernel(void) {
  static uint32_t (*const kinds[4])(const shape *) = {square, box, triangle,
                                                      frame};
  static shape shapes[4096];
  for (int i = 0; i < 4096; i++) {
    /* Runs of one kind: the predictor is not what is measured. */
    shapes[i].area = kinds[(i >> 4) & 3];
    shapes[i].a = random_u32() & 1023;
    shapes[i].b = random_u32() & 1023;
  }
  uint64_t sum = 0;
  for (int round = 0; round < 9000; round++) {
    uint32_t total = 0;
    for (int i = 0; i < 4096; i++)
      total += shapes[i].area(&shapes[i]);
    sum = mix(sum, total);
    shapes[round & 4095].a++;
  }
  return sum;
}
