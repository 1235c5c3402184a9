/*
** cpu.c - the processor as oracle: what is accepted is executed, and watched.
**
** usage: cpu [<millions of executions>]
**
** The low 4 GiB are one MiB of memory, mapped over and over; 4 GiB of guard
** follow. Registers begin as random numbers and as pointers to memory above
** that no guest may reach. Code ends in hlt, so that every execution ends in
** a signal, whose handler looks at the processor's state, and continues with
** the next code and the next registers:
**
**   * an address that faulted lies in the low 8 GiB, or is negative (rsp less
**     a displacement); never where a 64-bit register pointed
**   * rsp lies in [0, 4 GiB]
**   * DF, AC, TF, NT and IOPL are clear; fs, gs, cs, ss and the two bases are
**     as they were
**   * rip is at an instruction that was accepted, at the hlt behind it, or at
**     its target
**   * the host's stack and data are as they were
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <asm/prctl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "validator/automaton.h"
#include "validator/validator.h"

#include "automaton.inc"

enum {
  BUNDLES = 2,
  SIZE = BUNDLES * 32,
  TEXT = 0x20000,
  PATCH = 1 << 20,        /* of the low memory, over and over              */
  WATCHED = 1 << 20,
  SHOWN = 10,
  REGISTERS = 16          /* REG_R8 ... REG_RCX, with REG_RSP              */
};

#define GIB ((uint64_t)1 << 30)
#define BAD_FLAGS 0x47500u /* TF, DF, IOPL, NT, AC                           */

static uint8_t *watched; /* no guest may touch it                           */
static uint8_t *text;    /* what executes at TEXT, to be written            */
static uint8_t canary[4096];
static uint64_t fs_base, gs_base, segments;
static ucontext_t before; /* where to go on when all is done                */

static uint8_t code[SIZE];
static uint32_t starts[BUNDLES];
static uint32_t size;       /* of `code`                                     */
static unsigned long wanted, executed, completed, faulted, stuck, wrong;

/* -- Random ---------------------------------------------------------------- */

static uint64_t seed = 88172645463325252u;

static uint64_t random_bits(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed * 0x2545f4914f6cdd1du;
}

static unsigned random_below(unsigned n) {
  return (unsigned)((random_bits() >> 32) * n >> 32);
}

/* -- Code ------------------------------------------------------------------ */

/* An instruction from state *state on, in at most `room` bytes; 0 if none. */
static unsigned random_insn(uint8_t *to, unsigned room, unsigned *state) {
  unsigned s = *state;
  unsigned n;
  for (n = 0; n < room; n++) {
    unsigned tries = 0;
    unsigned next;
    do { /* most first bytes are prefixes of something: let opcodes through */
      to[n] = (uint8_t)random_bits();
      next = zvm__next[s][to[n]];
    } while (next == ZVM__REFUSED && tries++ < 512);
    if (next == ZVM__REFUSED)
      return 0;
    s = next;
    if (s < ZVM__ENDS) {
      *state = s;
      return n + 1;
    }
  }
  return 0;
}

static const char *const sequences[] = {
    "\x83\xe0\xe0\xff\xe0", "\x83\xe3\xe0\xff\xd3",
    "\x41\x83\xe7\xe0\x41\xff\xe7",
    "\x48\xf7\x04\x24\x1f\x00\x00\x80\x75\x01\xc3\xf4"};
static const uint8_t sequence_size[] = {5, 5, 7, 12};

/* Let the branch before `end`, if there is one, go to what is a start. */
static void aim(uint8_t *to, unsigned end, unsigned state) {
  int32_t disp = random_below(2) == 0 ? 0 : 32 - (int32_t)end;
  if (state == ZVM__BRANCH8)
    to[end - 1] = (uint8_t)disp;
  if (state == ZVM__BRANCH32)
    memcpy(to + end - 4, &disp, 4);
}

