/*
** table.c - expands opcodes.def into the decoder's two constant tables.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "isa/table.h"
#include "zvm.h"

/* The operand notation of opcodes.def. x: vector, W is 0. y: W chooses the
   width. R: register form, or a source that needs no byte-register rule. */
#define NONE 0
#define MODRM A_MODRM
#define Eb (A_MODRM | A_BRM | A_W0)
#define wEb (Eb | A_WRM)
#define EbR A_MODRM
#define Ew A_MODRM
#define Ev A_MODRM
#define wEv (A_MODRM | A_WRM)
#define Ey A_MODRM
#define wEy (A_MODRM | A_WRM)
#define Ed A_MODRM
#define wEd (A_MODRM | A_WRM)
#define Eq (A_MODRM | A_W0)
#define Gb (A_MODRM | A_BREG | A_W0)
#define wGb (Gb | A_WREG)
#define Gv A_MODRM
#define wGv (A_MODRM | A_WREG)
#define Gy A_MODRM
#define wGy (A_MODRM | A_WREG)
#define wGd (A_MODRM | A_WREG)
#define By A_VVVV
#define wBy (A_VVVV | A_WVVVV)
#define Zq A_W0
#define wZq (A_W0 | A_WOPC)
#define wZb (A_W0 | A_WOPC | A_BRM)
#define wZv A_WOPC
#define Vx (A_MODRM | A_W0)
#define Vy A_MODRM
#define Wx (A_MODRM | A_W0)
#define Wy A_MODRM
#define Ux (A_MODRM | A_W0 | A_NOMEM)
#define Udq Ux
#define Hx A_VVVV
#define HxR A_VVVVR
#define M (A_MODRM | A_NOREG)
#define MEM A_NOREG
#define REG (A_MODRM | A_NOMEM)
#define Ib A_I8
#define Lb A_I8
#define Iz A_IZ
#define Id A_I32
#define Iv A_IV
#define Jb (A_J8 | A_W0)
#define Jz (A_J32 | A_W0)
#define W0 A_W0
#define W1 A_W1
#define L0 A_L0
#define L1 A_L1
#define LX 0
#define V3 A_V3
#define LOCK A_LOCK
#define ESP A_ESP
#define REX0 A_REX0
#define STRING (A_STRING | A_REX0)
#define NOACCESS A_NOACCESS
#define OSIZE A_OSIZE
#define RETURN (A_RETURN | A_W0)
#define INDIRECT A_INDIRECT
#define BITS A_BITS
#define FENCE A_FENCE
#define ENDBR A_ENDBR

/* OS fills two cells: without a prefix, and with 66 as operand size. */
enum {
  LOW_NP = ZVM__NP, HIGH_NP = ZVM__NP, SIZE_NP = 0,
  LOW_P66 = ZVM__P66, HIGH_P66 = ZVM__P66, SIZE_P66 = 0,
  LOW_F3 = ZVM__F3, HIGH_F3 = ZVM__F3, SIZE_F3 = 0,
  LOW_F2 = ZVM__F2, HIGH_F2 = ZVM__F2, SIZE_F2 = 0,
  LOW_OS = ZVM__NP, HIGH_OS = ZVM__P66, SIZE_OS = A_OSIZE
};

/* Every VEX encoding is above level v2. */
enum {
  LEVEL_M1, LEVEL_M0F = 0, LEVEL_M38 = 0, LEVEL_M3A = 0,
  LEVEL_V0F = A_V3, LEVEL_V38 = A_V3, LEVEL_V3A = A_V3
};

/* A later line overrides an earlier one. */
#pragma GCC diagnostic ignored "-Woverride-init"


const uint32_t zvm__opcodes[ZVM__MAPS * ZVM__PPS][256] = {
#define CELL(map, pp) ZVM__SPACE(ZVM__##map, pp)
#define BAD(map, lo, hi, rule)                                           \
  [CELL(map, ZVM__NP)][lo ... hi] = ZVM_R_##rule,                        \
  [CELL(map, ZVM__P66)][lo ... hi] = ZVM_R_##rule,                       \
  [CELL(map, ZVM__F3)][lo ... hi] = ZVM_R_##rule,                        \
  [CELL(map, ZVM__F2)][lo ... hi] = ZVM_R_##rule,
#define FILL(map, pp, lo, hi, operands)                                  \
  [CELL(map, LOW_##pp)][lo ... hi] =                                     \
      A_ALLOWED | SIZE_##pp | LEVEL_##map | (operands),                  \
  [CELL(map, HIGH_##pp)][lo ... hi] =                                    \
      A_ALLOWED | SIZE_##pp | LEVEL_##map | (operands),
#define OP(map, pp, opcode, name, operands)                              \
  FILL(map, pp, opcode, opcode, operands)
#define OPR(map, pp, opcode, name, operands)                             \
  FILL(map, pp, opcode, (opcode) + 7, operands)
#define GROUP(map, pp, opcode, group)                                    \
  [CELL(map, LOW_##pp)][opcode] = A_ALLOWED | A_GROUP | (group),         \
  [CELL(map, HIGH_##pp)][opcode] = A_ALLOWED | A_GROUP | (group),
#define EXT(group, pp, reg, name, operands)
#define BADEXT(group, pp, reg, rule)
#include "isa/opcodes.def"
#undef BAD
#undef OP
#undef OPR
#undef GROUP
#undef EXT
#undef BADEXT
};

const uint32_t zvm__groups[ZVM__GROUPS * ZVM__PPS][8] = {
#define BAD(map, lo, hi, rule)
#define OP(map, pp, opcode, name, operands)
#define OPR(map, pp, opcode, name, operands)
#define GROUP(map, pp, opcode, group)
#define BADEXT(group, pp, reg, rule)                                     \
  [(group)*ZVM__PPS + LOW_##pp][reg] = ZVM_R_##rule,
#define EXT(group, pp, reg, name, operands)                              \
  [(group)*ZVM__PPS + LOW_##pp][reg] =                                   \
      A_ALLOWED | SIZE_##pp | (operands),                                \
  [(group)*ZVM__PPS + HIGH_##pp][reg] =                                  \
      A_ALLOWED | SIZE_##pp | (operands),
#include "isa/opcodes.def"
};
