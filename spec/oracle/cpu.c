/*
** cpu.c - the processor as oracle: what is accepted is executed, and watched.
**
** usage: cpu [<executions, in thousands>]
**
** Three of four executions are of one instruction (or one fused sequence),
** each line of opcodes.def in turn (lines.c), at any place of a bundle; the
** fourth is of several in two bundles. All else is hlt, so that every one ends
** in a signal, whose handler looks at the processor's state, and continues
** with the next code and the next registers.
**
** The low 4 GiB are one MiB of memory, mapped over and over, of which some
** copies are read-only and some not accessible; 4 GiB of guard follow.
** Registers begin as random numbers and as pointers to memory of the host:
** `watched`, which faults, and `canary`, which does not, but is looked at.
** rsp begins often within 16 bytes of 0 or of 4 GiB. Then:
**
**   * an address that faulted is one that the low 32 bits, or rsp and a
**     displacement can give; never one where a 64-bit register pointed
**   * rsp lies in [0, 4 GiB]
**   * DF, AC, TF, NT and IOPL are clear; fs, gs, cs, ss and the two bases are
**     as they were
**   * rip, after one instruction, is where it began or, as it is no branch,
**     where it ends, or at the one address it may branch to; after several,
**     at a start of the automaton's trace or the target of a branch
**   * after one instruction no bit of a general register differs that Zydis
**     does not say is written; none at all when it faulted, but for strings
**   * the canary, the host's stack and data are as they were
**
** One file, although long: all of it looks at the one execution at hand.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <Zydis/Zydis.h>
#include <asm/prctl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "lines.h"
#include "random.h"
#include "validator/automaton.h"
#include "validator/validator.h"

#include "automaton.inc"

enum {
  PROCESSES = 2,
  BUNDLES = 2,
  SIZE = BUNDLES * 32,
  TEXT = 0x20000,
  PATCH = 1 << 20, /* of the low memory, over and over                     */
  AREA = 1 << 20,  /* of watched memory, and of the canary                 */
  SHOWN = 10,
  ENOUGH = 100,    /* executions of a line, to count as covered            */
  REGISTERS = 16,  /* REG_R8 ... REG_RCX, with REG_RSP                     */
  EXACTS = 40,
  YMM_HIGH = 576   /* in the frame's XSAVE area                            */
};

#define GIB ((uint64_t)1 << 30)
#define BAD_FLAGS 0x47500u /* TF, DF, IOPL, NT, AC                           */

/* Of one process; in memory that all share. */
typedef struct counters {
  unsigned long executed, completed, faulted, stuck, wrong, compared;
  unsigned long tried[LINES_MAX], done[LINES_MAX], illegal[LINES_MAX];
  unsigned long cells[ZVM__MAPS * ZVM__PPS][256][8];
} counters;

static uint8_t *watched; /* no guest may touch it: PROT_NONE                */
static uint8_t *canary;  /* nor this, although it could                     */
static uint8_t *text;    /* what executes at TEXT, to be written            */
static uint8_t *low;     /* the patch, where no guest finds it              */
static volatile uint8_t *on_stack;
static uint64_t fs_base, gs_base, segments;
static ucontext_t before; /* where to go on when all is done                */
static ZydisDecoder zydis;
static counters *count;
static unsigned long wanted;
static unsigned turn; /* the next line                                     */

/* What is executed now. */
static struct execution {
  uint8_t code[SIZE];
  int line;       /* LINES_NONE: several                                   */
  unsigned first; /* where it begins                                       */
  uint32_t starts[BUNDLES];    /* of the automaton's trace                  */
  uint64_t exact[EXACTS];      /* where else rip may be                     */
  unsigned exacts;
  bool jumps, returns;         /* to any bundle; several only               */
  bool is_string;
  uint64_t written[REGISTERS]; /* bits that may change; by REG_*            */
  uint64_t registers[REGISTERS];
} ex;

