/*
** reading.c - does Zydis read an accepted instruction as the decoder does?
**
** Zydis' word is taken for prefixes, REX and VEX fields, the opcode and its
** map, where ModRM, SIB, displacement and immediate lie and how long they
** are, which operands are general registers and written, which registers and
** memory are used besides, and which set of instructions it is of. From it
** follows what state the automaton must end in, and at which CPU level. Each
** check returns what is wrong, or NULL.
**
** One file, although long: it is one list of checks of one instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "reading.h"

#include <string.h>

#define WRITES(op) (((op)->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0)

static bool is_vex(const reading *r) {
  return r->z.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
}


static bool has(const reading *r, ZydisInstructionAttributes a) {
  return (r->z.attributes & a) != 0;
}


/* The only use of 2E, and of 66 twice; the decoder fills in no field. */
static bool is_long_nop(const reading *r) {
  return r->bytes[0] == 0x66 &&
         (r->bytes[1] == 0x2e || r->bytes[2] == 0x2e) && r->in.map == 0 &&
         r->in.at == 0;
}


/* -- Prefixes ------------------------------------------------------------- */

static const char *check_vex(const reading *r) {
  const zvm__insn *in = &r->in;
  unsigned rxb = r->z.raw.vex.R << 2 | r->z.raw.vex.X << 1 | r->z.raw.vex.B;
  if (r->z.raw.prefix_count != in->addr32)
    return "a prefix before VEX";
  if ((in->rex & 7) != (~rxb & 7) || in->rex >> 3 != r->z.raw.vex.W)
    return "VEX.WRXB";
  if (in->vvvv != (15u ^ r->z.raw.vex.vvvv) || in->vex_l != r->z.raw.vex.L)
    return "VEX.vvvv or L";
  /* Zydis counts as VEX does: NP, 66, F3, F2. */
  if (in->pp != r->z.raw.vex.pp ||
      in->map != ZVM__V0F + r->z.raw.vex.m_mmmm - 1u)
    return "VEX.pp or map";
  return in->has_rex || in->lock || in->opsize ? "VEX and a prefix" : NULL;
}


static const char *check_rex(const reading *r) {
  unsigned wrxb = 0;
  if (r->in.has_rex != has(r, ZYDIS_ATTRIB_HAS_REX))
    return "REX or not";
  if (r->in.has_rex)
    wrxb = r->z.raw.rex.W << 3 | r->z.raw.rex.R << 2 | r->z.raw.rex.X << 1 |
           r->z.raw.rex.B;
  return r->in.rex == wrxb ? NULL : "REX fields";
}


/* What Zydis makes of a prefix that stands there, and the decoder too. */
static const char *check_prefix(const reading *r, unsigned n) {
  bool mandatory = r->z.raw.prefixes[n].type == ZYDIS_PREFIX_TYPE_MANDATORY;
  switch (r->z.raw.prefixes[n].value) {
  case 0x67:
    return r->in.addr32 ? NULL : "67";
  case 0x66:
    if (!r->in.opsize)
      return "66";
    if ((r->in.attr & A_OSIZE) == 0 && !mandatory)
      return "66 is no mandatory prefix";
    return (r->in.attr & A_OSIZE) == 0 || r->z.operand_width == 16
               ? NULL
               : "66 is no operand size";
  case 0xf2:
    if (r->in.pp != ZVM__F2 || !(mandatory || has(r, ZYDIS_ATTRIB_HAS_REPNE)))
      return "F2";
    return NULL;
  case 0xf3:
    if (r->in.pp != ZVM__F3 ||
        !(mandatory ||
          has(r, ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE)))
      return "F3";
    return NULL;
  case 0xf0:
    return r->in.lock && has(r, ZYDIS_ATTRIB_HAS_LOCK) ? NULL : "F0";
  default:
    return (r->z.raw.prefixes[n].value & 0xf0) == 0x40 &&
                   n + 1u == r->z.raw.prefix_count
               ? NULL
               : "a prefix that is none";
  }
}


static const char *check_prefixes(const reading *r) {
  const zvm__insn *in = &r->in;
  unsigned marks = in->addr32 + in->opsize + in->lock + in->has_rex +
                   (in->pp == ZVM__F2 || in->pp == ZVM__F3);
  const char *why = NULL;
  unsigned n;
  if (in->addr32 != (r->z.address_width == 32))
    return "the address size";
  if (is_vex(r))
    return check_vex(r);
  if (marks != r->z.raw.prefix_count)
    return "the number of prefixes";
  for (n = 0; n < r->z.raw.prefix_count && why == NULL; n++)
    why = check_prefix(r, n);
  return why != NULL ? why : check_rex(r);
}


