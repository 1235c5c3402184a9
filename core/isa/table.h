/*
** table.h - what a line of opcodes.def becomes: one 32-bit word.
**
** Freestanding: no malloc, no stdio, no globals.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_ISA_TABLE_H
#define ZVM_ISA_TABLE_H

#include <stdint.h>

/* Opcode spaces: four mandatory prefixes for each of seven maps. */
enum {
  ZVM__M1,
  ZVM__M0F,
  ZVM__M38,
  ZVM__M3A,
  ZVM__V0F,
  ZVM__V38,
  ZVM__V3A,
  ZVM__MAPS
};

enum { ZVM__NP, ZVM__P66, ZVM__F3, ZVM__F2, ZVM__PPS };

#define ZVM__SPACE(map, pp) ((map)*ZVM__PPS + (pp))
#define ZVM__GROUPS 28

/*
** An entry. Without A_ALLOWED the low byte is the rule that refuses, or 0.
** With kind A_GROUP the low byte is the number of a group.
*/
#define A_MODRM (1u << 0)
#define A_NOREG (1u << 1)   /* register form refused                      */
#define A_NOMEM (1u << 2)   /* memory form refused                        */
#define A_IMM (7u << 3)     /* one of A_I*                                */
#define A_W0 (1u << 6)      /* REX.W or VEX.W must be 0                   */
#define A_W1 (1u << 7)      /* must be 1                                  */
#define A_WREG (1u << 8)    /* writes the register of ModRM.reg           */
#define A_WRM (1u << 9)     /* writes the register or memory of ModRM.rm  */
#define A_WOPC (1u << 10)   /* writes the register of the opcode          */
#define A_WVVVV (1u << 11)  /* writes the register of VEX.vvvv            */
#define A_BREG (1u << 12)   /* ModRM.reg names a byte register            */
#define A_BRM (1u << 13)    /* ModRM.rm or the opcode does                */
#define A_NOACCESS (1u << 14) /* the memory operand is not touched        */
#define A_LOCK (1u << 15)   /* F0 accepted on the memory form             */
#define A_ESP (1u << 16)    /* may write %esp as a 32-bit register        */
#define A_STRING (1u << 17) /* addresses through rsi and rdi              */
#define A_OSIZE (1u << 18)  /* 66 is the operand size                     */
#define A_KIND (7u << 19)   /* one of the kinds below                     */
#define A_V3 (1u << 22)
#define A_L0 (1u << 23)     /* VEX.L must be 0                            */
#define A_L1 (1u << 24)     /* must be 1                                  */
#define A_VVVV (1u << 25)   /* VEX.vvvv names an operand                  */
#define A_VVVVR (1u << 26)  /* the same in the register form only         */
#define A_REX0 (1u << 27)   /* REX.R, X and B must be 0                   */
#define A_ALLOWED (1u << 31)

#define A_I8 (1u << 3)
#define A_IZ (2u << 3)  /* 2 bytes with 66, else 4                        */
#define A_I32 (3u << 3)
#define A_IV (4u << 3)  /* 8 bytes with W, 2 with 66, else 4              */
#define A_J8 (5u << 3)
#define A_J32 (6u << 3)

#define A_RETURN (1u << 19)
#define A_INDIRECT (2u << 19)
#define A_BITS (3u << 19)  /* memory form reaches outside its operand     */
#define A_FENCE (4u << 19) /* ModRM.rm must be 0                          */
#define A_ENDBR (5u << 19) /* ModRM must be FA                            */
#define A_GROUP (6u << 19)

extern const uint32_t zvm__opcodes[ZVM__MAPS * ZVM__PPS][256]
    __attribute__((visibility("hidden")));
extern const uint32_t zvm__groups[ZVM__GROUPS * ZVM__PPS][8]
    __attribute__((visibility("hidden")));

#endif
