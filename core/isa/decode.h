/*
** decode.h - bytes to one instruction, or the rule that refuses it.
**
** The decoder knows only what opcodes.def allows and only one order of
** prefixes (67, 66, F2 or F3, F0, REX or VEX). It reads at most 16 bytes
** from `p`, which the caller guarantees; whether the instruction fits its
** bundle is the caller's question. Freestanding.
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
  uint32_t attr;   /* A_* of its line in opcodes.def                      */
  unsigned length; /* bytes, prefixes included                            */
  unsigned at;     /* of the opcode byte, escapes passed                  */
  unsigned map;    /* ZVM__M1 ...                                         */
  unsigned pp;     /* ZVM__NP ...                                         */
  unsigned opcode;
  unsigned modrm;  /* the byte after the opcode, whatever it means        */
  unsigned sib;    /* the byte after that                                 */
  unsigned rex;    /* W R X B in the low four bits, from REX or VEX       */
  unsigned vvvv;   /* 0 to 15                                             */
  bool vex_l;
  bool has_rex;    /* a REX prefix is there: no ah, ch, dh, bh            */
  bool addr32;     /* 67                                                  */
  bool opsize;     /* 66, as operand size or as mandatory prefix          */
  bool lock;       /* F0                                                  */
  bool has_mem;    /* ModRM names memory                                  */
  bool below;      /* ... with a displacement of 4 bytes, negative        */
} zvm__insn;

