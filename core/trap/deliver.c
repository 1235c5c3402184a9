/*
** deliver.c - a fault that the guest wants to hear of itself.
**
** Not in a signal handler: the guest is out, by the way that every fault
** takes, and what it was doing is lost to it. It is entered anew, as at the
** start of a program, at a place of its code that it has named, with a record
** of the fault in its own data. So nothing of a guest goes on that was
** interrupted, and no register is anybody's but the kernel's record of the
** guest's own.
**
** What the block says is the guest's: it is read once, and all of it checked.
** A fault that cannot be delivered ends the run, as all do without a block.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>
#include <sys/mman.h>

#include "memory/layout.h"
#include "trace.h"

enum { RW = PROT_READ | PROT_WRITE };

/* Carry, parity, zero, sign, overflow: not what only the host can set. */
enum { FLAGS = 0x8C5 };


/*
** With a pc on the springboard some registers are the host's. And no guest
** brings about a SIGBUS: then the host lacks something.
*/
static bool is_guests_own(const zvm_fault *f) {
  return f->pc < ZVM__GUEST_END && f->signal != SIGBUS;
}


/*
** As good as any indirect jump, if it is the start of a bundle. No code lies at
** the numbers that have a meaning of their own.
*/
static bool is_entry(const zvm__map *map, uint32_t entry) {
  return entry % ZVM_BUNDLE_SIZE == 0 &&
         zvm__guest_range(map, entry, ZVM_BUNDLE_SIZE, PROT_EXEC) != NULL;
}


/* Room below, and a word there: what begins with it can say what is wrong. */
static bool is_stack(const zvm__map *map, uint64_t stack) {
  /* Below zero is above the guest. */
  return stack % 16 == 8 &&
         zvm__guest_range(map, stack - ZVM_FAULTS_ROOM,
                          ZVM_FAULTS_ROOM + sizeof(uint64_t), RW) != NULL;
}


static zvm_abi_faults record_of(const zvm__run *run) {
  const zvm_fault *f = &run->fault;
  zvm_abi_faults b = {
      .entry = ZVM_FAULTS_OFF,
      .stack = run->ctx->entry_esp,
      .kind = (uint32_t)f->kind,
      .signal = (uint32_t)f->signal,
      .access = (uint8_t)f->access,
      .mxcsr = run->mxcsr,
      .pc = f->pc,
      .address = f->address,
      .flags = f->flags & FLAGS,
  };
  memcpy(b.regs, f->regs, sizeof b.regs);
  return b;
}


/* The loader checked where the block is; here it is asked for once more. */
static bool deliver(zvm__run *run, uint32_t block) {
  zvm_abi_faults *there =
      block != 0 ? zvm__guest_range(run->map, block, sizeof *there, RW) : NULL;
  if (there == NULL || !is_guests_own(&run->fault))
    return false;
  uint32_t entry = there->entry, stack = there->stack;
  if (entry == ZVM_FAULTS_UNDO && run->handled > 0)
    run->fault = run->given;
  if (!is_entry(run->map, entry) || !is_stack(run->map, stack))
    return false;
  run->ctx->entry = entry;
  run->ctx->entry_esp = stack;
  *there = record_of(run);
  return true;
}


bool zvm__fault_deliver(zvm__run *run, uint32_t block) {
  ZVM_CHECK(run->faulted);
  run->faulted = false;
  if (!deliver(run, block)) {
    (void)zvm__run_end(run, ZVM_STATE_FAULT);
    return false;
  }
  run->given = run->fault;
  run->handled++;
  if (run->trace != NULL)
    zvm__trace_fault(run);
  return true;
}
