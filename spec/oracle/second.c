/*
** second.c - docs/validator.md once more, rule by rule, on Zydis.
**
** Lengths, prefixes, operands and what is read or written are Zydis' word.
** What is allowed is the lists below, by mnemonic and instruction set. A
** function named r_... is the numbered rule of that name and says whether
** the instruction satisfies it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "second.h"

#include <Zydis/Zydis.h>
#include <stdlib.h>
#include <string.h>

#define BUNDLE 32
#define GATE 0x10000u
#define GATE_SLOTS 7
#define FOUR_GIB ((uint64_t)1 << 32)
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

typedef struct insn {
  const uint8_t *bytes;
  uint64_t address;
  const struct line *line; /* of the list, or NULL */
  ZydisDecodedInstruction z;
  ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
} insn;

static int refusal;

/* Notes which rule it is that does not hold. */
static bool holds(int rule, bool it_does) {
  if (!it_does)
    refusal = rule;
  return it_does;
}


/* -- What opcodes.def lists ----------------------------------------------- */

enum {
  SIZED = 1,    /* 66 selects 16-bit operands                          */
  LOCKS = 2,    /* LOCK, in the memory form                            */
  ESP = 4,      /* may write esp                                       */
  QUIET = 8,    /* does not access its memory operand                  */
  STRING = 16,  /* through rsi and rdi                                 */
  REP = 32,     /* F3 is rep or repe                                   */
  REPNE = 64,   /* F2 is repne                                         */
  W1 = 128,     /* REX.W must be 1                                     */
  V3 = 256,     /* needs CPU level v3                                  */
  STACK = 512,  /* moves rsp by 8, reads or writes there               */
};

typedef struct line {
  ZydisMnemonic mnemonic;
  int marks;
} line;

#define M(name) ZYDIS_MNEMONIC_##name

