/*
** worker.h - run a job in a worker process.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_WORKER_WORKER_H
#define ZVM_WORKER_WORKER_H

#include "job/job.h"

#define ZVM__MESSAGE_MAX 160

/*
** The host's signals while it waits: blocked, but for those that have no
** handler. They strike when the caller ends the wait.
*/
typedef struct zvm__wait {
  struct zvm__wait *outer; /* of this thread, that this one is within */
  uint64_t host_mask;
  uint64_t own_mask; /* the host's, outside of all waits */
  bool blocked;
  bool open;      /* what may end the host does so */
  uint64_t stops; /* signals that stop the run     */
  char message[ZVM__MESSAGE_MAX]; /* of a lost run, else "" */
} zvm__wait;

/*
** Run `job` in a worker. A status other than ZVM_OK: it did not run, or so the
** worker says. *spent is set if it did, or may have. Whatever the result, call
** zvm__wait_end when the report is whole: handlers of the host may not
** return.
*/
zvm_status zvm__worker_run(const zvm__job *job, zvm__outcome *out,
                           zvm__wait *wait, bool *spent, zvm_error *err);
void zvm__wait_end(zvm__wait *wait);

/* -- Runs that are under way (flight.c) ---------------------------------- */

typedef struct zvm__flight zvm__flight;

/* Has this thread started one that is not waited for yet? */
bool zvm__flights_any(void);

/*
** Begin the run; what cannot be done yet is done while this thread waits for
** any. `wait` is begun here, for zvm__wait_end. NULL: no memory. `job` is
** copied; what it points to must stay.
*/
zvm__flight *zvm__flight_start(const zvm__job *job, zvm__wait *wait,
                               zvm_error *err);
/* It may be waited for: this thread's, and nobody is at it. */
bool zvm__flight_is_free(const zvm__flight *f);

/*
** Until it is over: as zvm__worker_run, but that `wait` is begun here if it is
** not yet. The flight is gone then, unless it was not free: ZVM_E_STATE.
*/
zvm_status zvm__flight_wait(zvm__flight *f, zvm__outcome *out,
                            zvm__wait *wait, zvm_error *err);
/*
** Until one of them is over, for zvm__flight_wait then: *which, or `count` if
** none is at `until_ns`. Each is there once. *signal: one that came, and stops
** them all, or 0.
*/
zvm_status zvm__flights_wait(zvm__flight *const *set, size_t count,
                             uint64_t until_ns, size_t *which, int *signal,
                             zvm__wait *wait, zvm_error *err);
/* How far it is, as far as this thread has looked after it. */
zvm_progress_state zvm__flight_progress(const zvm__flight *f);
/* Kill what runs. Its channels stay open: they are the session's. */
void zvm__flight_free(zvm__flight *f);

/*
** Of a job that is to run here: accept its connections. *bounds: with what is
** left of its timeout. False: the run ended before it began, and *out says how.
*/
zvm_status zvm__flight_accept(const zvm__job *job, zvm__bounds *bounds,
                              bool *ready, zvm__outcome *out,
                              zvm__wait *wait, zvm_error *err);

#endif
