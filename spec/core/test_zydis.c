/*
** test_zydis.c - every encoding that the validator accepts, as Zydis reads it.
**
** Prefixes, opcodes and ModRM bytes are enumerated; what the automaton
** accepts must be accepted by explain.c and back, have the same length for
** Zydis, touch only 32-bit, rip- or rsp-addressed memory, and leave rsp and
** the segment registers alone except as docs/validator.md says.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

#include "validator/automaton.h"
#include "validator/operands.h"
#include "validator/validator.h"

#include "automaton.inc"

enum { BASE = 0x20000, SHOWN = 20 };

static ZydisDecoder zydis;
static unsigned long tried, accepted, wrong;


static void complain(const uint8_t *b, const char *why) {
  unsigned i;
  if (wrong++ >= SHOWN)
    return;
  printf("# ");
  for (i = 0; i < 15; i++)
    printf("%02x ", b[i]);
  printf("%s\n", why);
}


static bool is_rsp(ZydisRegister r) {
  return ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r) ==
         ZYDIS_REGISTER_RSP;
}


static bool may_write_rsp(const ZydisDecodedInstruction *in,
                          const ZydisDecodedOperand *op) {
  switch (in->mnemonic) {
  case ZYDIS_MNEMONIC_MOV:
  case ZYDIS_MNEMONIC_LEA:
  case ZYDIS_MNEMONIC_ADD:
  case ZYDIS_MNEMONIC_SUB:
  case ZYDIS_MNEMONIC_AND:
    return op->size == 32;
  case ZYDIS_MNEMONIC_PUSH:
  case ZYDIS_MNEMONIC_POP:
  case ZYDIS_MNEMONIC_CALL:
    return op->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
  default:
    return false;
  }
}


static void check_memory(const uint8_t *b, const ZydisDecodedInstruction *in,
                         const ZydisDecodedOperand *op) {
  if (op->mem.type != ZYDIS_MEMOP_TYPE_MEM)
    return; /* lea, nop: no access */
  if (in->meta.category == ZYDIS_CATEGORY_PREFETCH ||
      in->meta.category == ZYDIS_CATEGORY_NOP ||
      in->meta.category == ZYDIS_CATEGORY_WIDENOP)
    return;
  if (op->mem.segment == ZYDIS_REGISTER_FS ||
      op->mem.segment == ZYDIS_REGISTER_GS)
    complain(b, "fs or gs");
  if (op->mem.base == ZYDIS_REGISTER_RSP &&
      op->mem.index == ZYDIS_REGISTER_NONE)
    return;
  if (op->mem.base == ZYDIS_REGISTER_RIP || in->address_width == 32)
    return;
  complain(b, "memory that is not 32-bit addressed");
}


static void check_operands(const uint8_t *b,
                           const ZydisDecodedInstruction *in,
                           const ZydisDecodedOperand *ops) {
  unsigned i;
  for (i = 0; i < in->operand_count; i++) {
    const ZydisDecodedOperand *op = &ops[i];
    if (op->type == ZYDIS_OPERAND_TYPE_MEMORY)
      check_memory(b, in, op);
    if (op->type != ZYDIS_OPERAND_TYPE_REGISTER)
      continue;
    if ((op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0 &&
        is_rsp(op->reg.value) && !may_write_rsp(in, op))
      complain(b, "writes rsp");
    switch (ZydisRegisterGetClass(op->reg.value)) {
    case ZYDIS_REGCLASS_SEGMENT:
    case ZYDIS_REGCLASS_CONTROL:
    case ZYDIS_REGCLASS_DEBUG:
    case ZYDIS_REGCLASS_X87:
    case ZYDIS_REGCLASS_MMX:
    case ZYDIS_REGCLASS_BOUND:
    case ZYDIS_REGCLASS_ZMM:
    case ZYDIS_REGCLASS_MASK:
      complain(b, "a register that is out of bounds");
      break;
    default:
      break;
    }
  }
}


/* Length of the instruction as the automaton reads it; 0 if refused. */
static unsigned read_length(const uint8_t *b) {
  unsigned state = ZVM__START;
  unsigned i;
  for (i = 0; i < 16 && state < ZVM__REFUSED; i++) {
    state = zvm__next[state][b[i]];
    if (state < ZVM__ENDS)
      return i + 1;
  }
  return 0;
}


/* Length as the decoder reads it, and the rules say; 0 if refused. */
static unsigned explained_length(const uint8_t *b) {
  uint8_t bundle[32];
  uint32_t start[1] = {0};
  zvm__insn in;
  if (zvm__decode(b, zvm__refused_at(ZVM_LEVEL_V3), &in) != ZVM_RULE_NONE)
    return 0;
  memset(bundle, 0xf4, sizeof bundle);
  memcpy(bundle, b, in.length);
  return zvm__explain(bundle, 32, BASE, ZVM_LEVEL_V3, start, NULL, NULL)
             ? in.length
             : 0;
}


/* A target that is not there is no matter of the automaton's. */
static bool has_address(const uint8_t *b) {
  zvm__insn in;
  return zvm__decode(b, 0, &in) == ZVM_RULE_NONE &&
         (zvm__is_branch(&in) || zvm__accesses_rip(&in));
}


/* `b` has 32 bytes. Only the first instruction is under test. */
static void try_encoding(uint8_t *b) {
  ZydisDecodedInstruction z;
  ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
  unsigned length = read_length(b);
  unsigned explained = explained_length(b);
  tried++;
  if (explained != length && (explained != 0 || !has_address(b)))
    complain(b, "the two passes differ");
  if (length == 0)
    return;
  accepted++;
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, b, 16, &z, ops))) {
    complain(b, "not an instruction");
    return;
  }
  if (z.length != length)
    complain(b, "another length");
  if (z.meta.category == ZYDIS_CATEGORY_SYSTEM ||
      z.meta.category == ZYDIS_CATEGORY_SYSCALL ||
      z.meta.category == ZYDIS_CATEGORY_IO)
    if (z.mnemonic != ZYDIS_MNEMONIC_HLT)
      complain(b, "a system instruction");
  check_operands(b, &z, ops);
}


