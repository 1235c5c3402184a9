/*
** send.h - the two directions of a worker's socket, as the host sees them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_WORKER_SEND_H
#define ZVM_WORKER_SEND_H

#include "pool.h"
#include "worker.h"

/*
** Send the job whole (send.c). *again: the worker had ended, another one may
** do.
*/
zvm_status zvm__job_send(const zvm__job *job, const zvm__worker *w,
                         bool *again, zvm_error *err);

typedef enum zvm__verity {
  ZVM__ANSWER,  /* `out` and the channels are filled                    */
  ZVM__REFUSAL, /* the worker could not start the run: `err` says why    */
  ZVM__SILENCE, /* it ended, or is not to be believed: `why` says how    */
  ZVM__UNTOUCHED, /* it ended before it took the job                    */
  ZVM__NOMEM,   /* no memory for what it collected                       */
} zvm__verity;

/*
** Read the answer that is about to come (reply.c). Nothing of it is taken
** before all of it is known to be possible.
*/
zvm__verity zvm__reply_read(const zvm__job *job, const zvm__worker *w,
                            zvm__outcome *out, char why[ZVM__MESSAGE_MAX],
                            zvm_error *err);

#endif