/* REG_* of the registers in the order of their numbers. */
static const uint8_t reg_of[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

/* -- Code ------------------------------------------------------------------ */

static void allow(uint64_t rip) {
  if (ex.exacts < EXACTS)
    ex.exact[ex.exacts++] = rip;
}

/*
** The branch of `n` bytes at `at` goes to hlt of this text, or into the gate
** page. Not backwards when there are several: that might not end.
*/
static void aim_branch(const zvm__insn *in, unsigned at, unsigned n) {
  unsigned end = at + n;
  unsigned to = random_below(2) == 0 || ex.line == LINES_NONE
                    ? end + random_below(2) * (32 - end % 32)
                : at > 0 && random_below(2) == 0
                    ? random_below(at)
                    : end + random_below(SIZE - end);
  int32_t disp = (int32_t)(to % SIZE) - (int32_t)end;
  if ((in->attr & A_IMM) == A_J8) {
    ex.code[end - 1] = (uint8_t)disp;
    return;
  }
  if (random_below(4) == 0)
    disp = ZVM_GATE_BASE - TEXT - (int32_t)end +
           32 * (int32_t)random_below(ZVM_SLOT_COUNT);
  memcpy(ex.code + end - 4, &disp, 4);
}

/* Any address of the low 4 GiB, and the first and last of them. */
static void aim_rip(const zvm__insn *in, unsigned at) {
  uint64_t to = ZVM_NULL_GUARD + random_bits() % (4 * GIB - ZVM_NULL_GUARD);
  int64_t disp;
  if (random_below(4) == 0)
    to = random_below(2) == 0 ? ZVM_NULL_GUARD : UINT32_MAX;
  disp = (int64_t)to - (TEXT + at + in->length);
  if (disp > INT32_MAX)
    disp = INT32_MAX;
  memcpy(ex.code + at + in->at + 2, &disp, 4);
}

/* An instruction of `n` bytes, or a sequence, is put at `at`. */
static void aim(unsigned at, unsigned n) {
  unsigned end = at + n;
  while (at < end) {
    zvm__insn in;
    const uint8_t *p = ex.code + at;
    if (zvm__decode(p, 0, &in) != ZVM_RULE_NONE || in.length == 0)
      return;
    if (zvm__is_branch(&in) && in.length == n)
      aim_branch(&in, at, n);
    if (in.has_mem && zvm__is_rip_relative(&in) && !in.addr32 &&
        (in.attr & A_NOACCESS) == 0)
      aim_rip(&in, at);
    at += in.length;
  }
}

/* The next line's, somewhere in the first bundle. */
static void fill_one(void) {
  uint8_t insn[LINES_ROOM];
  unsigned n;
  ex.line = (int)(turn++ % lines_count);
  n = lines_make((unsigned)ex.line, insn);
  /* A hlt behind, and one before: what jumps to the bundle runs once. */
  ex.first = random_below(32 - n);
  if (ex.first == 0 && n > 4)
    ex.first = 1;
  memcpy(ex.code + ex.first, insn, n);
  aim(ex.first, n);
}

static void fill_several(void) {
  unsigned b;
  ex.line = LINES_NONE;
  ex.first = 0;
  for (b = 0; b < BUNDLES; b++) {
    unsigned insns = 1 + random_below(6);
    unsigned at = 0;
    while (insns-- > 0) {
      uint8_t insn[LINES_ROOM];
      unsigned n = lines_make(random_below(lines_count), insn);
      if (at + n > 31)
        break;
      memcpy(ex.code + b * 32 + at, insn, n);
      aim(b * 32 + at, n);
      at += n;
    }
  }
}

/* -- What may come of it --------------------------------------------------- */

/* Starts, inner parts of sequences as well, as the automaton traces them. */
static void trace_starts(void) {
  unsigned b, i;
  for (b = 0; b < BUNDLES; b++) {
    unsigned state = ZVM__START;
    ex.starts[b] = 1;
    for (i = 0; i < 31; i++) {
      state = zvm__next[state][ex.code[b * 32 + i]];
      if (state < ZVM__ENDS)
        ex.starts[b] |= 2u << i;
    }
  }
}

static uint64_t bits_of(ZydisRegister reg) {
  switch (ZydisRegisterGetClass(reg)) {
  case ZYDIS_REGCLASS_GPR8:
    return reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH ? 0xff00
                                                                : 0xff;
  case ZYDIS_REGCLASS_GPR16: return 0xffff;
  case ZYDIS_REGCLASS_GPR32:
  case ZYDIS_REGCLASS_GPR64: return UINT64_MAX;
  default: return 0;
  }
}

static void note_written(const ZydisDecodedOperand *op) {
  uint64_t bits;
  if (op->type != ZYDIS_OPERAND_TYPE_REGISTER ||
      (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) == 0)
    return;
  bits = bits_of(op->reg.value);
  if (bits != 0)
    ex.written[reg_of[ZydisRegisterGetId(ZydisRegisterGetLargestEnclosing(
        ZYDIS_MACHINE_MODE_LONG_64, op->reg.value))]] |= bits;
}

/* What Zydis leaves out: cmps and scas move their pointers. */
static void note_left_out(const ZydisDecodedInstruction *z) {
  switch (z->mnemonic) {
  case ZYDIS_MNEMONIC_CMPSB:
  case ZYDIS_MNEMONIC_CMPSW:
  case ZYDIS_MNEMONIC_CMPSD:
  case ZYDIS_MNEMONIC_CMPSQ:
    if (z->meta.category == ZYDIS_CATEGORY_STRINGOP)
      ex.written[REG_RSI] = ex.written[REG_RDI] = UINT64_MAX;
    break;
  case ZYDIS_MNEMONIC_SCASB:
  case ZYDIS_MNEMONIC_SCASW:
  case ZYDIS_MNEMONIC_SCASD:
  case ZYDIS_MNEMONIC_SCASQ:
    ex.written[REG_RDI] = UINT64_MAX;
    break;
  default:
    break;
  }
}

/* Where it may go besides the next instruction. */
static void note_branch(const ZydisDecodedInstruction *z,
                        const ZydisDecodedOperand *op, unsigned end) {
  if (z->raw.imm[0].is_relative)
    allow(TEXT + end + (uint64_t)z->raw.imm[0].value.s);
  ex.jumps |= (z->mnemonic == ZYDIS_MNEMONIC_JMP ||
               z->mnemonic == ZYDIS_MNEMONIC_CALL) &&
              op[0].type == ZYDIS_OPERAND_TYPE_REGISTER;
  ex.returns |= z->mnemonic == ZYDIS_MNEMONIC_RET;
}

/* Zydis reads what begins at each start, from the first on to a hlt. */
static void foresee(void) {
  unsigned at = ex.first;
  while (at < SIZE) {
    ZydisDecodedInstruction z;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
    unsigned i;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, ex.code + at, SIZE - at,
                                             &z, op)))
      return;
    for (i = 0; i < z.operand_count; i++)
      note_written(&op[i]);
    note_left_out(&z);
    note_branch(&z, op, at + z.length);
    ex.is_string |= z.meta.category == ZYDIS_CATEGORY_STRINGOP;
    at += z.length;
    if (ex.line != LINES_NONE) {
      if (ex.code[at] == 0xf4) {
        bool leaves = z.meta.category == ZYDIS_CATEGORY_UNCOND_BR ||
                      z.meta.category == ZYDIS_CATEGORY_CALL ||
                      z.meta.category == ZYDIS_CATEGORY_RET;
        if (!leaves)
          allow(TEXT + at);
        return;
      }
      allow(TEXT + at);
    }
  }
}

