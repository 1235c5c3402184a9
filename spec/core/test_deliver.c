/*
** test_deliver.c - faults that a guest wants to hear of itself, and guests
** that ask for it wrongly. The same in this process and in a worker.
**
** Each guest has its fault block at GUEST_DATA, and most have it armed from
** the start: entry 0x20400, stack 0x21808.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>

#include "guest.h"

enum { ENTRY = 0x20400, STACK = 0x21808, BLOCK = GUEST_DATA };

#define FAULT "xor %eax, %eax\n mov 0x40(%eax), %eax\n"
#define AT(name, offset) ".org " #name " + " #offset ", 0xf4\n"
#define ARMED ".long 0x20400, 0x21808\n"
/* Exit with a word of the block. */
#define TELL(offset) "addr32 mov 0x21000 + " #offset ", %edi\n finish\n"
#define REARM "addr32 movl $0x20400, 0x21000\n"

GUEST(unarmed, FAULT AT(unarmed, 0x400) TELL(8), ".long 0, 0x21808\n");
GUEST(reads_null, FAULT AT(reads_null, 0x400) TELL(8), ARMED);
GUEST(divides, "xor %ecx, %ecx\n div %ecx\n" AT(divides, 0x400) TELL(8),
      ARMED);
GUEST(is_illegal, "ud2\n" AT(is_illegal, 0x400) TELL(8), ARMED);
GUEST(breaks, "int3\n" AT(breaks, 0x400) TELL(8), ARMED);
GUEST(halts, "hlt\n" AT(halts, 0x400) TELL(8), ARMED);
GUEST(jumps_away,
      "mov $0x100, %eax\n .p2align 5\n and $-32, %eax\n jmp *%rax\n"
      AT(jumps_away, 0x400) TELL(8), ARMED);
GUEST(is_misaligned, "addr32 movaps 0x21001, %xmm0\n" AT(is_misaligned, 0x400)
      TELL(8), ARMED);
GUEST(overflows, "1: push %rax\n jmp 1b\n" AT(overflows, 0x400) TELL(8),
      ARMED);
/* Every register has a value of its own, and MXCSR has too. */
GUEST(shows_record,
      "addr32 movl $0x7f80, 0x21900\n addr32 ldmxcsr 0x21900\n .p2align 5\n"
      "mov $0x1111111111111111, %rax\n mov $2, %ecx\n mov $3, %edx\n"
      ".p2align 5\n mov $0x4444444444444444, %rbx\n mov $6, %ebp\n"
      "mov $7, %esi\n mov $8, %edi\n .p2align 5\n mov $9, %r8d\n"
      "mov $10, %r9d\n mov $11, %r10d\n mov $12, %r11d\n mov $13, %r12d\n"
      ".p2align 5\n mov $14, %r13d\n mov $15, %r14d\n mov $16, %r15d\n"
      "stc\n .p2align 5\n addr32 mov %ecx, 0x50\n" AT(shows_record, 0x400)
      "mov $1, %edi\n mov $0x21000, %esi\n mov $176, %edx\n gate 2\n"
      "xor %edi, %edi\n finish\n",
      ARMED);
/* At its entry: what is not zero, or not as it should be, in one word. */
GUEST(shows_entry,
      "mov $-1, %rbx\n mov $-1, %r15\n pcmpeqd %xmm3, %xmm3\n"
      "pcmpeqd %xmm15, %xmm15\n .p2align 5\n"
      "addr32 movl $0x3f80, 0x21900\n addr32 ldmxcsr 0x21900\n stc\n"
      ".p2align 5\n" FAULT AT(shows_entry, 0x400)
      "setc %al\n or %rbx, %rax\n or %rcx, %rax\n or %rdx, %rax\n"
      "or %rsi, %rax\n or %rdi, %rax\n .p2align 5\n"
      "or %rbp, %rax\n or %r8, %rax\n or %r9, %rax\n or %r10, %rax\n"
      "or %r11, %rax\n or %r12, %rax\n .p2align 5\n or %r13, %rax\n"
      "or %r14, %rax\n or %r15, %rax\n por %xmm15, %xmm3\n"
      "movq %xmm3, %rcx\n or %rcx, %rax\n .p2align 5\n"
      "addr32 stmxcsr 0x21900\n addr32 mov 0x21900, %ecx\n .p2align 5\n"
      "xor $0x1f80, %ecx\n or %rcx, %rax\n mov %esp, %ecx\n"
      "xor $0x21808, %ecx\n or %rcx, %rax\n .p2align 5\n"
      "addr32 mov 0x21000, %ecx\n or %rcx, %rax\n mov %rax, %rdi\n"
      "shr $32, %rax\n or %eax, %edi\n finish\n",
      ARMED);
