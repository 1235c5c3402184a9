/*
** operands.h - what an instruction's operands may be: memory and rsp.
**
** Rules 6, 8 and 9 of docs/validator.md. Freestanding.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_VALIDATOR_OPERANDS_H
#define ZVM_VALIDATOR_OPERANDS_H

#include "isa/decode.h"

enum { ZVM__RSP = 4 };

/*
** 67 makes the processor truncate the address to 32 bits. rsp is at most
** 4 GiB, so disp(%rsp) ends in the sandbox, the guard above it, or in the
** last 128 bytes of the address space, where nothing is mapped; further down
** the kernel may show a page of its own. Where a rip-relative operand lies is
** the caller's question.
*/
static inline zvm_rule zvm__check_memory(const zvm__insn *in) {
  if (!in->has_mem)
    return (in->attr & A_STRING) != 0 && !in->addr32 ? ZVM_R_MEM_ADDR32
                                                     : ZVM_RULE_NONE;
  if ((in->attr & A_NOACCESS) != 0)
    return ZVM_RULE_NONE;
  if ((in->attr & A_KIND) == A_BITS)
    return ZVM_R_MEM_BITOFFSET;
  if (in->addr32 || zvm__is_rip_relative(in))
    return ZVM_RULE_NONE;
  if (!zvm__is_rsp_based(in))
    return ZVM_R_MEM_ADDR32;
  return in->below ? ZVM_R_MEM_RSP : ZVM_RULE_NONE;
}

/* Does it access memory at an address that is a constant, below or above? */
static inline bool zvm__accesses_rip(const zvm__insn *in) {
  return in->has_mem && zvm__is_rip_relative(in) && !in->addr32 &&
         (in->attr & A_NOACCESS) == 0;
}

/*
** Is general register `reg` rsp when written by this instruction? As a byte
** register number 4 is ah unless REX is there.
*/
static inline bool zvm__names_rsp(const zvm__insn *in, unsigned reg,
                                  bool byte) {
  return reg == ZVM__RSP && !(byte && !in->has_rex);
}

static inline bool zvm__writes_rsp(const zvm__insn *in) {
  uint32_t a = in->attr;
  unsigned r = in->rex;
  if ((a & A_WREG) != 0 &&
      zvm__names_rsp(in, (in->modrm >> 3 & 7) | (r & 4) << 1,
                     (a & A_BREG) != 0))
    return true;
  if ((a & A_WRM) != 0 && !in->has_mem &&
      zvm__names_rsp(in, (in->modrm & 7) | (r & 1) << 3, (a & A_BRM) != 0))
    return true;
  if ((a & A_WOPC) != 0 &&
      zvm__names_rsp(in, (in->opcode & 7) | (r & 1) << 3, (a & A_BRM) != 0))
    return true;
  return (a & A_WVVVV) != 0 && in->vvvv == ZVM__RSP;
}

/* A 32-bit write zero-extends; nothing else may touch rsp. */
static inline zvm_rule zvm__check_rsp(const zvm__insn *in) {
  return !zvm__writes_rsp(in) || ((in->attr & A_ESP) != 0 && !in->opsize &&
                                  (in->rex & 8) == 0)
             ? ZVM_RULE_NONE
             : ZVM_R_RSP_WRITE;
}

#endif
