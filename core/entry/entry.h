/*
** entry.h - crossing between host and guest.
**
** The code that runs between the two stacks lies on the springboard page,
** at a constant address above the guard region, so that neither the gate
** nor anything else a guest can read tells where the host is.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_ENTRY_ENTRY_H
#define ZVM_ENTRY_ENTRY_H

#include "base/error.h"
#include "memory/layout.h"

/* Answers one trap; arguments are the guest's rdi, rsi, rdx, rcx. */
typedef int64_t (*zvm__dispatch_fn)(void *owner, uint32_t slot, uint64_t a,
                                    uint64_t b, uint64_t c, uint64_t d);

/* Lies at ZVM__CONTEXT. Offsets: offsets.h. */
typedef struct zvm__context {
  uint64_t host_rsp;  /* where zvm__enter saved its registers        */
  uint64_t guest_rsp; /* while a trap is answered                    */
  zvm__dispatch_fn dispatch;
  void *owner;
  uint64_t go;        /* way in, on the springboard                  */
  uint64_t out;       /* way back, in the host's text                */
  uint64_t entry;     /* first instruction of the guest              */
  volatile int done;  /* not zero: do not go on in the guest         */
  uint32_t has_avx;
  uint32_t host_mxcsr;
  uint32_t guest_mxcsr;
  uint16_t host_cw;
  uint32_t entry_esp; /* the guest's rsp there: below 4 GiB, by its type */
} zvm__context;

static inline zvm__context *zvm__context_page(void) {
  return (zvm__context *)(uintptr_t)ZVM__CONTEXT;
}


/* Write gate, springboard and context, once. Needs the turn (lowmem.h). */
zvm_status zvm__gate_prepare(zvm_error *err);

/* Where a signal handler sends a thread that has to leave the guest. */
uint64_t zvm__gate_exit(void);

/* Is `pc` in the guest, or on the springboard between the two stacks? */
static inline bool zvm__gate_has(uint64_t pc) {
  return pc < ZVM__GUEST_END ||
         (pc >= ZVM__SPRING && pc < ZVM__SPRING + ZVM_PAGE_SIZE);
}


/* Run the guest of the context page until it is done (enter.S). */
void zvm__enter(zvm__context *ctx);

/* ZVM_E_CPU names what this processor lacks for `level` (cpu.c). */
zvm_status zvm__cpu_check(int level, zvm_error *err);
bool zvm__cpu_has_avx(void);

#endif
