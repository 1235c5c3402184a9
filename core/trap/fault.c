/*
** fault.c - what went wrong in a guest, from what the machine says.
**
** Runs in a signal handler: nothing here allocates, locks or prints.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "run.h"

/* Exception numbers of the processor. */
enum {
  TRAPNO_BREAKPOINT = 3,
  TRAPNO_PROTECTION = 13,
  TRAPNO_PAGE = 14,
};

/* Error code of a page fault. */
enum { PAGE_WRITE = 1 << 1, PAGE_FETCH = 1 << 4 };

enum { OPCODE_HLT = 0xF4, NEAR_RSP = 64 * 1024 };


/* -- Names --------------------------------------------------------------- */

const char *zvm_fault_name(zvm_fault_kind kind) {
  switch (kind) {
  case ZVM_FAULT_NONE:
    return "none";
  case ZVM_FAULT_MEMORY:
    return "memory";
  case ZVM_FAULT_STACK:
    return "stack";
  case ZVM_FAULT_EXECUTE:
    return "execute";
  case ZVM_FAULT_ILLEGAL:
    return "illegal";
  case ZVM_FAULT_HALT:
    return "halt";
  case ZVM_FAULT_ARITHMETIC:
    return "arithmetic";
  case ZVM_FAULT_BREAKPOINT:
    return "breakpoint";
  case ZVM_FAULT_PROTECTION:
    return "protection";
  }
  return "unknown";
}


const char *zvm_fault_text(zvm_fault_kind kind) {
  switch (kind) {
  case ZVM_FAULT_NONE:
    return "no fault";
#define X(name, number, text)                                            \
  case ZVM_FAULT_##name:                                                 \
    return text;
    ZVM_FAULT_MAP(X)
#undef X
  }
  return "unknown fault";
}


/* -- Record -------------------------------------------------------------- */

static const int gregs[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX,
                              REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8,  REG_R9,  REG_R10, REG_R11,
                              REG_R12, REG_R13, REG_R14, REG_R15};


static bool is_hlt(const zvm__map *map, uint64_t pc) {
  if (pc >= ZVM_GATE_BASE && pc < ZVM_GATE_BASE + ZVM_PAGE_SIZE)
    return *(const uint8_t *)(uintptr_t)pc == OPCODE_HLT;
  uint8_t opcode;
  return zvm__guest_copy_in(map, &opcode, pc, sizeof opcode) &&
         opcode == OPCODE_HLT;
}


/*
** The gap below the stack belongs to nobody else; a large frame may jump
** over it, and then the address is near an rsp that left the stack.
*/
static bool is_overflow(const zvm__map *map, uint64_t addr, uint64_t rsp) {
  if (addr >= map->stack_base || addr < map->heap_end)
    return false;
  if (addr >= ZVM_STACK_FLOOR)
    return true;
  return rsp < map->stack_base && rsp >= map->heap_end &&
         addr + NEAR_RSP >= rsp && addr <= rsp + NEAR_RSP;
}


static void classify_page_fault(const zvm__map *map, zvm_fault *f,
                                uint64_t addr, uint64_t code) {
  f->address = addr;
  if ((code & PAGE_FETCH) != 0) {
    f->kind = ZVM_FAULT_EXECUTE;
    f->access = 'x';
    return;
  }
  f->access = (code & PAGE_WRITE) != 0 ? 'w' : 'r';
  f->kind = is_overflow(map, addr, f->regs[4]) ? ZVM_FAULT_STACK
                                               : ZVM_FAULT_MEMORY;
}


static zvm_fault_kind kind_of(const zvm__map *map, int sig, uint64_t trapno,
                              uint64_t pc) {
  switch (sig) {
  case SIGILL:
    return ZVM_FAULT_ILLEGAL;
  case SIGFPE:
    return ZVM_FAULT_ARITHMETIC;
  case SIGTRAP:
    return ZVM_FAULT_BREAKPOINT;
  case SIGBUS:
    return ZVM_FAULT_MEMORY;
  default:
    return trapno == TRAPNO_PROTECTION && is_hlt(map, pc)
               ? ZVM_FAULT_HALT
               : ZVM_FAULT_PROTECTION;
  }
}


void zvm__fault_record(zvm__run *run, int sig, const siginfo_t *info,
                       const void *frame) {
  if (run->ended)
    return;
  run->faulted = true;
  const mcontext_t *machine = &((const ucontext_t *)frame)->uc_mcontext;
  const greg_t *g = machine->gregs;
  run->mxcsr = machine->fpregs != NULL ? machine->fpregs->mxcsr : 0;
  uint64_t trapno = (uint64_t)g[REG_TRAPNO];
  zvm_fault *f = &run->fault;
  *f = (zvm_fault){.signal = sig, .pc = (uint64_t)g[REG_RIP]};
  for (int i = 0; i < 16; i++)
    f->regs[i] = (uint64_t)g[gregs[i]];
  f->flags = (uint64_t)g[REG_EFL];
  f->last = run->last;
  /* int3 is reported after itself. */
  if (trapno == TRAPNO_BREAKPOINT)
    f->pc--;
  if (trapno == TRAPNO_PAGE)
    classify_page_fault(run->map, f, (uint64_t)(uintptr_t)info->si_addr,
                        (uint64_t)g[REG_ERR]);
  else
    f->kind = kind_of(run->map, sig, trapno, f->pc);
}
