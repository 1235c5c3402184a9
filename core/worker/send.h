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
** The wait for what a worker says (run.c). The worker may be a guest's: it
** may stop in the middle, or say one word a second.
*/
typedef struct zvm__hearing {
  const zvm__worker *worker;
  uint64_t stops;    /* signals that stop the run, as bits               */
  uint64_t until_ns; /* CLOCK_MONOTONIC; UINT64_MAX: as long as it takes  */
  int watcher;       /* a signalfd of `stops`, or -1                      */
  int stopped;       /* the signal that came, or 0                        */
  bool answers;      /* its first message is there                        */
  bool tired;        /* it was waited for until `until_ns`                */
  bool cancelled;    /* a call of a channel's asked it to stop            */
} zvm__hearing;

/* Until there is something to read; false, and `tired`, if it is too late. */
bool zvm__hearing_wait(zvm__hearing *h);
/* `size` bytes have come: there is time for as many more. */
void zvm__hearing_allow(zvm__hearing *h, size_t size);

/*
** Read the answer that is about to come (reply.c). Nothing of it is taken
** before all of it is known to be possible.
*/
zvm__verity zvm__reply_read(const zvm__job *job, zvm__hearing *h,
                            zvm__outcome *out, char why[ZVM__MESSAGE_MAX],
                            zvm_error *err);

/*
** Of a worker that tells: ANSWER if it has taken its job. SILENCE and
** UNTOUCHED as above.
*/
zvm__verity zvm__reply_taken(zvm__hearing *h, char why[ZVM__MESSAGE_MAX]);

/* -- The parts of a run (run.c) ------------------------------------------ */

enum { ZVM__STOP_MS = 2000 }; /* what a worker has to report after a stop */

/* Block all signals; open those that have no handler. */
void zvm__wait_begin(zvm__wait *wait);
void zvm__wait_open(zvm__wait *wait);

/* A signalfd of `stops`, or -1; one of them that is pending, or 0. */
int zvm__stops_watch(uint64_t stops);
int zvm__stops_pending(uint64_t stops);

/* One of its signals is there, or may be: tell the worker. */
void zvm__hearing_stop(zvm__hearing *h);
/* No descriptor was left to see them by: they are looked for now and then. */
bool zvm__hearing_is_blind(const zvm__hearing *h);
/* For how long poll may sleep; it may wake up too early, never too late. */
int zvm__left_ms(uint64_t until_ns);
/* When a worker must have said all: its own timers end its run before. */
uint64_t zvm__patience(const zvm__bounds *b, uint64_t start);

/*
** It says something, or is too late: its report into *out. `start`: before the
** job was sent. *again: the worker had ended before it took the job.
*/
zvm_status zvm__report_hear(const zvm__job *job, zvm__hearing *h,
                            zvm__outcome *out,
                            char message[ZVM__MESSAGE_MAX], uint64_t start,
                            bool *again, zvm_error *err);
zvm_status zvm__report_lose(zvm__outcome *out, char message[ZVM__MESSAGE_MAX],
                            const char *why);

/*
** The channels are as they would be inline: closed. Digests of a run that was
** sent are the worker's; one that was not moved no byte, and they say so.
*/
void zvm__channels_end(const zvm__job *job, bool sent);

#endif
