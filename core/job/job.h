/*
** job.h - all that one run needs, checked and opened, and what comes of it.
**
** A session makes a job. It is run here, in the caller's low 4 GiB, or sent
** to a worker process, which runs it by the same function.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_JOB_JOB_H
#define ZVM_JOB_JOB_H

#include <signal.h>

#include "channel/channel.h"
#include "memory/map.h"
#include "trap/run.h"
#include "trap/trace.h"

/*
** The bytes that zvm__guest_stack names. They belong to the session; if the
** process ends with the run, they are where the guest left them.
*/
typedef struct zvm__left {
  uint64_t address;
  uint64_t size;
  uint8_t *bytes;
} zvm__left;

typedef struct zvm__job {
  const zvm_module *module;
  const zvm__map *map;
  const uint8_t *manifest;
  size_t manifest_size;
  zvm__bounds bounds;
  zvm__channels *channels; /* finished by the run; what they did is there */
  zvm__left *left;         /* filled by a run that ends in a fault */
  zvm__trace *trace; /* NULL: none */
  bool once; /* the process ends afterwards: nothing is put back */
} zvm__job;

/* How it ended. Plain numbers: it travels between processes as it is. */
typedef struct zvm__outcome {
  zvm_state state;
  int32_t code;
  int32_t signal;
  zvm_limited limit;
  uint32_t channel; /* whose limit it was */
  zvm_fault fault;
  uint64_t wall_ns;
  uint64_t user_ns;
  uint64_t system_ns;
  uint64_t traps[ZVM_SLOT_COUNT];
  int32_t trace_os; /* why the trace is not whole, or 0 */
} zvm__outcome;

/* Signals that reached the run and are the host's, to be raised again. */
typedef struct zvm__again {
  sigset_t set;
  bool any;
} zvm__again;

/*
** Run it in this process. ZVM_E_STATE if the calling thread is running one
** already; ZVM_E_LOWMEM, ZVM_E_NOMEM or ZVM_E_SYSTEM if it cannot start;
** then nothing has happened.
*/
zvm_status zvm__job_run(const zvm__job *job, zvm__outcome *out,
                        zvm__again *again, zvm_error *err);

#endif
