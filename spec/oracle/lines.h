/*
** lines.h - the lines of opcodes.def, and instructions made from them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "isa/decode.h"

enum { LINES_MAX = 1200, LINES_NONE = -1, LINES_ROOM = 32 };

extern unsigned lines_count;

/* Before all else. */
void lines_begin(void);

/* As opcodes.def names it, and where it is: "add", "M1 OS 01" or "... /0". */
const char *lines_name(unsigned line);
void lines_place(unsigned line, char text[32]);

/* The line that gives a decoded instruction its attributes. */
int lines_of(const zvm__insn *in);

/*
** An accepted instruction of this line, or the fused sequence that has it;
** its length, or 0 if none was found. `to` has LINES_ROOM bytes, all of which
** are written. Direct branches go anywhere.
*/
unsigned lines_make(unsigned line, uint8_t *to);

/* Length of the instruction as the automaton reads it; 0 if refused. */
unsigned lines_read(const uint8_t *b);

#endif