/* Counts of what the line, or its sequence, is at the last part. */
static void count_cells(void) {
  unsigned at = ex.first;
  zvm__insn in;
  while (zvm__decode(ex.code + at, 0, &in) == ZVM_RULE_NONE &&
         lines_of(&in) != ex.line && at + in.length < 32)
    at += in.length;
  count->tried[ex.line]++;
  count->cells[ZVM__SPACE(in.map, in.pp)][in.opcode]
              [(zvm__opcodes[ZVM__SPACE(in.map, in.pp)][in.opcode] &
                A_KIND) == A_GROUP
                   ? in.modrm >> 3 & 7
                   : 0]++;
}

/* New accepted code, at TEXT. */
static void next_code(void) {
  bool several = count->executed % 4 == 3;
  uint32_t targets[BUNDLES];
  do {
    memset(&ex, 0, sizeof ex);
    memset(ex.code, 0xf4, SIZE);
    memset(targets, 0, sizeof targets);
    if (several)
      fill_several();
    else
      fill_one();
    turn -= ex.line != LINES_NONE;
  } while (!zvm__accepts(ex.code, SIZE, TEXT, ZVM_LEVEL_V3, targets));
  turn += ex.line != LINES_NONE;
  memcpy(text, ex.code, SIZE);
  trace_starts();
  foresee();
  if (ex.line != LINES_NONE) {
    allow(TEXT + ex.first);
    count_cells();
  }
}

/* -- State ----------------------------------------------------------------- */

