/*
** scan.c - the validator: one pass over the text, bundle by bundle.
**
** The argument for soundness is docs/validator.md; in short: control only
** reaches bundle starts and instruction starts that this pass has seen, each
** instruction keeps rsp and every access inside the low 4 GiB and its guard,
** and the parts of a fused sequence cannot be entered halfway.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "isa/decode.h"
#include "validator/validator.h"

enum { BUNDLE = ZVM_BUNDLE_SIZE, RSP = 4 };

typedef struct scan {
  const uint8_t *text;
  uint32_t size;
  uint32_t address;
  uint32_t refused; /* see zvm__decode                                    */
  uint32_t *starts;
  zvm_finding_fn fn;
  void *ctx;
  bool clean;   /* nothing found yet                                      */
  bool stopped; /* fn wants no more                                       */
  bool stray;   /* some direct target may not be an instruction start     */
} scan;

/* The bundle being read. */
typedef struct bundle {
  const uint8_t *bytes; /* 32, and 16 more that may be read               */
  uint32_t base;        /* its offset in the text                         */
  uint32_t boundaries;  /* bit n: an instruction begins at byte n         */
  uint32_t inside;      /* bit n: it does, inside a fused sequence        */
  unsigned prev;        /* where the preceding instruction began, or 32   */
} bundle;

static void report(scan *s, uint32_t offset, zvm_rule rule) {
  zvm_finding f = {.address = (uint64_t)s->address + offset,
                   .offset = offset,
                   .rule = rule};
  uint32_t i;
  s->clean = false;
  for (i = 0; i < sizeof f.bytes && i < s->size - offset; i++)
    f.bytes[i] = s->text[offset + i];
  if (s->stopped)
    return;
  if (s->fn == NULL || !s->fn(s->ctx, &f))
    s->stopped = true;
}

/* -- Memory operands ------------------------------------------------------ */

/*
** 67 makes the processor truncate the address to 32 bits. rsp is at most
** 4 GiB, so disp(%rsp) ends in the sandbox, the guard above it, or at
** negative addresses, which no process has mapped.
*/
ZVM__INLINE zvm_rule check_memory(const scan *s, const uint8_t *p,
                             const zvm__insn *in, uint32_t offset) {
  if (!in->has_mem)
    return (in->attr & A_STRING) != 0 && !in->addr32 ? ZVM_R_MEM_ADDR32
                                                     : ZVM_RULE_NONE;
  if ((in->attr & A_NOACCESS) != 0)
    return ZVM_RULE_NONE;
  if ((in->attr & A_KIND) == A_BITS)
    return ZVM_R_MEM_BITOFFSET;
  if (in->addr32)
    return ZVM_RULE_NONE;
  if (zvm__is_rip_relative(in)) {
    int64_t target = (int64_t)s->address + offset + in->length +
                     zvm__rip_disp(p, in);
    return target >= ZVM_NULL_GUARD && target <= UINT32_MAX
               ? ZVM_RULE_NONE
               : ZVM_R_MEM_RIP;
  }
  return zvm__is_rsp_based(in) ? ZVM_RULE_NONE : ZVM_R_MEM_ADDR32;
}

/* -- The stack pointer ---------------------------------------------------- */

/*
** Is general register `reg` rsp when written by this instruction? As a byte
** register number 4 is ah unless REX is there.
*/
ZVM__INLINE bool names_rsp(const zvm__insn *in, unsigned reg, bool byte) {
  return reg == RSP && !(byte && !in->has_rex);
}

ZVM__INLINE bool writes_rsp(const zvm__insn *in) {
  uint32_t a = in->attr;
  unsigned r = in->rex;
  if ((a & A_WREG) != 0 &&
      names_rsp(in, (in->modrm >> 3 & 7) | (r & 4) << 1, (a & A_BREG) != 0))
    return true;
  if ((a & A_WRM) != 0 && !in->has_mem &&
      names_rsp(in, (in->modrm & 7) | (r & 1) << 3, (a & A_BRM) != 0))
    return true;
  if ((a & A_WOPC) != 0 &&
      names_rsp(in, (in->opcode & 7) | (r & 1) << 3, (a & A_BRM) != 0))
    return true;
  return (a & A_WVVVV) != 0 && in->vvvv == RSP;
}