GUEST(faults_twice, FAULT AT(faults_twice, 0x400) "ud2\n", ARMED);
GUEST(faults_a_million,
      FAULT AT(faults_a_million, 0x400)
      "addr32 incl 0x21900\n addr32 cmpl $1000000, 0x21900\n je 1f\n"
      ".p2align 5\n" REARM FAULT ".p2align 5\n 1:" TELL(0x900),
      ARMED);
GUEST(faults_for_ever, FAULT AT(faults_for_ever, 0x400) REARM FAULT, ARMED);
/* The second fault is handled as well, then the last one is undone. */
GUEST(undoes,
      FAULT AT(undoes, 0x400)
      "addr32 incl 0x21900\n addr32 cmpl $2, 0x21900\n je 1f\n"
      ".p2align 5\n" REARM "addr32 mov 0x80, %edx\n .p2align 5\n"
      "1: addr32 movl $1, 0x21000\n addr32 movl $77, 0x21018\n ud2\n",
      ARMED);
GUEST(undoes_nothing, "addr32 movl $1, 0x21000\n" FAULT, ARMED);
/* A jump to a slot on a stack that is not there: the way back faults. */
GUEST(springs,
      "mov $0x80000000, %ebx\n mov %ebx, %esp\n mov $0x100c0, %eax\n"
      ".p2align 5\n and $-32, %eax\n jmp *%rax\n" AT(springs, 0x400)
      TELL(0xB0 - 8), ARMED);
/* Arms itself with what it reads, faults, and says at its entry that it did. */
GUEST(asks,
      "xor %edi, %edi\n mov $0x21000, %esi\n mov $8, %edx\n gate 1\n" FAULT
      AT(asks, 0x400) "mov $42, %edi\n finish\n"
      AT(asks, 0xfe0) "mov $0x80000000, %eax\n mov (%eax), %edi\n", "");


/* -- Runs ---------------------------------------------------------------- */

typedef struct note {
  uint32_t name_size, size, type;
  char name[4];
  uint32_t address, block_size;
} note;

static note note_of(uint32_t address) {
  return (note){4, 8, ZVM_NOTE_FAULTS, "zvm", address, ZVM_FAULTS_SIZE};
}


static zvm_report report; /* of the run inline */
static uint8_t put[ZVM_FAULTS_SIZE];


static zvm_report run_in(const unsigned char *pages,
                         const zvm_session_options *opt) {
  zvm_error err = {0};
  zvm_report r = {0};
  note n = note_of(BLOCK);
  zvm_module *m = load_noted(pages, &n, sizeof n, &err);
  zvm_session *s = m != NULL ? zvm_session_new(m, opt, &err) : NULL;
  if (s == NULL || zvm_session_run(s, &r, &err) != ZVM_OK) {
    printf("Bail out! %s\n", err.text);
    exit(1);
  }
  memset(put, 0, sizeof put);
  if (r.channels[1].size > 0)
    memcpy(put, r.channels[1].data, r.channels[1].size);
  zvm_session_free(s);
  zvm_module_free(m);
  return r;
}


static bool is_same(const zvm_report *a, const zvm_report *b) {
  return a->state == b->state && a->code == b->code &&
         memcmp(&a->fault, &b->fault, sizeof a->fault) == 0 &&
         a->faults_handled == b->faults_handled;
}


