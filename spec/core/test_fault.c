/*
** test_fault.c - what a fault leaves beside its registers: the last trap, the
** stack, the chain of frames. The same in this process and in a worker.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include "guest.h"
#include "memory/map.h"

#define CALL(label) ".p2align 5\n .nops 27\n call " label "\n"
#define FRAME "push %rbp\n mov %esp, %ebp\n"
#define FAULT "xor %eax, %eax\n mov (%eax), %eax\n"

GUEST(asks_nothing, FAULT, "");
GUEST(reads, "mov $1, %edi\n mov $0x22000, %esi\n mov $3, %edx\n"
      "mov $7, %ecx\n gate 1\n" FAULT, "");
GUEST(forks, "mov $1, %edi\n mov $2, %esi\n gate 6\n" FAULT, "");
GUEST(asks_block, "mov $0x21000, %edi\n gate 0\n" FAULT,
      ".quad 0x74697257, 0, 1, 0x21000, 0x100000005, -1\n");
GUEST(asks_unknown, "mov $0x21000, %edi\n gate 0\n" FAULT, ".quad 5\n");
GUEST(asks_nowhere, "mov $0x50, %edi\n gate 0\n" FAULT, "");
/* A jump to the slot: nothing is pushed, the way back faults. */
GUEST(asks_on_no_stack,
      "mov $0x80000000, %ebx\n mov %ebx, %esp\n mov $0x100c0, %eax\n"
      ".p2align 5\n and $-32, %eax\n jmp *%rax\n", "");
GUEST(calls,
      FRAME CALL("1f") "hlt\n .p2align 5\n"
      "1:" FRAME "sub $64, %esp\n mov $0x200c0, %ebx\n"
      ".p2align 5\n .nops 27\n and $-32, %ebx\n call *%rbx\n"
      ".p2align 5\n hlt\n .org calls + 0xc0, 0xf4\n" FRAME FAULT, "");
GUEST(calls_zero,
      FRAME "xor %r9d, %r9d\n .p2align 5\n .nops 25\n"
      "and $-32, %r9d\n call *%r9\n", "");
/* 40 frames that are none but for their return address. */
GUEST(makes_frames,
      CALL("1f") ".p2align 5\n"
      "1: mov (%rsp), %rbx\n mov $40, %ecx\n xor %ebp, %ebp\n"
      ".p2align 5\n 2: push %rbx\n push %rbp\n mov %esp, %ebp\n"
      "dec %ecx\n jne 2b\n" FAULT, "");
/* The last frame names itself as the next. */
GUEST(makes_loop,
      CALL("1f") ".p2align 5\n"
      "1: mov (%rsp), %rbx\n push %rbx\n push %rsp\n mov %esp, %ebp\n"
      "mov %rbp, (%rsp)\n" FAULT, "");
/* A return address that is the start of a bundle, but not behind a call. */
GUEST(makes_lie, "push $0x20040\n push %rsp\n mov %esp, %ebp\n" FAULT, "");
GUEST(overflows,
      ".p2align 5\n 1: .nops 5\n" CALL("1b"), "");
/* rsp below the stack. */
GUEST(leaps, "sub $0x1000000, %esp\n push %rax\n", "");
GUEST(leaps_far, "xor %eax, %eax\n mov %eax, %esp\n push %rax\n", "");

typedef struct kept {
  zvm_report report;
  uint8_t bytes[ZVM_STACK_KEPT];
} kept;


static void run(const unsigned char *pages, zvm_isolation isolation,
                kept *out) {
  zvm_session_options opt = {.isolation = isolation};
  zvm_error err;
  zvm_module *m = guest(pages);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  memset(out, 0, sizeof *out);
  if (s == NULL || zvm_session_run(s, &out->report, &err) != ZVM_OK) {
    printf("Bail out! session: %s\n", err.text);
    exit(1);
  }
  if (out->report.stack.size > 0)
    memcpy(out->bytes, out->report.stack.bytes, out->report.stack.size);
  out->report.stack.bytes = NULL;
  zvm_session_free(s);
  zvm_module_free(m);
}


static kept here, there;

/* Run in both places. */
static const zvm_report *fault_of(const unsigned char *pages,
                                  const char *name) {
  char sentence[128];
  run(pages, ZVM_ISOLATION_INLINE, &here);
  run(pages, ZVM_ISOLATION_PROCESS, &there);
  snprintf(sentence, sizeof sentence, "%s: a fault, the same in a worker",
           name);
  ok(here.report.state == ZVM_STATE_FAULT &&
         there.report.state == ZVM_STATE_FAULT &&
         memcmp(&here.report.fault, &there.report.fault,
                sizeof here.report.fault) == 0 &&
         memcmp(&here.report.stack, &there.report.stack,
                sizeof here.report.stack) == 0 &&
         memcmp(here.bytes, there.bytes, sizeof here.bytes) == 0,
     sentence);
  return &here.report;
}


static bool asked(const zvm_last_trap *t, int slot, uint64_t a, uint64_t b,
                  uint64_t c, uint64_t d, int64_t result) {
  return t->slot == slot && t->args[0] == a && t->args[1] == b &&
         t->args[2] == c && t->args[3] == d && t->result == result;
}