/* A 32-bit write zero-extends; nothing else may touch rsp. */
ZVM__INLINE zvm_rule check_rsp(const zvm__insn *in) {
  const uint32_t any = A_WREG | A_WRM | A_WOPC | A_WVVVV;
  if ((in->attr & any) == 0 || !writes_rsp(in))
    return ZVM_RULE_NONE;
  return (in->attr & A_ESP) != 0 && !in->opsize && (in->rex & 8) == 0
             ? ZVM_RULE_NONE
             : ZVM_R_RSP_WRITE;
}

/* -- Control flow --------------------------------------------------------- */

static bool is_gate_slot(int64_t target) {
  int64_t off = target - ZVM_GATE_BASE;
  return off >= 0 && off < ZVM_SLOT_COUNT * BUNDLE && off % BUNDLE == 0;
}

/*
** A target ahead marks its bit now; when its bundle has been read, every
** marked bit must be a start. A target behind can be looked up at once.
*/
static zvm_rule note_target(scan *s, const bundle *b, const zvm__insn *in,
                            unsigned at) {
  int64_t off = (int64_t)b->base + at + in->length +
                zvm__branch_disp(b->bytes + at, in);
  uint32_t bit = 1u << (off & (BUNDLE - 1));
  if (off < 0 || off >= s->size)
    return is_gate_slot(off + s->address) ? ZVM_RULE_NONE
                                          : ZVM_R_FLOW_OUTSIDE;
  if (off >= b->base)
    s->starts[off / BUNDLE] |= bit;
  else if ((s->starts[off / BUNDLE] & bit) == 0)
    s->stray = true;
  return ZVM_RULE_NONE;
}

/*
** and $-32,%eX; jmp or call *%rX. Both parts are compared as bytes, in the
** same bundle, the mask right before; the jump is then no lawful target.
*/
static zvm_rule fuse_indirect(bundle *b, unsigned at, unsigned length) {
  const uint8_t *j = b->bytes + at;
  const uint8_t *m = b->bytes + b->prev;
  unsigned ext = length == 3;
  if (length < 2 || length > 3 || (ext && j[0] != 0x41) || j[ext] != 0xff)
    return ZVM_R_FLOW_INDIRECT;
  if ((j[ext + 1] & 0xf8) != 0xd0 &&
      (j[ext + 1] & 0xf8) != 0xe0)
    return ZVM_R_FLOW_INDIRECT;
  if (b->prev >= BUNDLE || at - b->prev != 3 + ext)
    return ZVM_R_FLOW_INDIRECT;
  if ((ext && m[0] != 0x41) || m[ext] != 0x83 || m[ext + 2] != 0xe0 ||
      m[ext + 1] != (0xe0 | (j[ext + 1] & 7)))
    return ZVM_R_FLOW_INDIRECT;
  if (!ext && (j[1] & 7) == RSP)
    return ZVM_R_FLOW_INDIRECT;
  b->inside |= 1u << at;
  return ZVM_RULE_NONE;
}

/*
** mov (%rsp),%r11d; and $-32,%r11d; mov %r11,(%rsp); ret. The address that
** ret pops is the one just masked: a guest has one thread, and nobody else
** writes its memory.
*/
static zvm_rule fuse_return(bundle *b, unsigned at) {
  static const uint8_t mask[12] = {0x44, 0x8b, 0x1c, 0x24, 0x41, 0x83,
                                   0xe3, 0xe0, 0x4c, 0x89, 0x1c, 0x24};
  const uint8_t *m = b->bytes + at - sizeof mask;
  uint32_t parts;
  unsigned i;
  if (at < sizeof mask)
    return ZVM_R_FLOW_RETURN;
  for (i = 0; i < sizeof mask; i++)
    if (m[i] != mask[i])
      return ZVM_R_FLOW_RETURN;
  parts = 0x111u << (at - sizeof mask);
  if ((b->boundaries & parts) != parts)
    return ZVM_R_FLOW_RETURN;
  b->inside |= 0x1110u << (at - sizeof mask);
  return ZVM_RULE_NONE;
}

