/*
** lines.c - accepted instructions at random, line by line of opcodes.def.
**
** What a line allows is not asked: prefixes, fields and operands are guessed
** until the automaton accepts what came out and the decoder finds that line.
** So no line is left out because another has more encodings.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "lines.h"

#include <stdio.h>
#include <string.h>

#include "random.h"
#include "validator/automaton.h"
#include "zvm.h"

#include "automaton.inc"

enum { PP_NP, PP_P66, PP_F3, PP_F2, PP_OS };

typedef struct line {
  const char *name;
  uint8_t group; /* 0: none                                               */
  uint8_t map, pp, lo, hi, ext;
} line;

/* Where a group is. Some are at two opcodes. */
typedef struct place {
  uint8_t group, map, pp, opcode;
} place;

static const line lines[] = {
#define BAD(map, lo, hi, rule)
#define BADEXT(group, pp, reg, rule)
#define GROUP(map, pp, opcode, group)
#define OP(map, pp, opcode, name, operands)                              \
  {name, 0, ZVM__##map, PP_##pp, opcode, opcode, 0},
#define OPR(map, pp, opcode, name, operands)                             \
  {name, 0, ZVM__##map, PP_##pp, opcode, (opcode) + 7, 0},
#define EXT(group, pp, reg, name, operands)                              \
  {name, group, 0, PP_##pp, 0, 0, reg},
#include "isa/opcodes.def"
#undef OP
#undef OPR
#undef EXT
#undef GROUP
};

static const place places[] = {
#define OP(map, pp, opcode, name, operands)
#define OPR(map, pp, opcode, name, operands)
#define EXT(group, pp, reg, name, operands)
#define GROUP(map, pp, opcode, group) {group, ZVM__##map, PP_##pp, opcode},
#include "isa/opcodes.def"
};

enum {
  LINES = sizeof lines / sizeof *lines,
  PLACES = sizeof places / sizeof *places
};

unsigned lines_count = LINES;

/* Number of the line of each cell and of each member of a group, plus 1. */
static uint16_t cell[ZVM__MAPS * ZVM__PPS][256];
static uint16_t member[ZVM__GROUPS * ZVM__PPS][8];

/* A later line overrides an earlier one, as in isa/table.c. */
void lines_begin(void) {
  unsigned i, op;
  for (i = 0; i < LINES; i++) {
    const line *l = &lines[i];
    unsigned low = l->pp == PP_OS ? (unsigned)ZVM__NP : l->pp;
    unsigned high = l->pp == PP_OS ? (unsigned)ZVM__P66 : l->pp;
    if (l->group != 0) {
      member[l->group * ZVM__PPS + low][l->ext] = (uint16_t)(i + 1);
      member[l->group * ZVM__PPS + high][l->ext] = (uint16_t)(i + 1);
      continue;
    }
    for (op = l->lo; op <= l->hi; op++) {
      cell[ZVM__SPACE(l->map, low)][op] = (uint16_t)(i + 1);
      cell[ZVM__SPACE(l->map, high)][op] = (uint16_t)(i + 1);
    }
  }
}


const char *lines_name(unsigned l) {
  return lines[l].name;
}


static const place *place_of(unsigned l) {
  unsigned count = 0;
  const place *found[4];
  unsigned i;
  for (i = 0; i < PLACES && count < 4; i++)
    if (places[i].group == lines[l].group)
      found[count++] = &places[i];
  return found[random_below(count)];
}


void lines_place(unsigned l, char text[32]) {
  static const char *const maps[] = {"M1",  "M0F", "M38", "M3A",
                                     "V0F", "V38", "V3A"};
  static const char *const pps[] = {"NP", "P66", "F3", "F2", "OS"};
  const line *at = &lines[l];
  if (at->group != 0)
    snprintf(text, 32, "group %u %s /%u", at->group, pps[at->pp], at->ext);
  else
    snprintf(text, 32, "%s %s %02x-%02x", maps[at->map], pps[at->pp],
             at->lo, at->hi);
}


int lines_of(const zvm__insn *in) {
  unsigned space = ZVM__SPACE(in->map, in->pp);
  uint32_t a = zvm__opcodes[space][in->opcode];
  if ((a & A_KIND) == A_GROUP)
    return (int)member[(a & 0xff) * ZVM__PPS + in->pp][in->modrm >> 3 & 7] -
           1;
  return (int)cell[space][in->opcode] - 1;
}


unsigned lines_read(const uint8_t *b) {
  unsigned state = ZVM__START;
  unsigned i;
  for (i = 0; i < 16 && state < ZVM__REFUSED; i++) {
    state = zvm__next[state][b[i]];
    if (state < ZVM__ENDS)
      return i + 1;
  }
  return 0;
}


/* -- Making --------------------------------------------------------------- */

/* What comes before the opcode; returns its offset. */
static unsigned put_legacy(uint8_t *to, unsigned map, unsigned pp) {
  unsigned n = 0;
  if (one_in(2))
    to[n++] = 0x67;
  if (pp == PP_P66 || (pp >= PP_F3 && one_in(4)) || (pp == PP_OS && one_in(3)))
    to[n++] = 0x66;
  if (pp == PP_F3 || pp == PP_F2)
    to[n++] = pp == PP_F3 ? 0xf3 : 0xf2;
  if (one_in(16))
    to[n++] = 0xf0;
  if (one_in(2))
    to[n++] = (uint8_t)(0x40 + random_below(16));
  if (map != ZVM__M1)
    to[n++] = 0x0f;
  if (map == ZVM__M38 || map == ZVM__M3A)
    to[n++] = map == ZVM__M38 ? 0x38 : 0x3a;
  return n;
}


static unsigned put_vex(uint8_t *to, unsigned map, unsigned pp) {
  unsigned fields = (one_in(2) ? 0x78 : random_below(16) << 3) |
                    random_below(2) << 2 | pp;
  unsigned n = 0;
  if (one_in(2))
    to[n++] = 0x67;
  if (map == ZVM__V0F && one_in(2)) {
    to[n++] = 0xc5;
    to[n++] = (uint8_t)(random_below(2) << 7 | fields);
    return n;
  }
  to[n++] = 0xc4;
  to[n++] = (uint8_t)(random_below(8) << 5 | (map - ZVM__V0F + 1));
  to[n++] = (uint8_t)(random_below(2) << 7 | fields);
  return n;
}


/* ModRM with this `reg`, SIB, displacement and immediate. */
static void put_operands(uint8_t *to, unsigned reg) {
  static const uint32_t extremes[] = {0, 1, 0x7fffffff, 0x80000000,
                                      0xffffffff, 0xffffff80};
  uint64_t bits = random_bits();
  unsigned modrm = random_below(256);
  if (one_in(2))
    modrm |= 0xc0;
  modrm = (modrm & 0xc7) | reg << 3;
  to[0] = (uint8_t)modrm;
  memcpy(to + 1, &bits, 8);
  if (one_in(3))
    to[1] = 0x24; /* a SIB: (%rsp) */
  if (one_in(3)) {
    bool sib = modrm < 0xc0 && (modrm & 7) == 4;
    memcpy(to + 1 + sib, &extremes[random_below(6)], 4);
  }
}


/* and $-32,%eX; jmp or call *%rX, or the tested return with hlt behind. */
static unsigned put_sequence(const line *l, uint8_t *to) {
  unsigned reg = random_below(15);
  uint8_t op = (uint8_t)(l->ext == 4 ? 0xe0 : 0xd0);
  unsigned n = 0;
  if (l->group == 0) {
    memcpy(to, "\x48\xf7\x04\x24\x1f\x00\x00\x80\x75\x01\xc3\xf4", 12);
    return 11;
  }
  reg += reg >= 4; /* not rsp */
  if (reg >= 8)
    to[n++] = 0x41;
  to[n++] = 0x83;
  to[n++] = (uint8_t)(0xe0 | (reg & 7));
  to[n++] = 0xe0;
  if (reg >= 8)
    to[n++] = 0x41;
  to[n++] = 0xff;
  to[n++] = (uint8_t)(op | (reg & 7));
  return n;
}


static bool is_only_in_sequence(const line *l) {
  return (l->group == 13 && (l->ext == 2 || l->ext == 4)) ||
         (l->group == 0 && l->map == ZVM__M1 && l->lo == 0xc3);
}


unsigned lines_make(unsigned number, uint8_t *to) {
  const line *l = &lines[number];
  unsigned tries;
  memset(to, 0xf4, LINES_ROOM);
  if (is_only_in_sequence(l))
    return put_sequence(l, to);
  for (tries = 0; tries < 4096; tries++) {
    const place *p = l->group != 0 ? place_of(number) : NULL;
    unsigned map = p != NULL ? p->map : l->map;
    unsigned n = map >= ZVM__V0F ? put_vex(to, map, l->pp)
                                 : put_legacy(to, map, l->pp);
    zvm__insn in;
    to[n++] = p != NULL ? p->opcode
                        : (uint8_t)(l->lo + random_below(l->hi - l->lo + 1u));
    put_operands(to + n, l->group != 0 ? l->ext : random_below(8));
    n = lines_read(to);
    if (n != 0 && zvm__decode(to, 0, &in) == ZVM_RULE_NONE &&
        lines_of(&in) == (int)number) {
      memset(to + n, 0xf4, LINES_ROOM - n);
      return n;
    }
  }
  return 0;
}