/* -- Opcode and what follows ---------------------------------------------- */

static const char *check_opcode(const reading *r) {
  static const ZydisOpcodeMap maps[ZVM__MAPS] = {
      ZYDIS_OPCODE_MAP_DEFAULT, ZYDIS_OPCODE_MAP_0F,   ZYDIS_OPCODE_MAP_0F38,
      ZYDIS_OPCODE_MAP_0F3A,    ZYDIS_OPCODE_MAP_0F,   ZYDIS_OPCODE_MAP_0F38,
      ZYDIS_OPCODE_MAP_0F3A};
  bool vex = r->in.map >= ZVM__V0F;
  if (is_vex(r) != vex ||
      (!vex && r->z.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY))
    return "the encoding";
  if (r->z.opcode_map != maps[r->in.map] || r->z.opcode != r->in.opcode)
    return "the opcode";
  return NULL;
}


static const char *check_modrm(const reading *r) {
  const zvm__insn *in = &r->in;
  unsigned sib = has(r, ZYDIS_ATTRIB_HAS_SIB);
  unsigned modrm = r->z.raw.modrm.mod << 6 | r->z.raw.modrm.reg << 3 |
                   r->z.raw.modrm.rm;
  if (((in->attr & A_MODRM) != 0) != has(r, ZYDIS_ATTRIB_HAS_MODRM))
    return "ModRM or not";
  if ((in->attr & A_MODRM) == 0)
    return NULL;
  if (r->z.raw.modrm.offset != in->at + 1 || in->modrm != modrm)
    return "ModRM";
  if (sib && (r->z.raw.sib.offset != in->at + 2 ||
              in->sib != (unsigned)(r->z.raw.sib.scale << 6 |
                                    r->z.raw.sib.index << 3 |
                                    r->z.raw.sib.base)))
    return "SIB";
  if (zvm__modrm_length(in) != 1 + sib + r->z.raw.disp.size / 8)
    return "the length of SIB and displacement";
  return r->z.raw.disp.size != 0 && r->z.raw.disp.offset != in->at + 2 + sib
             ? "where the displacement is"
             : NULL;
}


static const char *check_immediate(const reading *r) {
  const zvm__insn *in = &r->in;
  unsigned size = (r->z.raw.imm[0].size + r->z.raw.imm[1].size) / 8;
  unsigned modrm = (in->attr & A_MODRM) != 0 ? zvm__modrm_length(in) : 0;
  if (zvm__imm_length(in) != size || r->z.raw.imm[1].size != 0)
    return "the length of the immediate";
  if (in->length != in->at + 1 + modrm + size)
    return "the sum of the parts";
  if (size != 0 && r->z.raw.imm[0].offset != in->at + 1 + modrm)
    return "where the immediate is";
  if (zvm__is_branch(in) != r->z.raw.imm[0].is_relative)
    return "a branch or not";
  if (zvm__is_branch(in) &&
      zvm__branch_disp(r->bytes, in) != r->z.raw.imm[0].value.s)
    return "where the branch goes";
  return NULL;
}


/* -- Memory --------------------------------------------------------------- */

/* Of the machine's address size. */
static ZydisRegister address_register(const reading *r, unsigned number) {
  return ZydisRegisterEncode(r->in.addr32 ? ZYDIS_REGCLASS_GPR32
                                          : ZYDIS_REGCLASS_GPR64,
                             (ZyanU8)number);
}


/*
** Where mod 0 and base 5 in SIB mean that there is no base, REX.B is not
** looked at: the processor adds none. Zydis 4.0 names r13 all the same.
*/
static bool is_zydis_r13(const reading *r, const ZydisDecodedOperand *op) {
  return (r->in.modrm & 0xc7) == 4 && (r->in.sib & 7) == 5 &&
         (r->in.rex & 1) != 0 && op->mem.base == address_register(r, 13);
}