static void last_traps(void) {
  const zvm_last_trap *t = &fault_of(asks_nothing, "none")->fault.last;
  ok(asked(t, ZVM_SLOT_NONE, 0, 0, 0, 0, 0), "before a trap there is none");
  fault_of(reads, "pread");
  ok(asked(t, ZVM_SLOT_PREAD, 1, 0x22000, 3, 7, -122),
     "the last trap is kept, with what it asked and was told");
  fault_of(forks, "fork");
  ok(asked(t, ZVM_SLOT_FORK, 0, 0, 0, 0, -38),
     "what is no argument is not kept");
  fault_of(asks_block, "block");
  ok(asked(t, ZVM_SLOT_PWRITE, 1, 0x21000, 0x100000005, UINT64_MAX, -22),
     "a classic block counts as what it asks for");
  fault_of(asks_unknown, "unknown");
  ok(asked(t, ZVM_SLOT_TRAP, 0x21000, 0, 0, 0, -1),
     "one that asks for nothing is a trap by its address");
  fault_of(asks_nowhere, "nowhere");
  ok(asked(t, ZVM_SLOT_TRAP, 0x50, 0, 0, 0, -22),
     "so is one that cannot be read");
  const zvm_report *r = fault_of(asks_on_no_stack, "bad stack");
  ok(r->fault.pc >= 0x200000000 &&
         asked(t, ZVM_SLOT_FORK, 0, 0, 0, 0, -38),
     "a trap on a bad stack is the last one");
  is((long long)r->stack.size, 0, "and no stack is left");
}


static uint64_t word_at(uint64_t address) {
  uint64_t word;
  memcpy(&word, here.bytes + (address - here.report.stack.address),
         sizeof word);
  return word;
}


static void stacks(void) {
  const zvm_report *r = fault_of(calls, "calls");
  uint64_t rsp = r->fault.regs[4];
  is((long long)r->stack.address, (long long)rsp - 128,
     "the stack is kept from 128 bytes below rsp");
  is((long long)(r->stack.address + r->stack.size), 0x100000000,
     "to its end");
  is((long long)word_at(rsp + 8), 0x200a0, "it has the return address");
  is(r->stack.callers_count, 2, "two frames called");
  is(r->stack.callers[0], 0x200a0, "the innermost by a register");
  is(r->stack.callers[1], 0x20040, "the outer one directly");
  r = fault_of(calls_zero, "calls 0");
  ok(r->stack.callers_count == 1 && r->stack.callers[0] == 0x20040,
     "who called address 0 is known");
  r = fault_of(overflows, "overflow");
  ok(r->fault.kind == ZVM_FAULT_STACK && r->stack.size == ZVM_STACK_KEPT,
     "of a full stack the inner end is kept");
  is((long long)r->stack.address, 0x100000000 - (8 << 20),
     "from its lowest byte");
  r = fault_of(leaps, "leap");
  is((long long)r->stack.address, 0x100000000 - (8 << 20),
     "a frame that leaps over the guard leaves its callers'");
  r = fault_of(leaps_far, "far leap");
  is((long long)r->stack.size, 0, "an rsp of nowhere leaves nothing");
}


static void hostile_chains(void) {
  const zvm_report *r = fault_of(makes_frames, "frames");
  ok(r->stack.callers_count == ZVM_CALLERS_MAX &&
         r->stack.callers[ZVM_CALLERS_MAX - 1] == 0x20020,
     "a long chain is cut");
  r = fault_of(makes_loop, "loop");
  is(r->stack.callers_count, 1, "a chain that goes round ends");
  r = fault_of(makes_lie, "lie");
  is(r->stack.callers_count, 0, "what is not behind a call is no caller");
}


/* Which bytes are left follows from the map alone. */
static void ranges(void) {
  enum { RW = 3, RX = 5 };
  zvm__map map = {.region = {{0x20000, 0x21000, RX},
                             {0x30000, 0x40000, RW},
                             {0x40000, 0x50000, RX},
                             {0x50000, 0x60000, RW},
                             {0xFF800000, 0x100000000, RW}},
                  .count = 5,
                  .heap_start = 0x30000,
                  .heap_end = 0x60000,
                  .stack_base = 0xFF800000};
  static const struct {
    uint64_t rsp, from, size;
    const char *what;
  } cases[] = {
      {0xFFFFFFE8, 0xFFFFFF68, 0x98, "the first frame"},
      {0xFFFFFFE9, 0xFFFFFF70, 0x90, "an rsp that is not aligned"},
      {0x100000000, 0xFFFFFF80, 0x80, "an empty stack"},
      {0x100000008, 0x100000008, 0, "an rsp above the guest"},
      {UINT64_MAX, 0, 0, "the largest number"},
      {0, 0, 0, "zero"},
      {0xFF800000, 0xFF800000, ZVM_STACK_KEPT, "the lowest byte"},
      {0xFF800010, 0xFF800010, ZVM_STACK_KEPT, "no room for a red zone"},
      {0xFF7F0000, 0xFF800000, ZVM_STACK_KEPT, "the guard"},
      {0x35000, 0x34F80, 0x2B080, "a stack in the heap, split by code"},
      {0x5FFFC, 0x5FF80, 0x80, "the end of the heap"},
      {0x28000, 0x28000, 0, "a hole"},
      {0x80000000, 0x80000000, 0, "far below the stack"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint64_t from = 0;
    uint64_t size = zvm__guest_stack(&map, cases[i].rsp, &from);
    if (!ok(size == cases[i].size && (size == 0 || from == cases[i].from),
            cases[i].what))
      printf("# 0x%llx, 0x%llx\n", (unsigned long long)from,
             (unsigned long long)size);
  }
}


int main(void) {
  last_traps();
  stacks();
  hostile_chains();
  ranges();
  return tap_done();
}