/* Canonical, so that a wrong access tells its address. */
static uint64_t random_register(void) {
  uint64_t r = random_bits();
  switch (random_below(8)) {
  case 0: return (uint64_t)(uintptr_t)watched + r % AREA;
  case 1:
  case 2: return (uint64_t)(uintptr_t)canary + r % AREA;
  case 3: return (uint32_t)r;
  case 4: return (r >> 32) % 256;
  case 5: return (uint32_t)(r / PATCH * PATCH - 32 + r % 64);
  case 6: return -(r % 128);
  default: return (r & ~((uint64_t)1 << 47)) << 16 >> 16;
  }
}

static uint64_t random_rsp(void) {
  uint64_t r = random_bits();
  switch (random_below(8)) {
  case 0: return r % 17;
  case 1: return 4 * GIB - r % 17;
  case 2:
  case 3: return r % (4 * GIB);
  default: return r % (4 * GIB) & ~(uint64_t)7;
  }
}

/* Both halves of some ymm, where the frame has them. */
static void random_vectors(struct _libc_fpstate *f) {
  uint8_t *frame = (uint8_t *)f;
  uint64_t *has = (uint64_t *)(void *)(frame + 512);
  unsigned i, k;
  uint32_t magic;
  memcpy(&magic, frame + 464, 4); /* FP_XSTATE_MAGIC1 */
  f->mxcsr = 0x1f80;
  for (i = 0; i < 2; i++) {
    uint64_t bits[2] = {random_bits(), random_bits()};
    k = random_below(16);
    memcpy(&f->_xmm[k], bits, 16);
    if (magic != 0x46505853)
      continue;
    bits[0] = random_bits();
    memcpy(frame + YMM_HIGH + 16 * k, bits, 16);
    *has |= 7;
  }
}

/* What ret would pop: mostly lawful, or nearly. */
static void put_return_address(uint64_t rsp) {
  static const uint64_t addresses[] = {
      TEXT, TEXT + 32, TEXT + 0x800, 0x10020, 0x7fffffe0, 0x80000000,
      TEXT + 31, TEXT + 16, 0x100000000 + TEXT, 0xffffffff80000000};
  uint64_t to = addresses[random_below(sizeof addresses / sizeof *addresses)];
  uint64_t at = rsp % PATCH;
  if (at <= PATCH - 8 && (rsp < TEXT || rsp >= TEXT + 0x1000))
    memcpy(low + at, &to, 8);
}

/* rip, if the line's is the jump of a fused sequence: one address. */
static void foresee_jump(uint64_t rsp) {
  const uint8_t *p = ex.code + ex.first;
  uint64_t to;
  if (ex.jumps) {
    unsigned ext = p[0] == 0x41;
    allow(ex.registers[reg_of[(p[ext + 1] & 7) + 8 * ext]] & 0xffffffe0);
  }
  if (ex.returns && rsp % PATCH <= PATCH - 8) {
    memcpy(&to, low + rsp % PATCH, 8);
    if (to < 2 * GIB && to % 32 == 0)
      allow(to);
  }
}

static void next_registers(ucontext_t *u) {
  greg_t *r = u->uc_mcontext.gregs;
  unsigned i;
  for (i = 0; i < REGISTERS; i++) /* REG_RSP is among them */
    r[i] = (greg_t)random_register();
  /* Counts of string instructions stay small, for the 67 reads 32 bits. */
  r[REG_RCX] = (greg_t)((uint64_t)r[REG_RCX] >> 32 << 32 | random_below(64));
  r[REG_RSP] = (greg_t)random_rsp();
  r[REG_EFL] = (greg_t)(0x202 | (random_bits() & 0x8d5));
  r[REG_RIP] = (greg_t)(TEXT + ex.first);
  if (ex.returns && random_below(4) != 0)
    put_return_address((uint64_t)r[REG_RSP]);
  memcpy(ex.registers, r, sizeof ex.registers);
  if (ex.line != LINES_NONE)
    foresee_jump((uint64_t)r[REG_RSP]);
  if (u->uc_mcontext.fpregs != NULL)
    random_vectors(u->uc_mcontext.fpregs);
}

static uint64_t base_of(int which) {
  unsigned long base = 0;
  (void)syscall(SYS_arch_prctl, which, &base);
  return base;
}

