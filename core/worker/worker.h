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
  uint64_t host_mask;
  bool blocked;
  bool open;      /* what may end the host does so */
  uint64_t stops; /* signals that stop the run     */
  char message[ZVM__MESSAGE_MAX]; /* of a lost run, else "" */
} zvm__wait;

/*
** Run `job` in a worker. A status other than ZVM_OK: it did not run.
** *spent is set if it did, or may have. Whatever the result, call
** zvm__wait_end when the report is whole: handlers of the host may not
** return.
*/
zvm_status zvm__worker_run(const zvm__job *job, zvm__outcome *out,
                           zvm__wait *wait, bool *spent, zvm_error *err);
void zvm__wait_end(zvm__wait *wait);

#endif