/* `in`: 8 bytes for those that read, or NULL. In both places. */
static bool run(const unsigned char *pages, const void *in) {
  zvm_channel_options channels[2] = {
      {.alias = "/dev/stdout",
       .source = ZVM_SOURCE_BUFFER,
       .limits = {0, 0, 9, ZVM_FAULTS_SIZE}},
      {.alias = "/dev/stdin",
       .source = ZVM_SOURCE_MEMORY,
       .data = in,
       .size = 8,
       .limits = {9, 99, 0, 0}}};
  zvm_session_options opt = {.channels = channels,
                             .channels_count = in != NULL ? 2 : 1,
                             .isolation = ZVM_ISOLATION_PROCESS};
  zvm_report there = run_in(pages, &opt);
  opt.isolation = ZVM_ISOLATION_INLINE;
  report = run_in(pages, &opt);
  return is_same(&report, &there);
}


static void exits(const unsigned char *pages, int32_t code,
                  const char *sentence) {
  bool same = run(pages, NULL);
  if (!ok(same && report.state == ZVM_STATE_EXIT && report.code == code,
          sentence))
    printf("# state %d, code 0x%x, kind %d, pc 0x%llx, %s\n", report.state,
           (unsigned)report.code, report.fault.kind,
           (unsigned long long)report.fault.pc, same ? "same" : "differs");
}


/* -- What is delivered --------------------------------------------------- */

static void kinds(void) {
  exits(reads_null, ZVM_FAULT_MEMORY, "a guest handles an access to nothing");
  is((long long)report.faults_handled, 1, "and the report counts it");
  exits(divides, ZVM_FAULT_ARITHMETIC, "and a division by zero");
  exits(is_illegal, ZVM_FAULT_ILLEGAL, "and ud2");
  exits(breaks, ZVM_FAULT_BREAKPOINT, "and int3");
  exits(halts, ZVM_FAULT_HALT, "and hlt");
  exits(jumps_away, ZVM_FAULT_EXECUTE, "and a jump to what is not code");
  exits(is_misaligned, ZVM_FAULT_PROTECTION, "and a misaligned operand");
  exits(overflows, ZVM_FAULT_STACK, "and a stack that is full");
  ok(run(unarmed, NULL) && report.state == ZVM_STATE_FAULT &&
         report.faults_handled == 0 && report.fault.address == 0x40,
     "one that did not ask does not");
}


static void record(void) {
  static const uint64_t regs[16] = {
      0x1111111111111111, 2, 3,  0x4444444444444444, 0xFFFFFFE8, 6, 7, 8, 9,
      10,                 11, 12, 13, 14, 15, 16};
  exits(shows_record, 0, "its record comes with the fault");
  zvm_abi_faults b;
  memcpy(&b, put, sizeof b);
  ok(b.entry == ZVM_FAULTS_OFF && b.stack == STACK,
     "which is off from then on");
  ok(b.kind == ZVM_FAULT_MEMORY && b.signal == SIGSEGV && b.access == 'w' &&
         b.address == 0x50,
     "it has the kind and the place");
  ok(memcmp(b.regs, regs, sizeof regs) == 0, "all registers");
  ok(b.pc > GUEST_TEXT && b.pc < ENTRY, "the pc");
  ok(b.mxcsr == 0x7f80 && (b.flags & 1) == 1 && (b.flags & ~0x8C5ull) == 0,
     "MXCSR, and the flags that a guest can set");
  exits(shows_entry, 0, "the entry begins as a program does, with its stack");
}


/* -- What is not --------------------------------------------------------- */

static void ends_with_the_second(void) {
  ok(run(faults_twice, NULL) && report.state == ZVM_STATE_FAULT &&
         report.fault.kind == ZVM_FAULT_ILLEGAL && report.fault.pc == ENTRY &&
         report.faults_handled == 1,
     "a fault before the block is armed again ends the run");
  ok(run(undoes, NULL) && report.state == ZVM_STATE_FAULT &&
         report.fault.kind == ZVM_FAULT_MEMORY &&
         report.fault.address == 0x80 && report.faults_handled == 2,
     "one that is undone is the last that was given, as the host knows it");
  ok(run(undoes_nothing, NULL) && report.state == ZVM_STATE_FAULT &&
         report.fault.address == 0x40 && report.faults_handled == 0,
     "what was never given cannot be undone");
  ok(run(springs, NULL) && report.state == ZVM_STATE_FAULT &&
         report.fault.pc >= 0x200000000 && report.faults_handled == 0,
     "a fault between host and guest is the host's to report");
}


