/*
** run.h - one run while it lasts: what traps act on, and how it ended.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_TRAP_RUN_H
#define ZVM_TRAP_RUN_H

#include <signal.h>

#include "channel/channel.h"
#include "entry/entry.h"
#include "memory/map.h"

enum { ZVM__TIMER_SIGNAL = SIGFPE, ZVM__TIMERS = 3 };

/* What a run may use beside its channels; 0: not limited. */
typedef struct zvm__bounds {
  uint64_t timeout_ms; /* by the clock on the wall  */
  uint64_t cpu_ms;     /* of the thread             */
  uint64_t resident;   /* bytes of the guest's that are in memory */
} zvm__bounds;

/*
** Written by traps and by signal handlers of the running thread; the first
** end counts.
*/
typedef struct zvm__run {
  const zvm__map *map;
  zvm__channels *channels;
  zvm__context *ctx;
  pid_t thread;
  bool open_stops; /* signals that stop a run are blocked until it starts */
  bool apart;      /* in a worker: all code of the process is known */
  bool ended;
  zvm_state state;
  int32_t code;
  int signal;            /* that stopped it              */
  sigset_t again;        /* signals to raise afterwards  */
  bool has_again;
  zvm_fault fault;
  uint32_t mxcsr;   /* of the guest, at its fault               */
  bool faulted;     /* out of the guest by a fault, not decided */
  zvm_fault given;  /* the last one that the guest was told of  */
  uint64_t handled; /* how many it was                          */
  zvm_last_trap last;
  uint64_t traps[ZVM_SLOT_COUNT];
  zvm__bounds bounds;
  zvm_limited limit; /* that ended it        */
  uint32_t channel;  /* whose limit it was   */
  uint64_t resident; /* when it was counted last */
  int64_t faults;    /* of the thread, then      */
  uint64_t cpu_start; /* of the thread's clock   */
  int cpu_timer;
  int timers;
  int timer[ZVM__TIMERS];
  struct zvm__trace *trace; /* NULL: none */
  struct zvm__progress *progress; /* NULL: nobody asks */
} zvm__run;

/* False if the run has ended before. Either way the guest does not go on. */
static inline bool zvm__run_end(zvm__run *run, zvm_state state) {
  run->ctx->done = 1;
  if (run->ended)
    return false;
  run->ended = true;
  run->state = state;
  return true;
}


/* The same for want of something. */
static inline bool zvm__run_out(zvm__run *run, zvm_limited of) {
  if (!zvm__run_end(run, ZVM_STATE_LIMIT))
    return false;
  run->limit = of;
  return true;
}


/* How many arguments the trap of `slot` has; of ZVM_SLOT_TRAP, 1. */
unsigned zvm__trap_words(int slot);

/* Answers every trap (trap.c); a zvm__dispatch_fn, owner is the run. */
int64_t zvm__trap_dispatch(void *owner, uint32_t slot, uint64_t a,
                           uint64_t b, uint64_t c, uint64_t d);

/*
** Record what the machine says (fault.c), for zvm__fault_deliver to decide.
** `frame` is a ucontext_t whose pc zvm__gate_has.
*/
void zvm__fault_record(zvm__run *run, int sig, const siginfo_t *info,
                       const void *frame);

/*
** With the guest out by a fault, and not on a signal's stack (deliver.c): true
** if it goes on, where the context says now; else the run has ended by it.
*/
bool zvm__fault_deliver(zvm__run *run, uint32_t block);

/* -- Signals (signals.c) ------------------------------------------------- */

/* What installing needs the first time, ahead of it. */
zvm_status zvm__signals_prepare(zvm_error *err);

/*
** In a process that only runs guests: handlers and their stack come now, for
** good, and its children have them. All signals are blocked.
*/
zvm_status zvm__signals_arm(zvm_error *err);

/*
** From here to zvm__signals_restore, faults of this thread's guest and
** stops go to `run`. Needs the turn (lowmem.h). On failure nothing has
** changed.
*/
zvm_status zvm__signals_install(zvm__run *run, zvm_error *err);
/*
** Gives the host's mask, all being blocked still: it comes back last of all, as
** a handler of the host's may not return.
*/
uint64_t zvm__signals_restore(void);
/* Where they were armed: from here on all are blocked, and none is a run's. */
void zvm__signals_close(void);

/* In a forked child that has no such run: the host's handlers come back. */
void zvm__signals_forget(void);

/* -- Timers (timers.c) --------------------------------------------------- */

/* Between install and restore of signals. On failure there are none. */
zvm_status zvm__timers_start(zvm__run *run, zvm_error *err);
void zvm__timers_stop(zvm__run *run);

/* A timer's signal: does it end the run? Called by the handler. */
bool zvm__timers_strike(zvm__run *run, const siginfo_t *info);

/* Is this signal one of the run's own timers'? */
bool zvm__timers_sent(const zvm__run *run, const siginfo_t *info);

/* Deliver to the host what stopped a run. Its handlers may not return. */
void zvm__signals_raise(const sigset_t *again);

#endif