static const uint8_t tails[][8] = {
    {0x24, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70}, /* (rsp) as SIB     */
    {0x25, 0, 0, 0, 0, 0, 0, 0},  /* disp32 alone as SIB, near disp       */
    {0x8c, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
};


static void try_modrms(uint8_t *b, unsigned at) {
  unsigned modrm, t;
  for (modrm = 0; modrm < 256; modrm++) {
    bool sib = modrm < 0xc0 && (modrm & 7) == 4;
    for (t = 0; t < (sib ? 3u : 1u); t++) {
      b[at] = (uint8_t)modrm;
      memcpy(b + at + 1, tails[sib ? t : 1], sizeof tails[0]);
      try_encoding(b);
    }
  }
}


static void try_legacy(void) {
  static const uint8_t rexes[] = {0,    0x40, 0x41, 0x42, 0x43, 0x44,
                                  0x45, 0x48, 0x49, 0x4c, 0x4d, 0x4f};
  static const uint8_t reps[] = {0, 0xf2, 0xf3, 0xf0};
  unsigned i, map, op;
  for (i = 0; i < 2 * 2 * 4 * sizeof rexes; i++)
    for (map = 0; map < 4; map++)
      for (op = 0; op < 256; op++) {
        uint8_t b[48] = {0};
        unsigned n = 0;
        if (i & 1)
          b[n++] = 0x67;
        if (i & 2)
          b[n++] = 0x66;
        if (reps[i >> 2 & 3] != 0)
          b[n++] = reps[i >> 2 & 3];
        if (rexes[i >> 4] != 0)
          b[n++] = rexes[i >> 4];
        if (map > 0)
          b[n++] = 0x0f;
        if (map > 1)
          b[n++] = map == 2 ? 0x38 : 0x3a;
        b[n++] = (uint8_t)op;
        try_modrms(b, n);
      }
}


static void try_vex(void) {
  static const uint8_t vvvvs[] = {0x78, 0x58, 0x00}; /* none, rsp, r15   */
  unsigned a32, rxb, map, v, wlpp, op;
  for (a32 = 0; a32 < 2; a32++)
    for (rxb = 0; rxb < 8; rxb++)
      for (map = 1; map <= 3; map++)
        for (v = 0; v < 3; v++)
          for (wlpp = 0; wlpp < 16; wlpp++)
            for (op = 0; op < 256; op++) {
              uint8_t b[48] = {0};
              unsigned n = 0;
              if (a32)
                b[n++] = 0x67;
              b[n++] = 0xc4;
              b[n++] = (uint8_t)(rxb << 5 | map);
              b[n++] = (uint8_t)((wlpp & 8) << 4 | vvvvs[v] | (wlpp & 7));
              b[n++] = (uint8_t)op;
              try_modrms(b, n);
              if (map == 1 && (rxb & 3) == 3 && !(wlpp & 8)) {
                n = a32;
                b[n++] = 0xc5;
                b[n++] = (uint8_t)((rxb & 4) << 5 | vvvvs[v] | wlpp);
                b[n++] = (uint8_t)op;
                try_modrms(b, n);
              }
            }
}


/* One-byte sequences and anything else, from a fixed generator. */
static void try_random(unsigned long count) {
  uint64_t x = 88172645463325252u;
  while (count-- > 0) {
    uint8_t b[48];
    unsigned i;
    for (i = 0; i < sizeof b; i += 8) {
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
      memcpy(b + i, &x, 8);
    }
    try_encoding(b);
  }
}


int main(void) {
  ZydisDecoderInit(&zydis, ZYDIS_MACHINE_MODE_LONG_64,
                   ZYDIS_STACK_WIDTH_64);
  printf("1..1\n");
  try_legacy();
  try_vex();
  try_random(20000000);
  printf("# %lu encodings tried, %lu accepted, %lu read differently\n",
         tried, accepted, wrong);
  printf("%s 1 - Zydis reads every accepted encoding as the validator does\n",
         wrong == 0 && accepted > 1000000 ? "ok" : "not ok");
  return wrong != 0;
}
