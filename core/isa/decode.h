/*
** decode.h - bytes to one instruction, or the rule that refuses it.
**
** The decoder knows only what opcodes.def allows and only one order of
** prefixes (67, 66, F2 or F3, F0, REX or VEX). It reads at most 16 bytes
** from `p`, which the caller guarantees; whether the instruction fits its
** bundle is the caller's question. Inline because the validator's one loop
** is its only hot caller. Freestanding.
**
** Source: Intel SDM volume 2, chapter 2 and appendix A; AMD APM volume 3.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_ISA_DECODE_H
#define ZVM_ISA_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "isa/table.h"
#include "zvm.h"

typedef struct zvm__insn {
  uint32_t attr;    /* A_* of its line in opcodes.def                     */
  uint8_t length;   /* bytes, prefixes included                           */
  uint8_t map;      /* ZVM__M1 ...                                        */
  uint8_t opcode;
  uint8_t modrm;    /* valid if attr & A_MODRM                            */
  uint8_t sib;      /* valid if the form has one                          */
  uint8_t rex;      /* W R X B in the low four bits, from REX or VEX      */
  uint8_t vvvv;     /* 0 to 15                                            */
  bool has_rex;     /* a REX prefix is there: no ah, ch, dh, bh           */
  bool addr32;      /* 67                                                 */
  bool opsize;      /* 66 as operand size                                 */
  bool has_mem;     /* ModRM names memory                                 */
  int32_t disp;     /* of a rip-relative operand, or a direct branch      */
} zvm__insn;

