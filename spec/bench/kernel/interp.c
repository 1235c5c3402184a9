/*
** interp.c - indirect jumps: a bytecode interpreter with a jump table.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

enum { LOAD, ADD, SUB, XOR, MUL, SHIFT, LESS, LOOP, STOP };

typedef struct insn {
  uint8_t op;
  uint8_t a;
  uint8_t b;
  uint8_t c;
} insn;

NOINLINE static uint32_t run(const insn *code, uint32_t *r) {
  for (const insn *pc = code;; pc++) {
    switch (pc->op) {
    case LOAD:
      r[pc->a] = pc->b;
      break;
    case ADD:
      r[pc->a] = r[pc->b] + r[pc->c];
      break;
    case SUB:
      r[pc->a] = r[pc->b] - r[pc->c];
      break;
    case XOR:
      r[pc->a] = r[pc->b] ^ r[pc->c];
      break;
    case MUL:
      r[pc->a] = r[pc->b] * r[pc->c];
      break;
    case SHIFT:
      r[pc->a] = r[pc->b] >> (pc->c & 31);
      break;
    case LESS:
      r[pc->a] = r[pc->b] < r[pc->c];
      break;
    case LOOP:
      if (--r[pc->a] != 0)
        pc -= pc->b;
      break;
    default:
      return r[pc->a];
    }
  }
}

static uint64_t kernel(void) {
  static const insn code[] = {
      {LOAD, 1, 7, 0}, {LOAD, 2, 255, 0}, {MUL, 3, 1, 2},  {ADD, 4, 4, 3},
      {XOR, 5, 5, 4},  {SHIFT, 6, 5, 3},  {ADD, 5, 5, 6},  {LESS, 7, 5, 4},
      {SUB, 4, 4, 7},  {ADD, 1, 1, 7},    {LOOP, 0, 9, 0}, {STOP, 5, 0, 0},
  };
  uint64_t sum = 0;
  uint32_t r[8] = {0};
  for (int round = 0; round < 8; round++) {
    r[0] = 600000;
    sum = mix(sum, run(code, r));
  }
  return sum;
}