/* Legacy encodings that are neither strings nor vector instructions. */
static const line plain[] = {
  /* arithmetic and logic */
  {M(ADD), SIZED | LOCKS | ESP}, {M(SUB), SIZED | LOCKS | ESP},
  {M(AND), SIZED | LOCKS | ESP}, {M(OR), SIZED | LOCKS},
  {M(XOR), SIZED | LOCKS}, {M(ADC), SIZED | LOCKS},
  {M(SBB), SIZED | LOCKS}, {M(NOT), SIZED | LOCKS},
  {M(NEG), SIZED | LOCKS}, {M(INC), SIZED | LOCKS},
  {M(DEC), SIZED | LOCKS}, {M(CMP), SIZED}, {M(TEST), SIZED},
  {M(MUL), SIZED}, {M(IMUL), SIZED}, {M(DIV), SIZED}, {M(IDIV), SIZED},
  {M(CBW), SIZED}, {M(CWDE), SIZED}, {M(CDQE), SIZED},
  {M(CWD), SIZED}, {M(CDQ), SIZED}, {M(CQO), SIZED},
  /* shifts and bits */
  {M(ROL), SIZED}, {M(ROR), SIZED}, {M(RCL), SIZED}, {M(RCR), SIZED},
  {M(SHL), SIZED}, {M(SHR), SIZED}, {M(SAR), SIZED},
  {M(SHLD), SIZED}, {M(SHRD), SIZED},
  {M(BT), SIZED}, {M(BTS), SIZED | LOCKS}, {M(BTR), SIZED | LOCKS},
  {M(BTC), SIZED | LOCKS}, {M(BSF), SIZED}, {M(BSR), SIZED},
  {M(POPCNT), SIZED}, {M(TZCNT), SIZED | V3}, {M(LZCNT), SIZED | V3},
  {M(BSWAP), 0}, {M(CRC32), SIZED},
  /* moves */
  {M(MOV), SIZED | ESP}, {M(LEA), SIZED | ESP | QUIET},
  {M(MOVZX), SIZED}, {M(MOVSX), SIZED}, {M(MOVSXD), W1},
  {M(XCHG), SIZED | LOCKS}, {M(CMPXCHG), SIZED | LOCKS},
  {M(XADD), SIZED | LOCKS}, {M(CMPXCHG8B), LOCKS},
  {M(CMPXCHG16B), LOCKS}, {M(MOVBE), SIZED | V3}, {M(MOVNTI), 0},
  {M(PUSH), STACK}, {M(POP), STACK},
  /* conditions */
  {M(CMOVO), SIZED}, {M(CMOVNO), SIZED}, {M(CMOVB), SIZED},
  {M(CMOVNB), SIZED}, {M(CMOVZ), SIZED}, {M(CMOVNZ), SIZED},
  {M(CMOVBE), SIZED}, {M(CMOVNBE), SIZED}, {M(CMOVS), SIZED},
  {M(CMOVNS), SIZED}, {M(CMOVP), SIZED}, {M(CMOVNP), SIZED},
  {M(CMOVL), SIZED}, {M(CMOVNL), SIZED}, {M(CMOVLE), SIZED},
  {M(CMOVNLE), SIZED},
  {M(SETO), 0}, {M(SETNO), 0}, {M(SETB), 0}, {M(SETNB), 0},
  {M(SETZ), 0}, {M(SETNZ), 0}, {M(SETBE), 0}, {M(SETNBE), 0},
  {M(SETS), 0}, {M(SETNS), 0}, {M(SETP), 0}, {M(SETNP), 0},
  {M(SETL), 0}, {M(SETNL), 0}, {M(SETLE), 0}, {M(SETNLE), 0},
  /* branches */
  {M(JO), 0}, {M(JNO), 0}, {M(JB), 0}, {M(JNB), 0}, {M(JZ), 0},
  {M(JNZ), 0}, {M(JBE), 0}, {M(JNBE), 0}, {M(JS), 0}, {M(JNS), 0},
  {M(JP), 0}, {M(JNP), 0}, {M(JL), 0}, {M(JNL), 0}, {M(JLE), 0},
  {M(JNLE), 0}, {M(LOOP), 0}, {M(LOOPE), 0}, {M(LOOPNE), 0},
  {M(JRCXZ), 0}, {M(JMP), 0}, {M(CALL), STACK},
  /* the rest */
  {M(PAUSE), 0}, {M(ENDBR64), 0}, {M(HLT), 0}, {M(INT3), 0},
  {M(UD2), 0}, {M(CMC), 0}, {M(CLC), 0}, {M(STC), 0}, {M(CLD), 0},
  {M(SAHF), 0}, {M(LAHF), 0}, {M(NOP), SIZED | QUIET},
  {M(PREFETCHNTA), QUIET}, {M(PREFETCHT0), QUIET},
  {M(PREFETCHT1), QUIET}, {M(PREFETCHT2), QUIET},
  {M(PREFETCHW), QUIET}, {M(LDMXCSR), 0}, {M(STMXCSR), 0},
  {M(LFENCE), 0}, {M(MFENCE), 0}, {M(SFENCE), 0},
};

/* One-byte opcodes; movsd and cmpsd are vector instructions elsewhere. */
static const line strings[] = {
  {M(MOVSB), STRING | REP},     {M(MOVSW), STRING | REP | SIZED},
  {M(MOVSD), STRING | REP},          {M(MOVSQ), STRING | REP},
  {M(STOSB), STRING | REP},     {M(STOSW), STRING | REP | SIZED},
  {M(STOSD), STRING | REP},          {M(STOSQ), STRING | REP},
  {M(LODSB), STRING | REP},     {M(LODSW), STRING | REP | SIZED},
  {M(LODSD), STRING | REP},          {M(LODSQ), STRING | REP},
  {M(CMPSB), STRING | REP | REPNE},
  {M(CMPSW), STRING | REP | REPNE | SIZED},
  {M(CMPSD), STRING | REP | REPNE},  {M(CMPSQ), STRING | REP | REPNE},
  {M(SCASB), STRING | REP | REPNE},
  {M(SCASW), STRING | REP | REPNE | SIZED},
  {M(SCASD), STRING | REP | REPNE},  {M(SCASQ), STRING | REP | REPNE},
};

