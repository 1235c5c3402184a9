/*
** reading.h - one accepted instruction, as the decoder and as Zydis read it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef READING_H
#define READING_H

#include <Zydis/Zydis.h>

#include "validator/automaton.h"
#include "validator/operands.h"

typedef struct reading {
  const uint8_t *bytes;
  unsigned from;   /* the automaton's state before it                      */
  unsigned state;  /* ... and after it                                     */
  unsigned length; /* as the automaton reads it                            */
  bool above_v2;   /* so does the automaton                                */
  zvm__insn in;
  ZydisDecodedInstruction z;
  ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
} reading;

/*
** Fills `in`, `z` and `op` from `bytes`, of which 16 may be read. Returns
** what is wrong about the instruction, or NULL.
*/
const char *reading_fault(reading *r);

/* How it reaches memory: an index into these names. */
unsigned reading_class(const reading *r);
extern const char *const reading_classes[];
enum { READING_CLASSES = 7 };

#endif