static uint64_t selectors(void) {
  uint16_t s[4];
  __asm__ volatile("mov %%ds,%0; mov %%es,%1; mov %%fs,%2; mov %%gs,%3"
                   : "=r"(s[0]), "=r"(s[1]), "=r"(s[2]), "=r"(s[3]));
  return s[0] | (uint64_t)s[1] << 16 | (uint64_t)s[2] << 32 |
         (uint64_t)s[3] << 48;
}

/* -- Judgement ------------------------------------------------------------- */

static void complain(const char *why, const ucontext_t *u, uint64_t value) {
  unsigned i;
  if (count->wrong++ >= SHOWN)
    return;
  printf("# %s: 0x%llx, rip 0x%llx, rsp 0x%llx:", why,
         (unsigned long long)value,
         (unsigned long long)u->uc_mcontext.gregs[REG_RIP],
         (unsigned long long)ex.registers[REG_RSP]);
  for (i = 0; i < SIZE; i++)
    printf("%s%02x", i % 32 == 0 ? "\n#   " : " ", ex.code[i]);
  printf("\n");
}

static bool is_exact(uint64_t rip) {
  unsigned i;
  for (i = 0; i < ex.exacts; i++)
    if (ex.exact[i] == rip)
      return true;
  return false;
}

/* Where several may end: starts, and bundles if there are jumps. */
static bool may_be_at(uint64_t rip) {
  uint64_t offset = rip - TEXT;
  if (is_exact(rip))
    return true;
  if (ex.line != LINES_NONE)
    return false;
  if (offset < SIZE)
    return (ex.starts[offset / 32] >> (offset % 32) & 1) != 0;
  if (offset == SIZE)
    return true;
  return rip % 32 == 0 &&
         ((ex.jumps && rip < 4 * GIB) || (ex.returns && rip < 2 * GIB));
}

/* From the low 32 bits, or from rsp and a displacement. */
static bool may_be_touched(uint64_t address) {
  return address < 6 * GIB + 64 || -address <= 128;
}

static void compare_registers(const ucontext_t *u) {
  const greg_t *r = u->uc_mcontext.gregs;
  bool began = (uint64_t)r[REG_RIP] != TEXT + ex.first;
  unsigned i;
  for (i = 0; i < REGISTERS; i++) {
    uint64_t differ = (uint64_t)r[i] ^ ex.registers[i];
    if ((differ & ~ex.written[i]) != 0)
      complain("a register that is not written", u, (uint64_t)r[i]);
    else if (differ != 0 && !began && !ex.is_string)
      complain("a register written, and a fault", u, (uint64_t)r[i]);
  }
  count->compared++;
}

static void judge_machine(const ucontext_t *u) {
  const greg_t *r = u->uc_mcontext.gregs;
  if ((r[REG_EFL] & BAD_FLAGS) != 0)
    complain("a flag is set", u, (uint64_t)r[REG_EFL]);
  if (selectors() != segments ||
      r[REG_CSGSFS] != before.uc_mcontext.gregs[REG_CSGSFS])
    complain("a segment register", u, selectors());
  if (count->executed % 64 == 0 &&
      (base_of(ARCH_GET_FS) != fs_base || base_of(ARCH_GET_GS) != gs_base))
    complain("the base of fs or gs", u, base_of(ARCH_GET_FS));
}

static bool canary_lives(void) {
  unsigned i;
  for (i = 0; i < 4096; i++)
    if (on_stack[i] != 0x5a)
      return false;
  return canary[0] == 0x5a && memcmp(canary, canary + 1, AREA - 1) == 0;
}

static void judge(int sig, const siginfo_t *info, const ucontext_t *u) {
  const greg_t *r = u->uc_mcontext.gregs;
  uint64_t rip = (uint64_t)r[REG_RIP];
  uint64_t address = (uint64_t)(uintptr_t)info->si_addr;
  bool addressed = (sig == SIGSEGV && info->si_code != SI_KERNEL) ||
                   sig == SIGBUS;
  bool done = rip != TEXT + ex.first;
  if (addressed && !may_be_touched(address))
    complain("an access outside", u, address);
  if ((uint64_t)r[REG_RSP] > 4 * GIB)
    complain("rsp outside", u, (uint64_t)r[REG_RSP]);
  if (!may_be_at(rip))
    complain("rip is where it cannot be", u, rip);
  judge_machine(u);
  if (ex.line != LINES_NONE) {
    compare_registers(u);
    count->done[ex.line] += done;
    count->illegal[ex.line] += sig == SIGILL;
  }
  count->completed += done;
  count->faulted += !done;
  if (count->executed % 4096 == 0 && !canary_lives())
    complain("the host's memory was written", u, 0);
}