/* Vector instructions are all of these sets, */
static const ZydisISASet legacy_sets[] = {
  ZYDIS_ISA_SET_SSE,   ZYDIS_ISA_SET_SSE2, ZYDIS_ISA_SET_SSE3,
  ZYDIS_ISA_SET_SSSE3, ZYDIS_ISA_SET_SSE4, ZYDIS_ISA_SET_SSE42,
};
static const ZydisISASet vex_sets[] = {
  ZYDIS_ISA_SET_AVX, ZYDIS_ISA_SET_AVX2, ZYDIS_ISA_SET_F16C,
  ZYDIS_ISA_SET_FMA, ZYDIS_ISA_SET_BMI1, ZYDIS_ISA_SET_BMI2,
};

/* but not those that approximate, use MMX or x87, or an implied address. */
static const ZydisMnemonic not_listed[] = {
  M(RCPPS), M(RCPSS), M(RSQRTPS), M(RSQRTSS), M(VRCPPS), M(VRCPSS),
  M(VRSQRTPS), M(VRSQRTSS), M(CVTPI2PS), M(CVTPI2PD), M(MASKMOVDQU),
  M(VMASKMOVDQU), M(MASKMOVQ), M(VPCLMULQDQ), M(FISTTP),
};

static bool is_vex(const insn *i) {
  return i->z.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
}


static bool is_legacy(const insn *i) {
  return i->z.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY;
}


static const line *find(const line *lines, size_t count, ZydisMnemonic m) {
  for (size_t n = 0; n < count; n++)
    if (lines[n].mnemonic == m)
      return &lines[n];
  return NULL;
}


static bool in_sets(const ZydisISASet *sets, size_t count, ZydisISASet s) {
  for (size_t n = 0; n < count; n++)
    if (sets[n] == s)
      return true;
  return false;
}


static bool is_listed_vector(const insn *i) {
  for (size_t n = 0; n < LENGTH(not_listed); n++)
    if (not_listed[n] == i->z.mnemonic)
      return false;
  if (is_vex(i))
    return in_sets(vex_sets, LENGTH(vex_sets), i->z.meta.isa_set);
  return is_legacy(i) &&
         in_sets(legacy_sets, LENGTH(legacy_sets), i->z.meta.isa_set);
}


/* What the instruction's line says, or NULL if it has none. */
static const line *listed(const insn *i) {
  static const line vector = {ZYDIS_MNEMONIC_INVALID, 0};
  static const line vector_v3 = {ZYDIS_MNEMONIC_INVALID, V3};
  ZydisMnemonic m = i->z.mnemonic;
  if (is_legacy(i)) {
    const line *found = NULL;
    if (i->z.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT)
      found = find(strings, LENGTH(strings), m);
    if (found == NULL)
      found = find(plain, LENGTH(plain), m);
    if (found != NULL)
      return found;
  }
  if (!is_listed_vector(i))
    return NULL;
  return is_vex(i) ? &vector_v3 : &vector;
}


static bool marked(const insn *i, int mark) {
  return i->line != NULL && (i->line->marks & mark) != 0;
}


/* -- What Zydis says ------------------------------------------------------ */

