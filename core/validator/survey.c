/*
** survey.c - what an accepted text consists of, counted.
**
** For people: nothing that keeps the sandbox safe rests on these numbers.
** One pass with the decoder that explain.c uses; no allocation. The public
** zvm_survey (module/verdict.c) validates first, so every instruction here
** is an accepted one; should one not be, counting ends.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "validator/operands.h"
#include "validator/validator.h"

enum { BUNDLE = ZVM_BUNDLE_SIZE, ROOM = 16 };

enum { HLT = 0xf4, NOP = 0x90, JMP8 = 0xeb, JMP32 = 0xe9, CALL32 = 0xe8 };

/* One nop or hlt of the padding between what the program does. */
static bool is_padding(const uint8_t *p, const zvm__insn *in) {
  if (p[0] == 0x66 && (p[1] == 0x2e || p[1] == 0x66))
    return true; /* the nops of 10 and 11 bytes; see zvm__long_nop */
  if (in->map == ZVM__M0F)
    return in->opcode == 0x1f && in->has_mem;
  if (in->map != ZVM__M1)
    return false;
  return in->opcode == HLT || (in->opcode == NOP && in->pp != ZVM__F3 &&
                               (in->rex & 1) == 0);
}

static void count_memory(zvm_counts *c, const zvm__insn *in) {
  if ((in->attr & A_STRING) != 0)
    c->mem_string++;
  else if (!in->has_mem || (in->attr & A_NOACCESS) != 0)
    return;
  else if (in->addr32)
    c->mem_addr32++;
  else if (zvm__is_rip_relative(in))
    c->mem_rip++;
  else
    c->mem_rsp++;
}

/* A direct branch to `target`, an address. */
static void count_branch(zvm_counts *c, const zvm__insn *in, int64_t target) {
  int64_t slot = target - ZVM_GATE_BASE;
  if (in->map == ZVM__M1 && in->opcode == CALL32)
    c->calls++;
  else if (in->map == ZVM__M1 &&
           (in->opcode == JMP8 || in->opcode == JMP32))
    c->jumps++;
  else
    c->jumps_conditional++;
  if (slot >= 0 && slot < ZVM_SLOT_COUNT * BUNDLE)
    c->traps[slot / BUNDLE]++;
}

/* The test and the jump before the ret were counted by themselves. */
static void count_return(zvm_counts *c) {
  c->returns++;
  c->jumps_conditional--;
  c->mem_rsp--;
}

/* The instruction at `p`, which begins at `address`. */
static void count_insn(zvm_counts *c, const uint8_t *p, const zvm__insn *in,
                       uint64_t address) {
  if (is_padding(p, in)) {
    c->padding += in->length;
    return;
  }
  c->instructions++;
  c->above_v2 += (in->attr & A_V3) != 0;
  count_memory(c, in);
  if (zvm__is_branch(in))
    count_branch(c, in, (int64_t)address + in->length +
                            zvm__branch_disp(p, in));
  else if ((in->attr & A_KIND) == A_RETURN)
    count_return(c);
  else if ((in->attr & A_KIND) == A_INDIRECT) {
    if ((in->modrm >> 3 & 7) == 2)
      c->calls_indirect++;
    else
      c->jumps_indirect++;
  }
}

static bool count_bundle(zvm_counts *c, const uint8_t *b, uint64_t address,
                         int level) {
  unsigned at = 0;
  while (at < BUNDLE) {
    zvm__insn in;
    if (zvm__decode(b + at, zvm__refused_at(level), &in) != ZVM_RULE_NONE)
      return false;
    count_insn(c, b + at, &in, address + at);
    at += in.length;
  }
  c->bundles++;
  return at == BUNDLE;
}

bool zvm__count(const uint8_t *text, uint32_t size, uint32_t address,
                int level, zvm_counts *out) {
  uint32_t base;
  *out = (zvm_counts){.bytes = size};
  for (base = 0; base < size; base += BUNDLE) {
    /* The decoder may read past a bundle, and past the last one is nothing. */
    uint8_t b[BUNDLE + ROOM] = {0};
    unsigned i;
    for (i = 0; i < BUNDLE; i++)
      b[i] = text[base + i];
    if (!count_bundle(out, b, (uint64_t)address + base, level))
      return false;
  }
  out->level = out->above_v2 != 0 ? ZVM_LEVEL_V3 : ZVM_LEVEL_V2;
  return true;
}