static void on_signal(int sig, siginfo_t *info, void *context) {
  ucontext_t *u = context;
  static unsigned long last;
  if (count->executed == 0 && before.uc_flags == 0) {
    before = *u; /* the first signal comes from the child's begin */
    before.uc_flags = 1;
  } else if (sig == SIGALRM) {
    if (last != count->executed) { /* not stuck: it began after the tick */
      last = count->executed;
      return;
    }
    count->stuck++;
  } else {
    judge(sig, info, u);
  }
  if (++count->executed > wanted || count->wrong >= SHOWN) {
    greg_t *r = u->uc_mcontext.gregs;
    memcpy(r, before.uc_mcontext.gregs, sizeof before.uc_mcontext.gregs);
    r[REG_RIP] += 2; /* over the ud2 */
    return;
  }
  next_code();
  next_registers(u);
}

/* -- Setting up ------------------------------------------------------------ */

static void must(bool good, const char *what) {
  if (good)
    return;
  printf("# %s: %s\n", what, strerror(errno));
  exit(1);
}

/* Of every eight copies one is read-only and one not accessible. */
static int protection(uint64_t at) {
  switch (at / PATCH % 8) {
  case 5: return PROT_READ;
  case 6: return PROT_NONE;
  default: return PROT_READ | PROT_WRITE;
  }
}