static bool has_modrm(const insn *i) {
  return (i->z.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0;
}


static bool has_modrm_memory(const insn *i) {
  return has_modrm(i) && i->z.raw.modrm.mod != 3;
}


static bool is_memory(const ZydisDecodedOperand *op) {
  return op->type == ZYDIS_OPERAND_TYPE_MEMORY;
}


static bool is_register(const ZydisDecodedOperand *op) {
  return op->type == ZYDIS_OPERAND_TYPE_REGISTER;
}


static bool is_visible(const ZydisDecodedOperand *op) {
  return op->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN;
}


static bool has_prefix(const insn *i, uint8_t value) {
  for (int n = 0; n < i->z.raw.prefix_count; n++)
    if (i->z.raw.prefixes[n].value == value)
      return true;
  return false;
}


static bool w_bit(const insn *i) {
  return is_vex(i) ? i->z.raw.vex.W : i->z.raw.rex.W;
}


/* The relative branches, by their operand. */
static bool is_direct_branch(const insn *i) {
  return i->op[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
         i->op[0].imm.is_relative;
}


/* -- Instructions and prefixes -------------------------------------------- */

/* 3. The instruction has a line, at this level. */
static bool r_insn_unknown(const insn *i) {
  if (i->line == NULL)
    return false;
  /* No line has an operand in any other kind of register. */
  for (int n = 0; n < i->z.operand_count; n++) {
    const ZydisDecodedOperand *op = &i->op[n];
    if (!is_register(op) || !is_visible(op))
      continue;
    switch (ZydisRegisterGetClass(op->reg.value)) {
    case ZYDIS_REGCLASS_GPR8:
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64:
    case ZYDIS_REGCLASS_XMM:
    case ZYDIS_REGCLASS_YMM:
      break;
    default:
      return false;
    }
  }
  return true;
}


static bool r_insn_level(const insn *i, int level) {
  return level >= 3 || !marked(i, V3);
}


/* Is this one of the assembler's nops of 10 and 11 bytes? */
static bool is_long_nop(const insn *i) {
  static const uint8_t nop[11] = {0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84};
  return (i->z.length == 11 && memcmp(i->bytes, nop, 11) == 0) ||
         (i->z.length == 10 && memcmp(i->bytes, nop + 1, 10) == 0);
}


/* A prefix's place in the one order; 0 if it has none. */
static int place(uint8_t prefix) {
  switch (prefix) {
  case 0x67:
    return 1;
  case 0x66:
    return 2;
  case 0xf2:
  case 0xf3:
    return 3;
  case 0xf0:
    return 4;
  default:
    return (prefix & 0xf0) == 0x40 ? 5 : 0;
  }
}


/* 4. Each prefix in its place, and where it means something. */
static bool r_prefix(const insn *i) {
  if (is_long_nop(i))
    return true;
  int last = 0;
  for (int n = 0; n < i->z.raw.prefix_count; n++) {
    uint8_t value = i->z.raw.prefixes[n].value;
    bool mandatory =
        i->z.raw.prefixes[n].type == ZYDIS_PREFIX_TYPE_MANDATORY;
    if (place(value) <= last)
      return false;
    last = place(value);
    if (is_vex(i) && value != 0x67)
      return false;
    switch (value) {
    case 0x67:
      if (!has_modrm_memory(i) && !marked(i, STRING))
        return false;
      break;
    case 0x66:
      if (!mandatory && !(marked(i, SIZED) && i->z.operand_width == 16))
        return false;
      break;
    case 0xf2:
      if (!(marked(i, STRING) ? marked(i, REPNE) : mandatory))
        return false;
      break;
    case 0xf3:
      if (!(marked(i, STRING) ? marked(i, REP) : mandatory))
        return false;
      break;
    case 0xf0:
      if (!marked(i, LOCKS) || !is_memory(&i->op[0]))
        return false;
      break;
    }
  }
  return true;
}


/* Forms that share a mnemonic with a line but have none themselves. */
static bool is_form_without_line(const insn *i) {
  int reg = i->z.raw.modrm.reg;
  switch (i->z.mnemonic) {
  case M(MOV): /* moffs */
    return i->z.opcode >= 0xa0 && i->z.opcode <= 0xa3;
  case M(TEST):
    return (i->z.opcode == 0xf6 || i->z.opcode == 0xf7) && reg == 1;
  case M(SHL): /* /6 is the same as /4 */
    return reg == 6;
  case M(POP):
    return has_modrm(i);
  case M(PUSH):
    return has_modrm(i) && !has_modrm_memory(i);
  case M(NOP):
    return i->z.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT &&
           !(i->z.opcode == 0x1f && reg == 0 && has_modrm_memory(i));
  case M(PREFETCHW):
    return reg != 1;
  case M(CRC32): /* of a byte */
    return i->z.opcode == 0xf0 && has_prefix(i, 0x66);
  default:
    return false;
  }
}


/*
** Does W select the size of an operand? Then Zydis reads another mnemonic or
** another size without it. All other lines have W 0.
*/
static bool w_selects_size(const ZydisDecoder *decoder, const insn *i) {
  if (i->z.mnemonic == M(NOP))
    return !has_modrm(i); /* 90 is xchg with rax; the long one has W 0 */
  if (i->z.mnemonic == M(MOVMSKPS) || i->z.mnemonic == M(MOVMSKPD))
    return false; /* Gd in the line */
  uint8_t bytes[ZYDIS_MAX_INSTRUCTION_LENGTH];
  insn narrow;
  memcpy(bytes, i->bytes, i->z.length);
  if (is_vex(i))
    bytes[i->z.raw.vex.offset + 2] &= 0x7f;
  else
    bytes[i->z.raw.rex.offset] &= 0xf7;
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, bytes, i->z.length,
                                           &narrow.z, narrow.op)) ||
      narrow.z.mnemonic != i->z.mnemonic)
    return true;
  for (int n = 0; n < i->z.operand_count; n++)
    if (is_visible(&i->op[n]) && narrow.op[n].size != i->op[n].size)
      return true;
  return false;
}


