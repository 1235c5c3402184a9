/*
** explain.c - why a text is refused: the rules, one by one, on instructions.
**
** The verdict is that of accept.c; this pass reads a refused text again, at
** leisure, and says what is wrong where. By itself it comes to the same
** verdict, which tests hold the two to.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "validator/operands.h"
#include "validator/validator.h"

enum { BUNDLE = ZVM_BUNDLE_SIZE };

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

/* -- Operands ------------------------------------------------------------- */

static zvm_rule check_operands(const scan *s, const uint8_t *p,
                               const zvm__insn *in, uint32_t offset) {
  zvm_rule rule = zvm__check_memory(in);
  if (rule == ZVM_RULE_NONE && zvm__accesses_rip(in)) {
    int64_t target = (int64_t)s->address + offset + in->length +
                     zvm__rip_disp(p, in);
    if (target < ZVM_NULL_GUARD || target > UINT32_MAX)
      rule = ZVM_R_MEM_RIP;
  }
  return rule != ZVM_RULE_NONE ? rule : zvm__check_rsp(in);
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
  if (!ext && (j[1] & 7) == ZVM__RSP)
    return ZVM_R_FLOW_INDIRECT;
  b->inside |= 1u << at;
  return ZVM_RULE_NONE;
}

/*
** testq $0xffffffff8000001f,(%rsp); jne over it; ret. The address that ret
** pops is the one just tested: a guest has one thread, and nobody else writes
** its memory.
*/
static zvm_rule fuse_return(bundle *b, unsigned at) {
  static const uint8_t test[10] = {0x48, 0xf7, 0x04, 0x24, 0x1f,
                                   0x00, 0x00, 0x80, 0x75, 0x01};
  const uint8_t *t = b->bytes + at - sizeof test;
  uint32_t parts;
  unsigned i;
  if (at < sizeof test)
    return ZVM_R_FLOW_RETURN;
  for (i = 0; i < sizeof test; i++)
    if (t[i] != test[i])
      return ZVM_R_FLOW_RETURN;
  parts = 0x101u << (at - sizeof test);
  if ((b->boundaries & parts) != parts)
    return ZVM_R_FLOW_RETURN;
  b->inside |= 5u << (at - 2);
  return ZVM_RULE_NONE;
}

static zvm_rule check_flow(scan *s, bundle *b, const zvm__insn *in,
                           unsigned at) {
  if (zvm__is_branch(in))
    return note_target(s, b, in, at);
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

static zvm_rule check_insn(scan *s, bundle *b, const zvm__insn *in,
                           unsigned at) {
  zvm_rule rule;
  if (at + in->length > BUNDLE)
    return ZVM_R_BUNDLE_CROSS;
  rule = check_operands(s, b->bytes + at, in, b->base + at);
  return rule != ZVM_RULE_NONE ? rule : check_flow(s, b, in, at);
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

bool zvm__explain(const uint8_t *text, uint32_t size, uint32_t address,
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