/* Base, index and scale by the bytes themselves, against Zydis' operand. */
static const char *check_address(const reading *r,
                                 const ZydisDecodedOperand *op) {
  unsigned mod = r->in.modrm >> 6;
  unsigned rm = r->in.modrm & 7;
  unsigned low = rm == 4 ? r->in.sib & 7 : rm;
  ZydisRegister base = address_register(r, low | (r->in.rex & 1) << 3);
  ZydisRegister index = ZYDIS_REGISTER_NONE;
  if (mod == 0 && low == 5)
    base = rm == 4 ? ZYDIS_REGISTER_NONE
                   : r->in.addr32 ? ZYDIS_REGISTER_EIP : ZYDIS_REGISTER_RIP;
  if (rm == 4) {
    unsigned number = (r->in.sib >> 3 & 7) | (r->in.rex & 2) << 2;
    if (number != 4)
      index = address_register(r, number);
  }
  if (op->mem.index != index ||
      (op->mem.base != base && !is_zydis_r13(r, op)))
    return "the base or the index";
  if (index != ZYDIS_REGISTER_NONE && op->mem.scale != 1 << (r->in.sib >> 6))
    return "the scale";
  if (zvm__is_rip_relative(&r->in) !=
      (base == ZYDIS_REGISTER_RIP || base == ZYDIS_REGISTER_EIP))
    return "rip-relative or not";
  if (zvm__is_rip_relative(&r->in) &&
      zvm__rip_disp(r->bytes, &r->in) != op->mem.disp.value)
    return "the rip-relative displacement";
  return zvm__is_rsp_based(&r->in) ==
                 (index == ZYDIS_REGISTER_NONE &&
                  (base == ZYDIS_REGISTER_RSP || base == ZYDIS_REGISTER_ESP))
             ? NULL
             : "rsp-based or not";
}


static bool is_accessed(const reading *r, const ZydisDecodedOperand *op) {
  return op->mem.type != ZYDIS_MEMOP_TYPE_AGEN &&
         r->z.meta.category != ZYDIS_CATEGORY_PREFETCH &&
         r->z.meta.category != ZYDIS_CATEGORY_NOP &&
         r->z.meta.category != ZYDIS_CATEGORY_WIDENOP;
}


/* Rule 6, of what Zydis says alone. */
static const char *check_reach(const reading *r,
                               const ZydisDecodedOperand *op) {
  if (op->mem.type == ZYDIS_MEMOP_TYPE_MIB ||
      op->mem.type == ZYDIS_MEMOP_TYPE_VSIB)
    return "MIB or VSIB";
  if (op->mem.segment == ZYDIS_REGISTER_FS ||
      op->mem.segment == ZYDIS_REGISTER_GS)
    return "fs or gs";
  if (!is_accessed(r, op) || r->z.address_width == 32 ||
      op->mem.base == ZYDIS_REGISTER_RIP)
    return NULL;
  if (op->mem.base == ZYDIS_REGISTER_RSP &&
      op->mem.index == ZYDIS_REGISTER_NONE)
    return op->mem.disp.value < (r->z.raw.disp.size == 32 ? 0 : -128)
               ? "memory far below rsp"
               : NULL;
  return "memory that is not 32-bit addressed";
}


static const char *check_modrm_memory(const reading *r,
                                      const ZydisDecodedOperand *op) {
  if (((r->in.attr & A_NOACCESS) == 0) != is_accessed(r, op))
    return "accessed or not";
  if (r->z.mnemonic >= ZYDIS_MNEMONIC_BT &&
      r->z.mnemonic <= ZYDIS_MNEMONIC_BTS &&
      r->op[1].type == ZYDIS_OPERAND_TYPE_REGISTER)
    return "a bit offset in a register";
  return check_address(r, op);
}


/* What no byte of the instruction names: the stack, and strings. */
static const char *check_hidden_memory(const reading *r,
                                       const ZydisDecodedOperand *op) {
  switch (r->z.mnemonic) {
  case ZYDIS_MNEMONIC_PUSH:
  case ZYDIS_MNEMONIC_POP:
  case ZYDIS_MNEMONIC_CALL:
  case ZYDIS_MNEMONIC_RET:
    return op->mem.base == ZYDIS_REGISTER_RSP &&
                   op->mem.index == ZYDIS_REGISTER_NONE
               ? NULL
               : "stack memory that is not at rsp";
  default:
    break;
  }
  if (r->z.meta.category != ZYDIS_CATEGORY_STRINGOP)
    return "memory that no operand names";
  return r->z.address_width == 32 &&
                 (op->mem.base == ZYDIS_REGISTER_ESI ||
                  op->mem.base == ZYDIS_REGISTER_EDI)
             ? NULL
             : "a string that is not 32-bit addressed";
}