static bool uses_vvvv(const insn *i) {
  for (int n = 0; n < i->z.operand_count; n++)
    if (i->op[n].encoding == ZYDIS_OPERAND_ENCODING_NDSNDD)
      return true;
  return false;
}


static bool is_ymm(const ZydisDecodedOperand *op) {
  return is_register(op) &&
         ZydisRegisterGetClass(op->reg.value) == ZYDIS_REGCLASS_YMM;
}


static bool has_256_bits(const insn *i) {
  for (int n = 0; n < i->z.operand_count; n++)
    if (i->op[n].size == 256 || is_ymm(&i->op[n]))
      return true;
  return i->z.mnemonic == M(VZEROALL);
}


/* 5. Register or memory form, W, L and vvvv are as the line says. */
static bool r_insn_form(const ZydisDecoder *decoder, const insn *i) {
  if (is_form_without_line(i))
    return false;
  if (w_bit(i) && !w_selects_size(decoder, i))
    return false;
  if (marked(i, W1) && !w_bit(i))
    return false;
  if ((marked(i, STRING) || i->z.mnemonic == M(PAUSE)) &&
      (i->z.raw.rex.R || i->z.raw.rex.X || i->z.raw.rex.B))
    return false;
  if (is_vex(i) && !uses_vvvv(i) && i->z.raw.vex.vvvv != 15)
    return false;
  if (is_vex(i) && i->z.raw.vex.L && !has_256_bits(i)) /* a line with L0 */
    return false;
  if (i->z.mnemonic == M(LFENCE) || i->z.mnemonic == M(MFENCE) ||
      i->z.mnemonic == M(SFENCE))
    return i->z.raw.modrm.rm == 0;
  return true;
}


/* -- Memory operands ------------------------------------------------------ */

static bool is_rip_relative(const ZydisDecodedOperand *op) {
  return op->mem.base == ZYDIS_REGISTER_RIP;
}


/* At most 128 bytes below rsp. */
static bool is_rsp_and_disp(const insn *i, const ZydisDecodedOperand *op) {
  return op->mem.base == ZYDIS_REGISTER_RSP &&
         op->mem.index == ZYDIS_REGISTER_NONE &&
         (i->z.raw.disp.size < 32 || op->mem.disp.value >= 0);
}


/* 6. Memory is reached through 67, rip or disp(%rsp). */
static bool r_mem_addr32(const insn *i) {
  if (marked(i, QUIET) || has_prefix(i, 0x67))
    return true;
  if (marked(i, STRING))
    return false;
  for (int n = 0; n < i->z.operand_count; n++) {
    const ZydisDecodedOperand *op = &i->op[n];
    if (!is_memory(op))
      continue;
    if (!is_visible(op)) {
      if (!marked(i, STACK))
        return false;
    } else if (!is_rip_relative(op) && !is_rsp_and_disp(i, op)) {
      return false;
    }
  }
  return true;
}


