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
#include "channel/limits.h"
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

/* Whether and how the guest's memory is digested at its end. */
typedef struct zvm__memory_etag {
  zvm_etag algorithm;
  bool swaps; /* what is not resident may be something else than zeros */
} zvm__memory_etag;

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
  zvm__memory_etag memory_etag;
  int progress_fd; /* of a host's: its page, or -1 */
  struct zvm__progress *progress; /* of a worker's, or NULL */
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
  uint64_t peak_memory;
  uint64_t page_faults;
  uint64_t faults_handled;
  uint8_t has_memory_etag; /* no bool: it may be any byte */
  uint8_t memory_etag[ZVM__DIGEST_SIZE];
} zvm__outcome;

/*
** Whether what a guest left is digested: others ended in the middle of
** something, and what they left is chance.
*/
static inline bool zvm__leaves_content(zvm_state state, zvm_limited limit) {
  return state == ZVM_STATE_EXIT || state == ZVM_STATE_FAULT ||
         (state == ZVM_STATE_LIMIT && zvm__limit_is_channel(limit));
}

/* Signals that reached the run and are the host's, to be raised again. */
typedef struct zvm__again {
  sigset_t set;
  bool any;
} zvm__again;

/*
** With the guest out (content.c): digests of what it left, as far as they are
** wanted. They count against its limits of time, and a stop ends them: one that
** had exited then has not. `out` gets the memory's.
*/
void zvm__job_content(const zvm__job *job, zvm__run *run, zvm__outcome *out);

/*
** Run it in this process. ZVM_E_STATE if the calling thread is running one
** already; ZVM_E_LOWMEM, ZVM_E_NOMEM or ZVM_E_SYSTEM if it cannot start;
** then nothing has happened.
*/
zvm_status zvm__job_run(const zvm__job *job, zvm__outcome *out,
                        zvm__again *again, zvm_error *err);

#endif