static void fill_bundle(uint8_t *to, unsigned insns) {
  unsigned state = ZVM__START;
  unsigned at = 0;
  memset(to, 0xf4, 32);
  while (insns-- > 0 && at < 31) {
    unsigned k = random_below(64);
    unsigned n;
    if (k < 4 && at + sequence_size[k] < 32) {
      memcpy(to + at, sequences[k], sequence_size[k]);
      at += sequence_size[k];
      state = ZVM__START;
      continue;
    }
    n = random_insn(to + at, 31 - at, &state);
    if (n == 0) {
      memset(to + at, 0xf4, 32 - at);
      return;
    }
    if (random_below(8) != 0)
      aim(to, at + n, state);
    if (state >= ZVM__RIP && state <= ZVM__RIP_4)
      to[at + n - 1 - (state == ZVM__RIP ? 0 : state == ZVM__RIP_4 ? 4
                       : state - ZVM__RIP)] &= 0x7f; /* a disp upwards */
    at += n;
  }
}

/* New accepted code, at TEXT. */
static void next_code(void) {
  do {
    unsigned insns = executed % 4 == 3 ? 6 : 1;
    unsigned i;
    size = insns == 1 ? 32 : SIZE;
    for (i = 0; i < size; i += 32)
      fill_bundle(code + i, insns);
    memset(starts, 0, sizeof starts);
  } while (!zvm__accepts(code, size, TEXT, ZVM_LEVEL_V3, starts));
  memset(text, 0xf4, SIZE);
  memcpy(text, code, size);
}

/* -- State ----------------------------------------------------------------- */

/* Canonical, so that a wrong access tells its address. */
static uint64_t random_register(void) {
  uint64_t r = random_bits();
  switch (random_below(4)) {
  case 0: return (uint64_t)(uintptr_t)watched + r % WATCHED;
  case 1: return (uint32_t)r;
  case 2: return r % (WATCHED * 16);
  default: return (r & ~((uint64_t)1 << 47)) << 16 >> 16;
  }
}

static void next_registers(ucontext_t *u) {
  greg_t *r = u->uc_mcontext.gregs;
  unsigned i;
  for (i = 0; i < REGISTERS; i++) /* REG_RSP is among them */
    r[i] = (greg_t)random_register();
  /* Counts of string instructions stay small, for the 67 reads 32 bits. */
  r[REG_RCX] = (greg_t)((uint64_t)r[REG_RCX] >> 32 << 32 | random_below(64));
  r[REG_RSP] = (greg_t)(random_below(16) == 0 ? random_below(2) * 4 * GIB
                                              : random_bits() % (4 * GIB));
  r[REG_EFL] = (greg_t)(0x202 | (random_bits() & 0x8d5));
  r[REG_RIP] = TEXT;
  if (u->uc_mcontext.fpregs != NULL) {
    struct _libc_fpstate *f = u->uc_mcontext.fpregs;
    unsigned k = random_below(16);
    f->mxcsr = 0x1f80;
    for (i = 0; i < 4; i++)
      f->_xmm[k].element[i] = (uint32_t)random_bits();
  }
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
  if (wrong++ >= SHOWN)
    return;
  printf("# %s: 0x%llx, rip 0x%llx:", why, (unsigned long long)value,
         (unsigned long long)u->uc_mcontext.gregs[REG_RIP]);
  for (i = 0; i < size; i++)
    printf("%s%02x", i % 32 == 0 ? "\n#   " : " ", code[i]);
  printf("\n");
}

static bool is_start(uint64_t offset) {
  return offset < size && (starts[offset / 32] >> (offset % 32) & 1) != 0;
}

/* Where a sequence or a fall off the text may end: a bundle's first byte. */
static bool may_be_at(uint64_t rip) {
  uint64_t offset = rip - TEXT;
  if (offset < size) /* inner parts of sequences are no starts: read again */
    return is_start(offset) || code[offset] == 0xff || code[offset] == 0x41 ||
           code[offset] == 0xc3;
  return rip % 32 == 0 && rip < 4 * GIB;
}