typedef struct request {
  uint32_t entry, stack;
  const char *what;
} request;

static const request bad[] = {
    {ENTRY + 1, STACK, "an entry within a bundle"},
    {ENTRY + 16, STACK, "an entry in the middle of a bundle"},
    {0xFFFFFFFF, STACK, "an entry of all ones"},
    {0xFFFFFFE0, STACK, "an entry in the stack"},
    {0x21000, STACK, "an entry in data"},
    {0x22000, STACK, "an entry in bss"},
    {0x23000, STACK, "an entry in the heap"},
    {0x10000, STACK, "an entry in the gate"},
    {0x10020, STACK, "an entry at a slot"},
    {0x20, STACK, "an entry in the null guard"},
    {0x1FFE0, STACK, "an entry below the text"},
    {0xFEFFF000, STACK, "an entry in the manifest"},
    {0x80000000, STACK, "an entry in nothing"},
    {2, STACK, "an entry that is a number without a meaning"},
    {ENTRY, 0, "no stack"},
    {ENTRY, 8, "a stack at 8"},
    {ENTRY, STACK + 8, "a stack that is not aligned as after a call"},
    {ENTRY, STACK + 1, "a stack that is not aligned at all"},
    {ENTRY, 0x20808, "a stack in text"},
    {ENTRY, 0x213F8, "a stack that reaches below the data"},
    {ENTRY, 0x10808, "a stack in the gate"},
    {ENTRY, 0x408, "a stack in the null guard"},
    {ENTRY, 0x80000008, "a stack in nothing"},
    {ENTRY, 0xFEFFF808, "a stack in the manifest"},
    {ENTRY, 0xFF7FF808, "a stack in the guard below the stack"},
    {ENTRY, 0xFF8003F8, "a stack that reaches into the guard"},
    {ENTRY, 0x4021008, "a stack behind the heap"},
};

static const request good[] = {
    {ENTRY, 0x21408, "a stack that begins where the data does"},
    {ENTRY, 0xFF800408, "a stack at the end of the stack"},
    {ENTRY, 0xFFFFFFF8, "a stack at the end of memory"},
    {ENTRY, 0x4020FF8, "a stack at the end of the heap"},
    {ENTRY, 0x23008, "a stack across bss and heap"},
};


static void requests(void) {
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    if (!ok(run(asks, &bad[i]) && report.state == ZVM_STATE_FAULT &&
                report.fault.address == 0x40 && report.faults_handled == 0 &&
                report.fault.pc < ENTRY,
            bad[i].what))
      printf("# state %d, code %d, fault at 0x%llx\n", report.state,
             report.code, (unsigned long long)report.fault.pc);
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
    if (!ok(run(asks, &good[i]) && report.state == ZVM_STATE_EXIT &&
                report.code == 42,
            good[i].what))
      printf("# state %d, fault at 0x%llx\n", report.state,
             (unsigned long long)report.fault.pc);
  request last = {0x20FE0, STACK, NULL};
  ok(run(asks, &last) && report.state == ZVM_STATE_FAULT &&
         report.faults_handled == 1 && report.fault.pc == 0x20FE5,
     "the last bundle of the text can be an entry");
}


/* -- Loops --------------------------------------------------------------- */

static volatile sig_atomic_t alarms;

static void on_term(int sig) {
  (void)sig;
  alarms++;
}


/* To this process, as its guest runs: a timer's is SIGALRM, which is held. */
static void *send_term(void *arg) {
  struct sigaction now;
  do
    (void)sigaction(SIGTERM, NULL, &now);
  while (now.sa_handler == on_term);
  (void)pthread_kill(*(pthread_t *)arg, SIGTERM);
  return NULL;
}