/* 7. Without 67, rip-relative operands lie in the sandbox. */
static bool r_mem_rip(const insn *i) {
  if (marked(i, QUIET) || has_prefix(i, 0x67))
    return true;
  for (int n = 0; n < i->z.operand_count; n++) {
    const ZydisDecodedOperand *op = &i->op[n];
    if (!is_memory(op) || !is_rip_relative(op))
      continue;
    uint64_t at =
        i->address + i->z.length + (uint64_t)op->mem.disp.value;
    if (at < GATE || at >= FOUR_GIB)
      return false;
  }
  return true;
}


/* 8. A bit offset in a register stays within a register. */
static bool r_mem_bitoffset(const insn *i) {
  switch (i->z.mnemonic) {
  case M(BT):
  case M(BTS):
  case M(BTR):
  case M(BTC):
    return !(is_memory(&i->op[0]) && is_register(&i->op[1]));
  default:
    return true;
  }
}


/* -- The stack pointer ---------------------------------------------------- */

/* 9. No written operand is rsp, but for the 32-bit forms of a few. */
static bool r_rsp_write(const insn *i) {
  for (int n = 0; n < i->z.operand_count; n++) {
    const ZydisDecodedOperand *op = &i->op[n];
    if (!is_register(op) ||
        (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) == 0)
      continue;
    switch (op->reg.value) {
    case ZYDIS_REGISTER_ESP:
      if (!marked(i, ESP))
        return false;
      break;
    case ZYDIS_REGISTER_SPL:
    case ZYDIS_REGISTER_SP:
      return false;
    case ZYDIS_REGISTER_RSP:
      if (is_visible(op) || !marked(i, STACK))
        return false;
      break;
    default:
      break;
    }
  }
  return true;
}


/* -- Control flow --------------------------------------------------------- */

/* What is known of a text: its targets, by offset, and where branches go. */
typedef struct flow {
  bool *is_target;
  uint64_t *to;
  uint32_t branches;
} flow;

static bool is_gate_slot(uint64_t address) {
  for (uint64_t n = 0; n < GATE_SLOTS; n++)
    if (address == GATE + BUNDLE * n)
      return true;
  return false;
}


/* 10. A direct branch goes to a target or to a gate slot. */
static bool r_flow_target(uint64_t to, const flow *f, uint32_t size,
                          uint32_t address) {
  if (is_gate_slot(to))
    return true;
  return to >= address && to - address < size && f->is_target[to - address];
}


static uint64_t branch_to(const insn *i) {
  return i->address + i->z.length + (uint64_t)i->op[0].imm.value.s;
}


/* 11. The length of a masked indirect jump or call that begins here, or 0. */
static uint32_t r_flow_indirect(const uint8_t *p, uint32_t room) {
  for (uint8_t x = 0; x < 8; x++) {
    const uint8_t low_jump[] = {0x83, 0xe0 + x, 0xe0, 0xff, 0xe0 + x};
    const uint8_t low_call[] = {0x83, 0xe0 + x, 0xe0, 0xff, 0xd0 + x};
    const uint8_t high_jump[] = {0x41, 0x83, 0xe0 + x, 0xe0,
                                 0x41, 0xff, 0xe0 + x};
    const uint8_t high_call[] = {0x41, 0x83, 0xe0 + x, 0xe0,
                                 0x41, 0xff, 0xd0 + x};
    bool is_rsp = x == 4;
    if (room >= 5 && !is_rsp &&
        (memcmp(p, low_jump, 5) == 0 || memcmp(p, low_call, 5) == 0))
      return 5;
    if (room >= 7 &&
        (memcmp(p, high_jump, 7) == 0 || memcmp(p, high_call, 7) == 0))
      return 7;
  }
  return 0;
}


/* 12. The length of a tested return that begins here, or 0. */
static uint32_t r_flow_return(const uint8_t *p, uint32_t room) {
  static const uint8_t tested[11] = {0x48, 0xf7, 0x04, 0x24, 0x1f, 0x00,
                                     0x00, 0x80, 0x75, 0x01, 0xc3};
  return room >= 11 && memcmp(p, tested, 11) == 0 ? 11 : 0;
}