ZVM__INLINE zvm_rule check_flow(scan *s, bundle *b, const zvm__insn *in,
                           unsigned at) {
  if (zvm__is_branch(in))
    return note_target(s, b, in, at);
  if ((in->attr & A_KIND) == 0)
    return ZVM_RULE_NONE;
  switch (in->attr & A_KIND) {
  case A_RETURN:
    return in->length == 1 ? fuse_return(b, at) : ZVM_R_FLOW_RETURN;
  case A_INDIRECT:
    return in->has_mem ? ZVM_R_FLOW_INDIRECT
                       : fuse_indirect(b, at, in->length);
  case A_FENCE:
    return (in->modrm & 7) == 0 ? ZVM_RULE_NONE : ZVM_R_INSN_FORM;
  case A_ENDBR:
    return in->modrm == 0xfa ? ZVM_RULE_NONE : ZVM_R_INSN_FORM;
  default:
    return ZVM_RULE_NONE;
  }
}

/* -- The pass ------------------------------------------------------------- */

ZVM__INLINE zvm_rule check_insn(scan *s, bundle *b, const zvm__insn *in,
                           unsigned at) {
  zvm_rule rule;
  if (at + in->length > BUNDLE)
    return ZVM_R_BUNDLE_CROSS;
  rule = check_memory(s, b->bytes + at, in, b->base + at);
  if (rule == ZVM_RULE_NONE)
    rule = check_rsp(in);
  if (rule == ZVM_RULE_NONE)
    rule = check_flow(s, b, in, at);
  return rule;
}

/*
** Read one bundle. After an offence the rest of it is not read, and every
** byte counts as a start: one cause, one finding.
*/
static void scan_bundle(scan *s, const uint8_t *bytes, uint32_t base) {
  bundle b = {.bytes = bytes, .base = base, .prev = BUNDLE};
  uint32_t *word = &s->starts[base / BUNDLE];
  unsigned at = 0;
  while (at < BUNDLE) {
    zvm__insn in;
    zvm_rule rule = zvm__decode(bytes + at, s->refused, &in);
    b.boundaries |= 1u << at;
    if (rule == ZVM_RULE_NONE)
      rule = check_insn(s, &b, &in, at);
    if (rule != ZVM_RULE_NONE) {
      report(s, base + at, rule);
      b.boundaries = UINT32_MAX;
      b.inside = 0;
      break;
    }
    b.prev = at;
    at += in.length;
  }
  if ((*word & ~(b.boundaries & ~b.inside)) != 0)
    s->stray = true;
  *word = b.boundaries & ~b.inside;
}

/* Say which branches have the bad targets. All starts are known by now. */
static void report_strays(scan *s, const uint8_t *bytes, uint32_t base) {
  unsigned at = 0;
  while (at < BUNDLE && !s->stopped) {
    zvm__insn in;
    if (zvm__decode(bytes + at, s->refused, &in) != ZVM_RULE_NONE)
      return;
    if (zvm__is_branch(&in)) {
      int64_t off = (int64_t)base + at + in.length +
                    zvm__branch_disp(bytes + at, &in);
      if (off >= 0 && off < s->size &&
          (s->starts[off / BUNDLE] >> (off & (BUNDLE - 1)) & 1) == 0)
        report(s, base + at, ZVM_R_FLOW_TARGET);
    }
    at += in.length;
  }
}

/*
** The decoder may read 16 bytes past a bundle, so the last one is read from
** a copy with zeros behind it.
*/
static void each_bundle(scan *s,
                        void (*visit)(scan *, const uint8_t *, uint32_t)) {
  uint8_t last[BUNDLE + 16] = {0};
  uint32_t base;
  unsigned i;
  for (i = 0; i < BUNDLE; i++)
    last[i] = s->text[s->size - BUNDLE + i];
  for (base = 0; base < s->size - BUNDLE && !s->stopped; base += BUNDLE)
    visit(s, s->text + base, base);
  if (!s->stopped)
    visit(s, last, s->size - BUNDLE);
}

bool zvm__validate(const uint8_t *text, uint32_t size, uint32_t address,
                   int level, uint32_t *starts, zvm_finding_fn fn,
                   void *ctx) {
  scan s = {.text = text,
            .size = size,
            .address = address,
            .refused = zvm__refused_at(level),
            .starts = starts,
            .fn = fn,
            .ctx = ctx,
            .clean = true};
  if (size == 0 || size % BUNDLE != 0 || address % BUNDLE != 0) {
    report(&s, 0, ZVM_R_TEXT_SIZE);
    return false;
  }
  each_bundle(&s, scan_bundle);
  if (s.stray && !s.stopped)
    each_bundle(&s, report_strays);
  return s.clean && !s.stray;
}
