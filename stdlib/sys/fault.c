/*
** fault.c - handlers of the program for faults of its own.
**
** The host enters a program that faulted anew, on a small stack of its own,
** with a record of the fault (docs/abi.md). The handler then runs where a
** kernel would have let it: on the interrupted stack, or the alternate one.
**
** It can leave by siglongjmp. It cannot return: what was interrupted may be in
** the middle of a bundle, and nothing jumps there. So a return gives the fault
** back to the host, as does a fault with no handler, or of a blocked signal:
** the run ends, and its report is that of the fault.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <string.h>

#include "atomic.h"
#include "signals.h"
#include "zvm_abi.h"

/* As the report numbers them. */
enum { MEMORY = 1, STACK, EXECUTE, ILLEGAL, HALT, ARITHMETIC, BREAKPOINT };

enum {
  RED_ZONE = 128,
  ROOM = 4096, /* for a frame, and for a handler to begin with */
  KERNEL = 0x80, /* si_code of what has no better one */
  FPU_DEFAULT = 0x37f,
};

hidden zvm_abi_faults __zvm_faults;
hidden void __zvm_fault_entry(void);
hidden _Noreturn void __zvm_fault_leave(uintptr_t top, void (*run)(void));
static _Alignas(16) unsigned char stack[4096];

void __zvm_fault_disarm(void) { __zvm_faults.entry = ZVM_FAULTS_OFF; }

static bool has_handler(int sig) {
  void (*handler)(int) = __zvm_actions[sig].handler;
  return handler != SIG_DFL && handler != SIG_IGN;
}

void __zvm_fault_arm(void) {
  bool any = false;
  for (int sig = 1; sig < 32; sig++)
    any |= (SIG_FAULTS & SIG_BIT(sig)) && has_handler(sig);
  __zvm_faults.stack = (uint32_t)(uintptr_t)(stack + sizeof(stack) - 8);
  __zvm_faults.entry =
      any ? (uint32_t)(uintptr_t)__zvm_fault_entry : ZVM_FAULTS_OFF;
}

/* The report will be that of the fault that was given last. */
static _Noreturn void give_back(void) {
  __zvm_faults.entry = ZVM_FAULTS_UNDO;
  for (;;) a_crash();
}

/* -- What a handler is told ---------------------------------------------- */

static bool is_mapped(uint64_t addr) {
  return (addr >= ZVM_TEXT_BASE &&
          addr < (uint64_t)MANIFEST->heap_ptr + MANIFEST->heap_size) ||
         addr >= 0x100000000 - MANIFEST->stack_size ||
         (addr < ZVM_STACK_FLOOR && addr >= (uintptr_t)MANIFEST) ||
         addr - ZVM_GATE_BASE < ZVM_PAGE_SIZE;
}

/* The lowest exception that is flagged and not masked; else a division. */
static int arithmetic_code(uint32_t mxcsr) {
  unsigned raised = mxcsr & ~(mxcsr >> 7) & 0x3f;
  if (raised & 1) return FPE_FLTINV;
  if (raised & 4) return FPE_FLTDIV;
  if (raised & 8) return FPE_FLTOVF;
  if (raised & 0x12) return FPE_FLTUND;
  if (raised & 0x20) return FPE_FLTRES;
  return FPE_INTDIV;
}

static siginfo_t info_of(const zvm_abi_faults *f) {
  siginfo_t info = { .si_signo = (int)f->signal, .si_code = KERNEL };
  info.si_addr = (void *)(uintptr_t)f->pc;
  switch (f->kind) {
    case MEMORY:
    case STACK:
    case EXECUTE:
      info.si_code = is_mapped(f->address) ? SEGV_ACCERR : SEGV_MAPERR;
      info.si_addr = (void *)(uintptr_t)f->address;
      break;
    case ILLEGAL: info.si_code = ILL_ILLOPN; break;
    case ARITHMETIC: info.si_code = arithmetic_code(f->mxcsr); break;
    case BREAKPOINT: info.si_code = TRAP_BRKPT; break;
    default: info.si_addr = NULL; break;
  }
  return info;
}

static int exception_of(const zvm_abi_faults *f) {
  switch (f->kind) {
    case MEMORY:
    case STACK:
    case EXECUTE: return 14;
    case ILLEGAL: return 6;
    case ARITHMETIC: return arithmetic_code(f->mxcsr) == FPE_INTDIV ? 0 : 19;
    case BREAKPOINT: return 3;
    default: return 13;
  }
}

static void fill_context(ucontext_t *context, const zvm_abi_faults *f) {
  static const unsigned char at[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
  };
  mcontext_t *machine = &context->uc_mcontext;
  struct _fpstate *fp = (struct _fpstate *)(void *)context->__fpregs_mem;
  int exception = exception_of(f);
  for (int i = 0; i < 16; i++) machine->gregs[at[i]] = (greg_t)f->regs[i];
  /* A kernel says so: behind int3. */
  machine->gregs[REG_RIP] = (greg_t)(f->pc + (f->kind == BREAKPOINT));
  machine->gregs[REG_EFL] = (greg_t)f->flags;
  machine->gregs[REG_TRAPNO] = exception;
  machine->gregs[REG_CR2] = (greg_t)f->address;
  if (exception == 14)
    machine->gregs[REG_ERR] = 4 | (f->access == 'w') << 1 |
                              (f->access == 'x') << 4;
  fp->cwd = FPU_DEFAULT;
  fp->mxcsr = f->mxcsr;
  machine->fpregs = fp;
  context->uc_stack = __zvm_alternate();
  memcpy(&context->uc_sigmask, __zvm_signal_mask(), sizeof(uint64_t));
}

/* -- On the way to the handler ------------------------------------------- */

/* On the handler's stack: the block is free for the next fault. */
static _Noreturn void run(void) {
  struct signal_frame frame = { .info = info_of(&__zvm_faults) };
  frame.act = __zvm_actions[frame.info.si_signo];
  fill_context(&frame.context, &__zvm_faults);
  if (frame.act.flags & SA_RESETHAND)
    __zvm_actions[frame.info.si_signo].handler = SIG_DFL;
  __zvm_fault_arm();
  __zvm_handler_call(&frame);
  give_back();
}

extern char edata[]; /* where bss begins, a stack of the program's too */

/* Is there something for a handler to stand on, below this rsp? */
static bool is_good(uint64_t rsp) {
  uint64_t bottom = 0x100000000 - MANIFEST->stack_size;
  uint64_t heap_end = (uint64_t)MANIFEST->heap_ptr + MANIFEST->heap_size;
  return rsp <= heap_end ? rsp >= (uintptr_t)edata + ROOM
                         : rsp >= bottom + ROOM && rsp <= 0x100000000;
}

hidden _Noreturn void __zvm_fault_begin(void);
_Noreturn void __zvm_fault_begin(void) {
  int sig = (int)__zvm_faults.signal;
  uint64_t rsp = __zvm_faults.regs[4];
  const struct k_sigaction *act = &__zvm_actions[sig];
  uintptr_t below = (uintptr_t)(rsp - RED_ZONE);
  if (!has_handler(sig) || (*__zvm_signal_mask() & SIG_BIT(sig))) give_back();
  uintptr_t top = __zvm_handler_stack(act, below);
  if (top == below && !is_good(rsp)) give_back();
  __zvm_fault_leave(top, run);
}