/* -- The text ------------------------------------------------------------- */

/* 1. Whole bundles. */
static bool r_text_size(uint32_t size, uint32_t address) {
  return size != 0 && size % BUNDLE == 0 && address % BUNDLE == 0;
}


/*
** 2. What Zydis decodes from what is left of the bundle does not cross its
** end. False also for what Zydis cannot decode at all.
*/
static bool r_bundle_cross(const ZydisDecoder *decoder, insn *i,
                           uint32_t room) {
  if (!ZYAN_SUCCESS(
          ZydisDecoderDecodeFull(decoder, i->bytes, room, &i->z, i->op)))
    return false;
  i->line = listed(i);
  return true;
}


/*
** Jumps through a register and returns are accepted only as a fused sequence,
** which the caller has recognised.
*/
static bool ends_fused(const insn *i) {
  return !is_direct_branch(i) &&
         (i->z.mnemonic == M(JMP) || i->z.mnemonic == M(CALL) ||
          i->z.mnemonic == M(RET));
}


static bool instruction_holds(const ZydisDecoder *decoder, const insn *i,
                              int level) {
  return holds(3, r_insn_unknown(i)) && holds(3, r_insn_level(i, level)) &&
         holds(4, r_prefix(i)) && holds(5, r_insn_form(decoder, i)) &&
         holds(6, r_mem_addr32(i)) && holds(7, r_mem_rip(i)) &&
         holds(8, r_mem_bitoffset(i)) && holds(9, r_rsp_write(i));
}


/* Rules 2 to 9, 11 and 12 for the bundle at `offset`; notes its flow. */
static bool bundle_holds(const ZydisDecoder *decoder, const uint8_t *text,
                         uint32_t offset, uint32_t address, int level,
                         flow *f) {
  uint32_t end = offset + BUNDLE;
  uint32_t fused_end = offset; /* of the last fused sequence seen */
  insn i;
  for (uint32_t at = offset; at < end; at += i.z.length) {
    i.bytes = text + at;
    i.address = (uint64_t)address + at;
    if (!holds(2, r_bundle_cross(decoder, &i, end - at)))
      return false;
    if (at >= fused_end) {
      uint32_t length = r_flow_indirect(i.bytes, end - at);
      if (length == 0)
        length = r_flow_return(i.bytes, end - at);
      fused_end = at + length;
      f->is_target[at] = true;
    }
    if (ends_fused(&i)) {
      if (!holds(i.z.mnemonic == M(RET) ? 12 : 11,
                 at + i.z.length == fused_end))
        return false;
    } else if (!instruction_holds(decoder, &i, level)) {
      return false;
    }
    if (is_direct_branch(&i))
      f->to[f->branches++] = branch_to(&i);
  }
  return true;
}


static bool text_holds(const ZydisDecoder *decoder, const uint8_t *text,
                       uint32_t size, uint32_t address, int level, flow *f) {
  for (uint32_t at = 0; at < size; at += BUNDLE)
    if (!bundle_holds(decoder, text, at, address, level, f))
      return false;
  for (uint32_t n = 0; n < f->branches; n++)
    if (!holds(10, r_flow_target(f->to[n], f, size, address)))
      return false;
  return true;
}


bool second_accepts(const uint8_t *text, uint32_t size, uint32_t address,
                    int level) {
  ZydisDecoder decoder;
  if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
                                     ZYDIS_STACK_WIDTH_64)))
    abort();
  if (!holds(1, r_text_size(size, address)))
    return false;
  flow f = {calloc(size, sizeof *f.is_target), calloc(size, sizeof *f.to), 0};
  if (f.is_target == NULL || f.to == NULL)
    abort();
  bool accepted = text_holds(&decoder, text, size, address, level, &f);
  free(f.is_target);
  free(f.to);
  return accepted;
}


int second_refusal(void) {
  return refusal;
}