static const char *check_memory(const reading *r) {
  bool seen = false;
  unsigned i;
  for (i = 0; i < r->z.operand_count; i++) {
    const ZydisDecodedOperand *op = &r->op[i];
    const char *why;
    if (op->type != ZYDIS_OPERAND_TYPE_MEMORY)
      continue;
    if (op->encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM) {
      seen = true;
      why = is_long_nop(r) ? NULL : check_modrm_memory(r, op);
    } else {
      why = check_hidden_memory(r, op);
    }
    if (why == NULL)
      why = check_reach(r, op);
    if (why != NULL)
      return why;
  }
  return seen == r->in.has_mem || is_long_nop(r) ? NULL : "memory or not";
}


/* -- Registers ------------------------------------------------------------ */

static bool is_general(ZydisRegisterClass c) {
  return c == ZYDIS_REGCLASS_GPR8 || c == ZYDIS_REGCLASS_GPR16 ||
         c == ZYDIS_REGCLASS_GPR32 || c == ZYDIS_REGCLASS_GPR64;
}


static bool is_rsp(ZydisRegister reg) {
  return ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg) ==
         ZYDIS_REGISTER_RSP;
}


/* The line's marks: where it writes a register, and which are of a byte. */
static uint32_t marks_of(const reading *r) {
  uint32_t a = r->in.attr;
  uint32_t marks = a & (A_WREG | A_WOPC | A_WVVVV);
  if (!r->in.has_mem)
    marks |= a & A_WRM;
  /* 90 writes no register when it is nop, but its line is that of xchg. */
  if (r->z.mnemonic == ZYDIS_MNEMONIC_NOP)
    marks &= ~A_WOPC;
  if ((marks & A_WREG) != 0)
    marks |= a & A_BREG;
  if ((marks & (A_WRM | A_WOPC)) != 0)
    marks |= a & A_BRM;
  return marks;
}


/* The same, of what Zydis says of one operand. */
static uint32_t marks_by_zydis(const ZydisDecodedOperand *op) {
  ZydisRegisterClass c = ZydisRegisterGetClass(op->reg.value);
  bool byte = c == ZYDIS_REGCLASS_GPR8;
  if (op->type != ZYDIS_OPERAND_TYPE_REGISTER || !WRITES(op) ||
      !is_general(c))
    return 0;
  switch (op->encoding) {
  case ZYDIS_OPERAND_ENCODING_MODRM_REG: return A_WREG | (byte ? A_BREG : 0);
  case ZYDIS_OPERAND_ENCODING_MODRM_RM: return A_WRM | (byte ? A_BRM : 0);
  case ZYDIS_OPERAND_ENCODING_OPCODE: return A_WOPC | (byte ? A_BRM : 0);
  case ZYDIS_OPERAND_ENCODING_NDSNDD: return A_WVVVV;
  default: return 0;
  }
}


/* Rule 9, of what Zydis says alone. */
static bool may_write_rsp(const reading *r, const ZydisDecodedOperand *op) {
  switch (r->z.mnemonic) {
  case ZYDIS_MNEMONIC_MOV:
  case ZYDIS_MNEMONIC_LEA:
  case ZYDIS_MNEMONIC_ADD:
  case ZYDIS_MNEMONIC_SUB:
  case ZYDIS_MNEMONIC_AND:
    return op->reg.value == ZYDIS_REGISTER_ESP &&
           (r->in.attr & A_ESP) != 0;
  case ZYDIS_MNEMONIC_PUSH:
  case ZYDIS_MNEMONIC_POP:
  case ZYDIS_MNEMONIC_CALL:
  case ZYDIS_MNEMONIC_RET:
    return op->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
  default:
    return false;
  }
}


static const char *check_register(const reading *r,
                                  const ZydisDecodedOperand *op) {
  ZydisRegisterClass c = ZydisRegisterGetClass(op->reg.value);
  if (WRITES(op) && is_rsp(op->reg.value) && !may_write_rsp(r, op))
    return "writes rsp";
  if (is_general(c) || c == ZYDIS_REGCLASS_XMM || c == ZYDIS_REGCLASS_YMM)
    return NULL;
  if (op->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
      (c == ZYDIS_REGCLASS_FLAGS || c == ZYDIS_REGCLASS_IP ||
       op->reg.value == ZYDIS_REGISTER_MXCSR))
    return NULL;
  return "a register that is out of bounds";
}