static void map_low_memory(void) {
  int fd = memfd_create("low", MFD_CLOEXEC);
  uint64_t at;
  must(fd >= 0 && ftruncate(fd, PATCH) == 0, "memfd");
  for (at = 0; at < 4 * GIB; at += PATCH) {
    uint64_t from = at == 0 ? 0x10000 : at;
    void *p = mmap((void *)from, PATCH - (from - at), protection(at),
                   MAP_SHARED | MAP_FIXED_NOREPLACE, fd, (off_t)(from - at));
    must(p == (void *)from, "the low 4 GiB are in use");
  }
  low = mmap(NULL, PATCH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  must(low != MAP_FAILED, "low memory to write");
  (void)close(fd);
  must(mmap((void *)(4 * GIB), 4 * GIB, PROT_NONE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
                MAP_FIXED_NOREPLACE,
            -1, 0) == (void *)(4 * GIB),
       "guard");
}

/* One page, executable at TEXT and writable where no guest finds it. */
static void map_text(void) {
  int fd = memfd_create("text", MFD_CLOEXEC);
  must(fd >= 0 && ftruncate(fd, 0x1000) == 0, "memfd");
  text = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  must(text != MAP_FAILED, "text to write");
  must(mmap((void *)TEXT, 0x1000, PROT_READ | PROT_EXEC,
            MAP_SHARED | MAP_FIXED, fd, 0) == (void *)TEXT,
       "text to execute");
  memset(text, 0xf4, 0x1000);
  (void)close(fd);
}

static void map_host_memory(void) {
  watched = mmap(NULL, AREA, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  canary = mmap(NULL, AREA, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  must(watched != MAP_FAILED && canary != MAP_FAILED, "watched memory");
  memset(canary, 0x5a, AREA);
}

static void catch_signals(void) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP,
                                SIGALRM};
  struct sigaction act = {.sa_sigaction = on_signal,
                          .sa_flags = SA_SIGINFO | SA_ONSTACK};
  const size_t stack_size = 1 << 20;
  stack_t stack = {.ss_size = stack_size,
                   .ss_sp = mmap(NULL, stack_size, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
  size_t i;
  must(sigaltstack(&stack, NULL) == 0, "sigaltstack");
  (void)sigfillset(&act.sa_mask);
  for (i = 0; i < sizeof signals / sizeof *signals; i++)
    must(sigaction(signals[i], &act, NULL) == 0, "sigaction");
}

/* All of one process: `number` of PROCESSES. */
static void work(unsigned number) {
  struct itimerval tick = {{0, 2000}, {0, 2000}};
  volatile uint8_t stack[4096];
  unsigned i;
  random_begin(number);
  turn = number * 17;
  for (i = 0; i < sizeof stack; i++)
    stack[i] = 0x5a;
  on_stack = stack;
  map_host_memory();
  map_low_memory();
  map_text();
  catch_signals();
  fs_base = base_of(ARCH_GET_FS);
  gs_base = base_of(ARCH_GET_GS);
  segments = selectors();
  must(setitimer(ITIMER_REAL, &tick, NULL) == 0, "setitimer");
  __asm__ volatile("ud2" ::: "memory", "cc");
  tick = (struct itimerval){{0, 0}, {0, 0}};
  (void)setitimer(ITIMER_REAL, &tick, NULL);
  if (!canary_lives()) {
    printf("# the host's memory was written\n");
    count->wrong++;
  }
}

/* -- All ------------------------------------------------------------------- */

static void add(counters *sum, const counters *c) {
  const unsigned long *from = (const unsigned long *)c;
  unsigned long *to = (unsigned long *)sum;
  size_t i;
  for (i = 0; i < sizeof *c / sizeof *from; i++)
    to[i] += from[i];
}

/* How many lines were executed ENOUGH times? Says what is wanting. */
static unsigned report_lines(const counters *c, unsigned long enough) {
  unsigned covered = 0;
  unsigned shown = 0;
  unsigned l;
  for (l = 0; l < lines_count; l++) {
    char place[32];
    lines_place(l, place);
    covered += c->tried[l] >= enough;
    if (c->tried[l] < enough && shown++ >= SHOWN)
      continue;
    if (c->tried[l] < enough)
      printf("# only %lu executions of %s, %s\n", c->tried[l],
             lines_name(l), place);
    else if (c->illegal[l] == c->tried[l] && strcmp(lines_name(l), "ud2") != 0)
      printf("# the processor lacks %s, %s\n", lines_name(l), place);
    else if (c->done[l] == 0)
      printf("# always faults: %s, %s\n", lines_name(l), place);
  }
  return covered;
}

static void report_cells(const counters *c, unsigned long enough) {
  const unsigned long *cell = &c->cells[0][0][0];
  unsigned some = 0, covered = 0;
  size_t i;
  for (i = 0; i < sizeof c->cells / sizeof *cell; i++) {
    some += cell[i] != 0;
    covered += cell[i] >= enough;
    if (cell[i] != 0 && cell[i] < enough && wanted >= 1000000)
      printf("# only %lu executions of map %zu, prefix %zu, opcode %02zx, "
             "extension %zu\n",
             cell[i], i / 8 / 256 / ZVM__PPS, i / 8 / 256 % ZVM__PPS,
             i / 8 % 256, i % 8);
  }
  printf("# %u opcodes (map, prefix, opcode, extension), %u of them at least "
         "%lu times\n",
         some, covered, enough);
}

int main(int argc, char **argv) {
  unsigned long thousands = argc > 1 ? strtoul(argv[1], NULL, 10) : 12000;
  counters *all = mmap(NULL, (PROCESSES + 1) * sizeof *all,
                       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                       0);
  unsigned long enough = ENOUGH;
  counters *sum = all + PROCESSES;
  bool good = all != MAP_FAILED;
  unsigned covered;
  unsigned i;
  (void)setvbuf(stdout, NULL, _IOLBF, 0);
  ZydisDecoderInit(&zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  lines_begin();
  wanted = thousands * 1000 / PROCESSES;
  for (i = 0; good && i < PROCESSES; i++) {
    count = all + i;
    pid_t child = fork();
    if (child == 0) {
      work(i);
      _exit(0);
    }
    good = child > 0;
  }
  for (int status; wait(&status) > 0;)
    good &= status == 0;
  for (i = 0; good && i < PROCESSES; i++)
    add(sum, all + i);
  printf("1..2\n# %lu executions: %lu went on, %lu faulted, %lu did not end, "
         "%lu wrong; registers compared after %lu\n",
         sum->executed, sum->completed, sum->faulted, sum->stuck, sum->wrong,
         sum->compared);
  covered = report_lines(sum, enough);
  printf("# %u of %u lines of opcodes.def executed at least %lu times each\n",
         covered, lines_count, enough);
  report_cells(sum, enough);
  good &= sum->wrong == 0 && sum->completed > sum->executed / 4;
  printf("%s 1 - accepted code keeps within its bounds on the processor\n",
         good ? "ok" : "not ok");
  printf("%s 2 - every line of opcodes.def has been executed\n",
         covered == lines_count ? "ok" : "not ok");
  return !good || covered != lines_count;
}