static void loops(void) {
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_INLINE};
  zvm_report r = run_in(faults_a_million, &opt);
  ok(r.state == ZVM_STATE_EXIT && r.code == 1000000 &&
         r.faults_handled == 1000000,
     "a million faults are handled");
  for (int i = 0; i < 2; i++) {
    opt = (zvm_session_options){.isolation = i == 0 ? ZVM_ISOLATION_INLINE
                                                    : ZVM_ISOLATION_PROCESS,
                                .timeout_ms = 20};
    r = run_in(faults_for_ever, &opt);
    ok(r.state == ZVM_STATE_TIMEOUT && r.faults_handled > 0,
       "a timeout ends a guest that faults all the time");
    opt.timeout_ms = 0;
    opt.cpu_ms = 20;
    r = run_in(faults_for_ever, &opt);
    ok(r.state == ZVM_STATE_LIMIT && r.limit == ZVM_LIMITED_CPU,
       "so does a limit of CPU time");
    opt.cpu_ms = 0;
    opt.resident = 1 << 20;
    opt.timeout_ms = 20;
    r = run_in(faults_for_ever, &opt);
    ok(r.state == ZVM_STATE_TIMEOUT, "and with counted memory a timeout does");
  }
}


static void stops(void) {
  struct sigaction sa = {.sa_handler = on_term};
  (void)sigaction(SIGTERM, &sa, NULL);
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_INLINE};
  int stopped = 0;
  for (int i = 0; i < 50; i++) {
    pthread_t self = pthread_self(), t;
    (void)pthread_create(&t, NULL, send_term, &self);
    zvm_report r = run_in(faults_for_ever, &opt);
    (void)pthread_join(t, NULL);
    stopped += r.state == ZVM_STATE_STOPPED && r.signal == SIGTERM;
  }
  ok(stopped == 50 && alarms == 50,
     "a signal ends one, wherever it is between two faults");
  sa.sa_handler = SIG_DFL;
  (void)sigaction(SIGTERM, &sa, NULL);
}


/* -- The note ------------------------------------------------------------ */

static bool loads(const void *notes, size_t size) {
  zvm_error err;
  zvm_module *m = load_noted(reads_null, notes, size, &err);
  bool loaded = m != NULL;
  if (!loaded)
    printf("# %s\n", err.text);
  zvm_module_free(m);
  return loaded || err.status != ZVM_E_FORMAT;
}


static void notes(void) {
  enum { END = GUEST_BSS + 4096 };
  static const struct {
    uint32_t address;
    bool good;
    const char *what;
  } places[] = {
      {GUEST_DATA, true, "a block at the start of data"},
      {END - ZVM_FAULTS_SIZE, true, "a block at the end of bss"},
      {GUEST_BSS - 8, true, "a block across data and bss"},
      {END - ZVM_FAULTS_SIZE + 8, false, "a block that crosses the end"},
      {END, false, "a block in the heap"},
      {GUEST_TEXT, false, "a block in text"},
      {GUEST_DATA - 8, false, "a block across text and data"},
      {GUEST_DATA + 4, false, "a block that is not aligned"},
      {0, false, "a block at 0"},
      {0x10000, false, "a block in the gate"},
      {0xFFFFFFF8, false, "a block across the end of memory"},
      {0xFFFFFF00, false, "a block in the stack"},
  };
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    note n = note_of(places[i].address);
    ok(loads(&n, sizeof n) == places[i].good, places[i].what);
  }
  note two[2] = {note_of(BLOCK), note_of(BLOCK)};
  ok(!loads(two, sizeof two), "two notes of a block are refused");
  note n = note_of(BLOCK);
  n.block_size = ZVM_FAULTS_SIZE + 8;
  ok(!loads(&n, sizeof n), "a block of another size is refused");
  n = note_of(BLOCK);
  n.size = 4;
  ok(!loads(&n, sizeof n), "a note of another size is refused");
  note three[3] = {note_of(BLOCK), note_of(BLOCK), note_of(GUEST_TEXT)};
  three[0].type = ZVM_NOTE_MODULE;
  three[0].address = ZVM_ABI_VERSION;
  three[0].block_size = ZVM_LEVEL_V2;
  three[2].name[0] = 'Z';
  ok(loads(three, sizeof three), "one among others is found");
}


int main(void) {
  kinds();
  record();
  ends_with_the_second();
  requests();
  notes();
  loops();
  stops();
  return tap_done();
}