static inline int32_t zvm__le32(const uint8_t *p) {
  return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 |
                   (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

static inline bool zvm__is_rip_relative(const zvm__insn *in) {
  return (in->modrm & 0xc7) == 0x05;
}

/* disp(%rsp) and nothing else: SIB with base 4 and index 4, no extension */
static inline bool zvm__is_rsp_based(const zvm__insn *in) {
  return (in->modrm & 7) == 4 && (in->sib & 0x3f) == 0x24 &&
         (in->rex & 3) == 0;
}

/*
** The assembler's long nops with a 2E prefix, 10 or 11 bytes; they are the
** only use of 2E and the only repeated 66 that is accepted.
*/
static inline unsigned zvm__long_nop(const uint8_t *p) {
  static const uint8_t tail[9] = {0x2e, 0x0f, 0x1f, 0x84};
  unsigned n = p[1] == 0x66 ? 2 : 1;
  unsigned i;
  for (i = 0; i < sizeof tail; i++)
    if (p[n + i] != tail[i])
      return 0;
  return n + (unsigned)sizeof tail;
}

/* Why no line of opcodes.def fits. */
static inline zvm_rule zvm__no_line(uint32_t word, unsigned map, unsigned pp,
                                    unsigned opcode) {
  if ((word & 0xff) != 0)
    return (zvm_rule)(word & 0xff);
  if (pp != ZVM__NP &&
      (zvm__opcodes[ZVM__SPACE(map, ZVM__NP)][opcode] & A_ALLOWED) != 0)
    return ZVM_R_PREFIX;
  return ZVM_R_INSN_UNKNOWN;
}

/*
** Prefixes and escapes. Returns the opcode's place, or NULL with *rule set.
*/
static inline const uint8_t *zvm__decode_head(const uint8_t *p, zvm__insn *in,
                                              unsigned *pp, bool *lock,
                                              bool *vex_l, zvm_rule *rule) {
  const uint8_t *q = p;
  unsigned prefix = ZVM__NP;
  unsigned b;
  in->has_rex = in->opsize = *lock = false;
  in->rex = 0;
  in->addr32 = *q == 0x67;
  q += in->addr32;
  if (*q == 0x66) {
    in->opsize = true;
    prefix = ZVM__P66;
    q++;
  }
  if ((*q & 0xfe) == 0xf2) {
    prefix = *q == 0xf3 ? ZVM__F3 : ZVM__F2;
    q++;
  }
  if (*q == 0xf0) {
    *lock = true;
    q++;
  }
  if ((*q & 0xf0) == 0x40) {
    in->has_rex = true;
    in->rex = *q & 0x0f;
    q++;
  }
  b = *q;
  if (b == 0x0f) {
    b = *++q;
    in->map = ZVM__M0F;
    if (b == 0x38 || b == 0x3a) {
      in->map = b == 0x38 ? ZVM__M38 : ZVM__M3A;
      q++;
    }
  } else if ((b & 0xfe) == 0xc4) {
    unsigned last;
    if (q - p != in->addr32) {
      *rule = ZVM_R_PREFIX;
      return NULL;
    }
    if (b == 0xc5) {
      last = q[1];
      in->rex = last & 0x80 ? 0 : 4;
      in->map = ZVM__V0F;
      q += 2;
    } else {
      unsigned map = q[1] & 0x1f;
      last = q[2];
      in->rex = (uint8_t)((~q[1] >> 5 & 7) | (last >> 7) << 3);
      if (map < 1 || map > 3) {
        *rule = ZVM_R_INSN_UNKNOWN;
        return NULL;
      }
      in->map = (uint8_t)(ZVM__V0F + map - 1);
      q += 3;
    }
    in->vvvv = ~last >> 3 & 15;
    *vex_l = (last & 4) != 0;
    prefix = last & 3; /* NP 66 F3 F2, as our own order */
  } else {
    in->map = ZVM__M1;
  }
  *pp = prefix;
  return q;
}

/* Constraints of the line on prefixes, REX.W and the fields of VEX. */
static inline zvm_rule zvm__check_form(const zvm__insn *in, unsigned pp,
                                       bool lock, bool vex_l, int level) {
  uint32_t a = in->attr;
  bool w = (in->rex & 8) != 0;
  if (w ? (a & A_W0) != 0 : (a & A_W1) != 0)
    return ZVM_R_INSN_FORM;
  if (in->opsize) {
    if ((a & A_OSIZE) != 0 ? w : pp != ZVM__P66)
      return ZVM_R_PREFIX;
  }
  if (in->has_mem ? (a & A_NOMEM) != 0 : (a & A_NOREG) != 0)
    return ZVM_R_INSN_FORM;
  if (in->addr32 && !in->has_mem && (a & A_STRING) == 0)
    return ZVM_R_PREFIX;
  if (lock && ((a & A_LOCK) == 0 || !in->has_mem))
    return ZVM_R_PREFIX;
  if (in->map >= ZVM__V0F) {
    bool uses = (a & A_VVVV) != 0 || ((a & A_VVVVR) != 0 && !in->has_mem);
    if (level < ZVM_LEVEL_V3)
      return ZVM_R_INSN_LEVEL;
    if (vex_l ? (a & A_L0) != 0 : (a & A_L1) != 0)
      return ZVM_R_INSN_FORM;
    if (!uses && in->vvvv != 0)
      return ZVM_R_INSN_FORM;
  } else if ((a & A_V3) != 0 && level < ZVM_LEVEL_V3) {
    return ZVM_R_INSN_LEVEL;
  }
  return ZVM_RULE_NONE;
}

static inline const uint8_t *zvm__decode_modrm(const uint8_t *q,
                                               zvm__insn *in) {
  unsigned mod = in->modrm >> 6;
  q++;
  in->has_mem = mod != 3;
  if (mod == 3)
    return q;
  if ((in->modrm & 7) == 4) {
    in->sib = *q++;
    if (mod == 0 && (in->sib & 7) == 5)
      return q + 4;
  } else if (mod == 0 && (in->modrm & 7) == 5) {
    in->disp = zvm__le32(q);
    return q + 4;
  }
  return q + (mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

static inline const uint8_t *zvm__decode_imm(const uint8_t *q,
                                             zvm__insn *in) {
  switch (in->attr & A_IMM) {
  case 0:
    return q;
  case A_I8:
    return q + 1;
  case A_IZ:
    return q + (in->opsize ? 2 : 4);
  case A_IV:
    return q + ((in->rex & 8) != 0 ? 8 : in->opsize ? 2 : 4);
  case A_J8:
    in->disp = (int8_t)*q;
    return q + 1;
  case A_J32:
    in->disp = zvm__le32(q);
    return q + 4;
  default: /* A_I32 */
    return q + 4;
  }
}

/*
** Decode the instruction at `p` for CPU level `level`. Returns 0 and fills
** *in, or the rule that refuses.
*/
static inline zvm_rule zvm__decode(const uint8_t *p, int level,
                                   zvm__insn *in) {
  unsigned pp;
  bool lock;
  bool vex_l = false;
  zvm_rule rule;
  const uint8_t *q;
  uint32_t a;
  if (p[0] == 0x66 && (p[1] == 0x2e || p[1] == 0x66)) {
    in->attr = A_ALLOWED | A_MODRM | A_NOACCESS;
    in->length = (uint8_t)zvm__long_nop(p);
    in->has_mem = in->addr32 = false;
    return in->length == 0 ? ZVM_R_PREFIX : ZVM_RULE_NONE;
  }
  in->vvvv = 0;
  in->has_mem = false;
  q = zvm__decode_head(p, in, &pp, &lock, &vex_l, &rule);
  if (q == NULL)
    return rule;
  in->opcode = *q;
  a = zvm__opcodes[ZVM__SPACE(in->map, pp)][*q];
  in->modrm = q[1];
  if ((a & A_KIND) == A_GROUP)
    a = zvm__groups[(a & 0xff) * ZVM__PPS + pp][in->modrm >> 3 & 7];
  if ((a & A_ALLOWED) == 0)
    return zvm__no_line(a, in->map, pp, *q);
  in->attr = a;
  q++;
  if ((a & A_MODRM) != 0)
    q = zvm__decode_modrm(q, in);
  q = zvm__decode_imm(q, in);
  in->length = (uint8_t)(q - p);
  return zvm__check_form(in, pp, lock, vex_l, level);
}

#endif