static inline int32_t zvm__le32(const uint8_t *p) {
  return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 |
                   (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

static inline bool zvm__is_rip_relative(const zvm__insn *in) {
  return (in->modrm & 0xc7) == 0x05;
}

/* Of a rip-relative operand of the instruction at `p`. */
static inline int32_t zvm__rip_disp(const uint8_t *p, const zvm__insn *in) {
  return zvm__le32(p + in->at + 2);
}

static inline bool zvm__is_branch(const zvm__insn *in) {
  return (in->attr & A_IMM) >= A_J8;
}

/* Of a direct branch. */
static inline int32_t zvm__branch_disp(const uint8_t *p,
                                       const zvm__insn *in) {
  const uint8_t *end = p + in->length;
  return (in->attr & A_IMM) == A_J8 ? (int8_t)end[-1] : zvm__le32(end - 4);
}

/* disp(%rsp) and nothing else: SIB with base 4 and index 4, no extension */
static inline bool zvm__is_rsp_based(const zvm__insn *in) {
  return (in->modrm & 7) == 4 && (in->sib & 0x3f) == 0x24 &&
         (in->rex & 3) == 0;
}

enum { ZVM__NOWHERE = 16 };

/* -- Prefixes ------------------------------------------------------------- */

/*
** The assembler's long nops with a 2E prefix, 10 or 11 bytes; they are the
** only use of 2E and the only repeated 66 that is accepted. 0 if it is none.
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

/* What a byte begins, where an instruction may begin. */
enum { ZVM__OPCODE, ZVM__PREFIX, ZVM__REX, ZVM__ESCAPE, ZVM__VEX };

static inline unsigned zvm__byte_class(unsigned b) {
  static const uint8_t class[256] = {
      [0x66] = ZVM__PREFIX, [0xf0] = ZVM__PREFIX, [0xf2] = ZVM__PREFIX,
      [0xf3] = ZVM__PREFIX, [0x40 ... 0x4f] = ZVM__REX,
      [0x0f] = ZVM__ESCAPE, [0xc4 ... 0xc5] = ZVM__VEX};
  return class[b];
}

/* 66, F2 or F3, F0, in this order. Returns the offset after them. */
static inline unsigned zvm__decode_prefixes(const uint8_t *p, unsigned n,
                                            zvm__insn *in) {
  if (p[n] == 0x66) {
    in->opsize = true;
    in->pp = ZVM__P66;
    n++;
  }
  if ((p[n] & 0xfe) == 0xf2) {
    in->pp = p[n] == 0xf3 ? (unsigned)ZVM__F3 : (unsigned)ZVM__F2;
    n++;
  }
  if (p[n] == 0xf0) {
    in->lock = true;
    n++;
  }
  return n;
}

/*
** C5 or C4 at p[n]. Returns the opcode's offset, or ZVM__NOWHERE: a prefix
** stands before it, or there is no such map.
*/
static inline unsigned zvm__decode_vex(const uint8_t *p, unsigned n,
                                       zvm__insn *in) {
  unsigned map = 1;
  unsigned last = p[n + 1];
  if (n != in->addr32)
    return ZVM__NOWHERE;
  in->rex = last & 0x80 ? 0u : 4u;
  if (p[n] == 0xc4) {
    map = last & 0x1f;
    in->rex = (~last >> 5 & 7) | (unsigned)(p[n + 2] >> 7) << 3;
    last = p[++n + 1];
  }
  if (map < 1 || map > 3)
    return ZVM__NOWHERE;
  in->map = ZVM__V0F + map - 1;
  in->vvvv = ~last >> 3 & 15;
  in->vex_l = (last & 4) != 0;
  in->pp = last & 3; /* NP 66 F3 F2, as our own order */
  return n + 2;
}

/* REX, escapes and VEX from p[n], which is of class `class`. */
static inline unsigned zvm__decode_escape(const uint8_t *p, unsigned n,
                                        unsigned class, zvm__insn *in) {
  if (class == ZVM__REX) {
    in->has_rex = true;
    in->rex = p[n++] & 15;
    class = zvm__byte_class(p[n]);
  }
  if (class == ZVM__ESCAPE) {
    in->map = ZVM__M0F;
    if ((p[++n] & 0xfd) == 0x38) {
      in->map = p[n] == 0x38 ? (unsigned)ZVM__M38 : (unsigned)ZVM__M3A;
      n++;
    }
  } else if (class == ZVM__VEX) {
    n = zvm__decode_vex(p, n, in);
  }
  return n;
}

/* -- Length --------------------------------------------------------------- */

/* ModRM, SIB and displacement of the instruction's memory operand. */
static inline unsigned zvm__modrm_length(const zvm__insn *in) {
#define ROW(plain, sib, rip) plain, plain, plain, plain, sib, rip, plain, plain
#define ROWS(plain, sib, rip)                                            \
  ROW(plain, sib, rip), ROW(plain, sib, rip), ROW(plain, sib, rip),      \
      ROW(plain, sib, rip), ROW(plain, sib, rip), ROW(plain, sib, rip),  \
      ROW(plain, sib, rip), ROW(plain, sib, rip)
  static const uint8_t length[256] = {ROWS(1, 2, 5), ROWS(2, 3, 2),
                                      ROWS(5, 6, 5), ROWS(1, 1, 1)};
#undef ROWS
#undef ROW
  /* SIB without a base: mod 0 has a displacement all the same. */
  bool no_base = (in->modrm & 0xc7) == 4 && (in->sib & 7) == 5;
  return length[in->modrm] + (no_base ? 4u : 0u);
}

static inline unsigned zvm__imm_length(const zvm__insn *in) {
  static const uint8_t length[8] = {0, 1, 4, 4, 4, 1, 4, 0};
  uint32_t imm = in->attr & A_IMM;
  bool w = (in->rex & 8) != 0;
  if (imm == A_IV && w)
    return 8;
  if (in->opsize && !w && (imm == A_IZ || imm == A_IV))
    return 2;
  return length[imm >> 3];
}

/* -- Form ----------------------------------------------------------------- */

/* Why no line of opcodes.def fits. */
static inline zvm_rule zvm__no_line(const zvm__insn *in) {
  if ((in->attr & 0xff) != 0)
    return (zvm_rule)(in->attr & 0xff);
  if (in->pp != ZVM__NP &&
      (zvm__opcodes[ZVM__SPACE(in->map, ZVM__NP)][in->opcode] & A_ALLOWED))
    return ZVM_R_PREFIX;
  return ZVM_R_INSN_UNKNOWN;
}

/* What the line says of REX and of the two forms of ModRM. */
static inline bool zvm__form_fits(const zvm__insn *in) {
  uint32_t a = in->attr;
  uint32_t wrong_w = a >> (in->rex & 8 ? 6 : 7);   /* A_W0, A_W1         */
  uint32_t wrong_mod = a >> (in->has_mem ? 2 : 1); /* A_NOMEM, A_NOREG   */
  return ((wrong_w | wrong_mod) & 1) == 0 &&
         ((a & A_REX0) == 0 || (in->rex & 7) == 0);
}

/* What the line says of 66 and F0. */
static inline bool zvm__prefixes_fit(const zvm__insn *in) {
  uint32_t a = in->attr;
  if (in->opsize &&
      ((a & A_OSIZE) != 0 ? (in->rex & 8) != 0 : in->pp != ZVM__P66))
    return false;
  return !in->lock || ((a & A_LOCK) != 0 && in->has_mem);
}

static inline bool zvm__vex_fits(const zvm__insn *in) {
  uint32_t a = in->attr;
  bool uses = (a & A_VVVV) != 0 || ((a & A_VVVVR) != 0 && !in->has_mem);
  return (a & (in->vex_l ? A_L0 : A_L1)) == 0 && (uses || in->vvvv == 0);
}

/* `refused`: bits of a line that is above the CPU level. */
static inline zvm_rule zvm__check_form(const zvm__insn *in, uint32_t refused) {
  if (!zvm__form_fits(in))
    return ZVM_R_INSN_FORM;
  if (in->addr32 && !in->has_mem && (in->attr & A_STRING) == 0)
    return ZVM_R_PREFIX;
  if ((in->opsize || in->lock) && !zvm__prefixes_fit(in))
    return ZVM_R_PREFIX;
  if ((in->attr & refused) != 0)
    return ZVM_R_INSN_LEVEL;
  if (in->map >= ZVM__V0F && !zvm__vex_fits(in))
    return ZVM_R_INSN_FORM;
  return ZVM_RULE_NONE;
}

/* -- Decode --------------------------------------------------------------- */

/* What zvm__decode wants as `refused` for a module of this CPU level. */
static inline uint32_t zvm__refused_at(int level) {
  return level < ZVM_LEVEL_V3 ? A_V3 : 0;
}

/*
** Decode the instruction at `p`. Returns 0 and fills *in, or the rule that
** refuses.
*/
static inline zvm_rule zvm__decode(const uint8_t *p, uint32_t refused,
                                 zvm__insn *in) {
  unsigned n = p[0] == 0x67;
  unsigned class = zvm__byte_class(p[n]);
  uint32_t a;
  *in = (zvm__insn){.addr32 = n != 0, .map = ZVM__M1, .pp = ZVM__NP};
  if (class == ZVM__PREFIX) {
    if (p[0] == 0x66 && (p[1] == 0x2e || p[1] == 0x66)) {
      in->attr = A_ALLOWED;
      in->length = zvm__long_nop(p);
      return in->length == 0 ? ZVM_R_PREFIX : ZVM_RULE_NONE;
    }
    n = zvm__decode_prefixes(p, n, in);
    class = zvm__byte_class(p[n]);
  }
  if (class > ZVM__PREFIX) {
    n = zvm__decode_escape(p, n, class, in);
    if (n == ZVM__NOWHERE)
      return in->opsize || in->lock || in->has_rex || in->pp != ZVM__NP
                 ? ZVM_R_PREFIX
                 : ZVM_R_INSN_UNKNOWN;
  }
  in->at = n;
  in->opcode = p[n];
  in->modrm = p[n + 1];
  in->sib = p[n + 2];
  a = zvm__opcodes[ZVM__SPACE(in->map, in->pp)][in->opcode];
  if ((a & A_KIND) == A_GROUP)
    a = zvm__groups[(a & 0xff) * ZVM__PPS + in->pp][in->modrm >> 3 & 7];
  in->attr = a;
  if ((a & A_ALLOWED) == 0)
    return zvm__no_line(in);
  n++;
  if ((a & A_MODRM) != 0) {
    in->has_mem = in->modrm < 0xc0;
    n += zvm__modrm_length(in);
    in->below = in->modrm >> 6 == 2 && p[n - 1] >= 0x80;
  }
  in->length = n + zvm__imm_length(in);
  return zvm__check_form(in, refused);
}

#endif