static const char *check_registers(const reading *r) {
  uint32_t marks = 0;
  const char *why = NULL;
  unsigned i;
  for (i = 0; i < r->z.operand_count && why == NULL; i++) {
    marks |= marks_by_zydis(&r->op[i]);
    if (r->op[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
      why = check_register(r, &r->op[i]);
    if (r->op[i].type == ZYDIS_OPERAND_TYPE_POINTER)
      why = "a far pointer";
  }
  if (why == NULL && marks != marks_of(r))
    why = "which registers are written";
  return why;
}


/* -- Sets of instructions ------------------------------------------------- */

/* 0: none that a guest may use. */
static int level_of(const reading *r) {
  switch (r->z.meta.isa_set) {
  case ZYDIS_ISA_SET_I86:
  case ZYDIS_ISA_SET_I186:
  case ZYDIS_ISA_SET_I386:
  case ZYDIS_ISA_SET_I486REAL:
  case ZYDIS_ISA_SET_PENTIUMREAL: /* cmpxchg8b                             */
  case ZYDIS_ISA_SET_PPRO:        /* ud2                                   */
  case ZYDIS_ISA_SET_FAT_NOP:
  case ZYDIS_ISA_SET_CMOV:
  case ZYDIS_ISA_SET_LONGMODE:
  case ZYDIS_ISA_SET_PAUSE:
  case ZYDIS_ISA_SET_SSE:
  case ZYDIS_ISA_SET_SSE2:
  case ZYDIS_ISA_SET_SSE_PREFETCH:
  case ZYDIS_ISA_SET_SSEMXCSR:
  case ZYDIS_ISA_SET_SSE3:
  case ZYDIS_ISA_SET_SSSE3:
  case ZYDIS_ISA_SET_SSE4:
  case ZYDIS_ISA_SET_SSE42:
  case ZYDIS_ISA_SET_POPCNT:
  case ZYDIS_ISA_SET_CMPXCHG16B:
  case ZYDIS_ISA_SET_LAHF:
    return ZVM_LEVEL_V2;
  case ZYDIS_ISA_SET_AVX:
  case ZYDIS_ISA_SET_AVX2:
  case ZYDIS_ISA_SET_BMI1:
  case ZYDIS_ISA_SET_BMI2:
  case ZYDIS_ISA_SET_F16C:
  case ZYDIS_ISA_SET_FMA:
  case ZYDIS_ISA_SET_LZCNT:
  case ZYDIS_ISA_SET_MOVBE:
    return ZVM_LEVEL_V3;
  case ZYDIS_ISA_SET_CET: /* a nop to processors that do not know it       */
    return r->z.mnemonic == ZYDIS_MNEMONIC_ENDBR64 ? ZVM_LEVEL_V2 : 0;
  case ZYDIS_ISA_SET_PREFETCH_NOP: /* as well                              */
    return r->z.mnemonic == ZYDIS_MNEMONIC_PREFETCHW ? ZVM_LEVEL_V2 : 0;
  default:
    return 0;
  }
}


/* Sets have members that a guest may not use all the same. */
static bool is_excluded(const reading *r) {
  switch (r->z.mnemonic) {
  case ZYDIS_MNEMONIC_RCPPS:
  case ZYDIS_MNEMONIC_RCPSS:
  case ZYDIS_MNEMONIC_RSQRTPS:
  case ZYDIS_MNEMONIC_RSQRTSS:
  case ZYDIS_MNEMONIC_VRCPPS:
  case ZYDIS_MNEMONIC_VRCPSS:
  case ZYDIS_MNEMONIC_VRSQRTPS:
  case ZYDIS_MNEMONIC_VRSQRTSS:
  case ZYDIS_MNEMONIC_STD:
  case ZYDIS_MNEMONIC_POPF:
  case ZYDIS_MNEMONIC_POPFQ:
  case ZYDIS_MNEMONIC_PUSHF:
  case ZYDIS_MNEMONIC_PUSHFQ:
    return true;
  default:
    break;
  }
  switch (r->z.meta.category) {
  case ZYDIS_CATEGORY_SYSTEM: return r->z.mnemonic != ZYDIS_MNEMONIC_HLT;
  case ZYDIS_CATEGORY_INTERRUPT:
    return r->z.mnemonic != ZYDIS_MNEMONIC_INT3;
  case ZYDIS_CATEGORY_SYSCALL:
  case ZYDIS_CATEGORY_SYSRET:
  case ZYDIS_CATEGORY_IO:
  case ZYDIS_CATEGORY_IOSTRINGOP:
  case ZYDIS_CATEGORY_SEGOP:
    return true;
  default:
    return has(r, ZYDIS_ATTRIB_IS_PRIVILEGED) &&
           r->z.mnemonic != ZYDIS_MNEMONIC_HLT;
  }
}


static const char *check_set(const reading *r) {
  int level = level_of(r);
  if (level == 0 || is_excluded(r) ||
      r->z.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
    return "not an instruction for guests";
  return (level == ZVM_LEVEL_V3) == r->above_v2 ? NULL : "the CPU level";
}


/* -- Fields that mean nothing --------------------------------------------- */

static ZydisDecoder zydis;

/* Is anything that is seen of it another when W is 0? */
static bool w_matters(const reading *r) {
  uint8_t b[16];
  ZydisDecodedInstruction z;
  ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
  unsigned i;
  memcpy(b, r->bytes, sizeof b);
  if (is_vex(r))
    b[r->z.raw.vex.offset + 2] &= 0x7f;
  else
    b[r->z.raw.rex.offset] &= 0xf7;
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, b, 16, &z, op)) ||
      z.mnemonic != r->z.mnemonic)
    return true;
  for (i = 0; i < r->z.operand_count; i++)
    if (op[i].size != r->op[i].size)
      return true;
  return z.mnemonic == ZYDIS_MNEMONIC_NOP; /* xchg %rax, %rax              */
}


