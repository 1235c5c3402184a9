/*
** second.h - a second validator, slow and readable, to check the first.
**
** Written from docs/validator.md and the lines of core/isa/opcodes.def, on
** text that Zydis decoded; it shares no code and no table with core/. Never
** part of the sandbox.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ORACLE_SECOND_H
#define ORACLE_SECOND_H

#include <stdbool.h>
#include <stdint.h>

/* Is the text, which will run at `address`, accepted at this CPU level? */
bool second_accepts(const uint8_t *text, uint32_t size, uint32_t address,
                    int level);

/* The rule, by its number in docs/validator.md, of the last refusal. */
int second_refusal(void);

#endif
