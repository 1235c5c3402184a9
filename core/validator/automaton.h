/*
** automaton.h - the states of the automaton that reads a bundle.
**
** It reads one byte at a time. Whenever an instruction has just ended it is
** in one of the states below, which tell what has to be looked at besides
** (an event), or which fused sequence has begun. Freestanding.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_VALIDATOR_AUTOMATON_H
#define ZVM_VALIDATOR_AUTOMATON_H

enum {
  /* Events: what ended is ... */
  ZVM__BRANCH8,   /* a direct branch with an 8-bit displacement           */
  ZVM__BRANCH32,  /* ... with a 32-bit one                                */
  ZVM__RIP,       /* a rip-relative access, 0 bytes behind its disp       */
  ZVM__RIP_1,     /* ... 1 byte                                           */
  ZVM__RIP_2,
  ZVM__RIP_4,
  ZVM__JUMP_2,    /* the indirect jump or call after its mask, 2 bytes    */
  ZVM__JUMP_3,    /* ... 3 bytes                                          */
  ZVM__SKIPPED,   /* the jump over ret, after its test                    */
  ZVM__RETURN,    /* ret, after both                                      */
  ZVM__EVENTS,
  /* No event. */
  ZVM__START = ZVM__EVENTS,
  ZVM__TESTED,    /* test of the address that ret would take              */
  ZVM__MASKED,    /* and $-32 of register 0, up to 15                     */
  ZVM__ENDS = ZVM__MASKED + 16
};

#endif