static void judge(int sig, const siginfo_t *info, const ucontext_t *u) {
  const greg_t *r = u->uc_mcontext.gregs;
  uint64_t rip = (uint64_t)r[REG_RIP];
  uint64_t address = (uint64_t)(uintptr_t)info->si_addr;
  bool addressed = (sig == SIGSEGV && info->si_code != SI_KERNEL) ||
                   sig == SIGBUS;
  uint64_t rsp = (uint64_t)r[REG_RSP];
  if (addressed && address >= 8 * GIB && (int64_t)address >= 0)
    complain("an access outside", u, address);
  if (rsp > 4 * GIB)
    complain("rsp outside", u, rsp);
  if ((r[REG_EFL] & BAD_FLAGS) != 0)
    complain("a flag is set", u, (uint64_t)r[REG_EFL]);
  if (!may_be_at(rip))
    complain("rip outside", u, rip);
  if (selectors() != segments ||
      (uint64_t)r[REG_CSGSFS] != (uint64_t)before.uc_mcontext.gregs[REG_CSGSFS])
    complain("a segment register", u, selectors());
  if (executed % 64 == 0 &&
      (base_of(ARCH_GET_FS) != fs_base || base_of(ARCH_GET_GS) != gs_base))
    complain("the base of fs or gs", u, base_of(ARCH_GET_FS));
  if (rip - TEXT < SIZE && *(const uint8_t *)rip == 0xf4)
    completed++;
  else
    faulted++;
}

static bool canary_lives(void) {
  unsigned i;
  for (i = 0; i < sizeof canary; i++)
    if (canary[i] != 0x5a)
      return false;
  return true;
}

static void on_signal(int sig, siginfo_t *info, void *context) {
  ucontext_t *u = context;
  static unsigned long last;
  if (executed == 0 && before.uc_flags == 0) {
    before = *u; /* the first signal comes from main */
    before.uc_flags = 1;
  } else if (sig == SIGALRM) {
    if (last != executed) { /* not stuck: it began after the last tick */
      last = executed;
      return;
    }
    stuck++;
  } else {
    judge(sig, info, u);
  }
  if (++executed > wanted || wrong >= SHOWN) {
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
  printf("1..1\nnot ok 1 - %s: %s\n", what, strerror(errno));
  exit(1);
}

static void map_low_memory(void) {
  int fd = memfd_create("low", MFD_CLOEXEC);
  uint64_t at;
  must(fd >= 0 && ftruncate(fd, PATCH) == 0, "memfd");
  for (at = 0; at < 4 * GIB; at += PATCH) {
    uint64_t from = at == 0 ? 0x10000 : at;
    void *p = mmap((void *)from, PATCH - (from - at), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_FIXED_NOREPLACE, fd,
                   (off_t)(from - at));
    must(p == (void *)from, "the low 4 GiB are in use");
  }
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

int main(int argc, char **argv) {
  struct itimerval tick = {{0, 2000}, {0, 2000}};
  wanted = (argc > 1 ? strtoul(argv[1], NULL, 10) : 10) * 1000000;
  (void)setvbuf(stdout, NULL, _IOLBF, 0);
  memset(canary, 0x5a, sizeof canary);
  watched = mmap(NULL, WATCHED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                 0);
  must(watched != MAP_FAILED, "watched memory");
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
    printf("# the host's data was written\n");
    wrong++;
  }
  printf("1..1\n# %lu executions: %lu reached hlt, %lu faulted, %lu did not "
         "end, %lu wrong\n",
         executed, completed, faulted, stuck, wrong);
  printf("%s 1 - accepted code keeps within its bounds on the processor\n",
         wrong == 0 && completed > wanted / 10 ? "ok" : "not ok");
  return wrong != 0;
}