static bool has_256_bits(const reading *r) {
  unsigned i;
  for (i = 0; i < r->z.operand_count; i++)
    if (r->op[i].size == 256 ||
        (r->op[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
         ZydisRegisterGetClass(r->op[i].reg.value) == ZYDIS_REGCLASS_YMM))
      return true;
  return r->z.mnemonic == ZYDIS_MNEMONIC_VZEROALL;
}


/* Rule 5: they are 0 then. SIB has no say in W. */
static const char *check_unused(const reading *r) {
  if ((r->in.rex & 8) != 0 && !has(r, ZYDIS_ATTRIB_HAS_SIB) &&
      !w_matters(r))
    return "a W that means nothing";
  if (is_vex(r) && r->z.raw.vex.L != 0 && !has_256_bits(r))
    return "a VEX.L that means nothing";
  if ((r->in.rex & 7) != 0 &&
      (r->z.meta.category == ZYDIS_CATEGORY_STRINGOP ||
       r->z.mnemonic == ZYDIS_MNEMONIC_PAUSE))
    return "a REX bit that means nothing";
  return NULL;
}


/* -- The automaton's state ------------------------------------------------ */

/* rip-relative without 67: how many bytes lie behind the displacement? */
static unsigned state_of_access(const reading *r) {
  unsigned behind = r->length - r->z.raw.disp.offset - 4u;
  return behind <= 2   ? ZVM__RIP + behind
         : behind == 4 ? (unsigned)ZVM__RIP_4
                       : (unsigned)ZVM__ENDS;
}


static bool accesses_rip(const reading *r) {
  unsigned i;
  for (i = 0; i < r->z.operand_count; i++)
    if (r->op[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
        r->op[i].mem.base == ZYDIS_REGISTER_RIP && is_accessed(r, &r->op[i]))
      return true;
  return false;
}


/* Of jmp and call by register and of ret: only in their sequence. */
static unsigned state_of_jump(const reading *r) {
  ZydisRegister reg = r->op[0].reg.value;
  if (r->z.mnemonic == ZYDIS_MNEMONIC_RET)
    return r->from == ZVM__SKIPPED && r->length == 1 ? ZVM__RETURN
                                                     : ZVM__ENDS;
  if (r->op[0].type != ZYDIS_OPERAND_TYPE_REGISTER ||
      r->from < ZVM__MASKED || is_rsp(reg) ||
      (unsigned)ZydisRegisterGetId(reg) != r->from - ZVM__MASKED)
    return ZVM__ENDS;
  return r->length == 2   ? ZVM__JUMP_2
         : r->length == 3 ? (unsigned)ZVM__JUMP_3
                          : (unsigned)ZVM__ENDS;
}


/* The beginnings of fused sequences are what they are as bytes. */
static unsigned state_of_bytes(const reading *r) {
  const uint8_t *b = r->bytes;
  unsigned ext = b[0] == 0x41;
  if (r->length == 8 &&
      memcmp(b, "\x48\xf7\x04\x24\x1f\x00\x00\x80", 8) == 0)
    return ZVM__TESTED;
  if (r->length == 3 + ext && b[ext] == 0x83 && (b[ext + 1] & 0xf8) == 0xe0 &&
      b[ext + 2] == 0xe0 && (ext || b[1] != 0xe4))
    return ZVM__MASKED + (b[ext + 1] & 7) + 8 * ext;
  return ZVM__START;
}


static unsigned expected_state(const reading *r) {
  if (r->z.raw.imm[0].is_relative) {
    if (r->from == ZVM__TESTED && r->length == 2 && r->bytes[0] == 0x75 &&
        r->bytes[1] == 1)
      return ZVM__SKIPPED;
    return r->z.raw.imm[0].size == 8 ? ZVM__BRANCH8 : ZVM__BRANCH32;
  }
  switch (r->z.mnemonic) {
  case ZYDIS_MNEMONIC_JMP:
  case ZYDIS_MNEMONIC_CALL:
  case ZYDIS_MNEMONIC_RET:
    return state_of_jump(r);
  default:
    return accesses_rip(r) ? state_of_access(r) : state_of_bytes(r);
  }
}


/* -- All ------------------------------------------------------------------ */

const char *const reading_classes[READING_CLASSES] = {
    "no memory",         "67 and ModRM", "67 and a string", "disp(%rsp)",
    "rip-relative", "stack only", "not accessed"};

unsigned reading_class(const reading *r) {
  uint32_t a = r->in.attr;
  if (r->in.has_mem)
    return (a & A_NOACCESS) != 0 ? 6
           : r->in.addr32        ? 1
           : zvm__is_rsp_based(&r->in) ? 3 : 4;
  if ((a & A_STRING) != 0)
    return 2;
  return r->z.mnemonic == ZYDIS_MNEMONIC_PUSH ||
                 r->z.mnemonic == ZYDIS_MNEMONIC_POP ||
                 r->z.mnemonic == ZYDIS_MNEMONIC_CALL ||
                 r->z.mnemonic == ZYDIS_MNEMONIC_RET
             ? 5
             : 0;
}


static const char *check_decoded(const reading *r) {
  const char *why = NULL;
  if (!is_long_nop(r)) {
    why = check_prefixes(r);
    if (why == NULL)
      why = check_opcode(r);
    if (why == NULL)
      why = check_modrm(r);
    if (why == NULL)
      why = check_immediate(r);
  }
  if (why == NULL)
    why = check_memory(r);
  if (why == NULL)
    why = check_registers(r);
  if (why == NULL)
    why = check_unused(r);
  return why != NULL ? why : check_set(r);
}


const char *reading_fault(reading *r) {
  const char *why;
  zvm__insn v2;
  if (zydis.stack_width != ZYDIS_STACK_WIDTH_64) /* the first time */
    ZydisDecoderInit(&zydis, ZYDIS_MACHINE_MODE_LONG_64,
                     ZYDIS_STACK_WIDTH_64);
  if (zvm__decode(r->bytes, zvm__refused_at(ZVM_LEVEL_V3), &r->in) !=
          ZVM_RULE_NONE ||
      r->in.length != r->length)
    return "the decoder reads it differently";
  if ((zvm__decode(r->bytes, zvm__refused_at(ZVM_LEVEL_V2), &v2) ==
       ZVM_RULE_NONE) == r->above_v2)
    return "the decoder has it at another CPU level";
  if (zvm__check_memory(&r->in) != ZVM_RULE_NONE ||
      zvm__check_rsp(&r->in) != ZVM_RULE_NONE)
    return "the operand rules refuse it";
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, r->bytes, 16, &r->z,
                                           r->op)))
    return "not an instruction";
  if (r->z.length != r->length)
    return "another length";
  why = check_decoded(r);
  if (why == NULL && expected_state(r) != r->state)
    why = "the state after it";
  return why;
}
