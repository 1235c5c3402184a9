/*
** pool.h - workers that wait for a job.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_WORKER_POOL_H
#define ZVM_WORKER_POOL_H

#include "base/error.h"
#include "base/fd.h"
#include "job/wire.h"

typedef struct zvm__worker {
  int socket; /* -1: none */
  uint32_t zygote; /* which one's it is */
  uint64_t number; /* by which that knows it */
  zvm__identity identity; /* of the socket */
} zvm__worker;

/* A run that needs a worker. Who waits is in a list; its turn may not move. */
typedef struct zvm__turn {
  enum {
    ZVM__TURN_NONE,    /* it has not asked                              */
    ZVM__TURN_HAS,     /* it has a worker, or there is none to be had   */
    ZVM__TURN_WAITS,   /* as many as may run are running: ask again     */
    ZVM__TURN_REFUSED, /* and as many as may wait are waiting           */
  } state;
  struct zvm__turn *next;
} zvm__turn;

/*
** A worker of one's own, which has done nothing yet. Who waits already waits
** up to `most_ns` more, and asks again or leaves.
*/
zvm_status zvm__pool_take(zvm__worker *w, zvm__turn *turn, uint64_t most_ns,
                          zvm_error *err);
/* If it waits, it does so no longer. */
void zvm__pool_leave(zvm__turn *turn);
/* Close it. One that runs sees its socket close only after its run. */
void zvm__pool_drop(zvm__worker *w);
/* Another one for it, which keeps its turn. On failure it is dropped. */
zvm_status zvm__pool_swap(zvm__worker *w, zvm_error *err);
/* A worker ended without a word of the zygote's. */
void zvm__pool_check(void);
/*
** While `job` runs: have a worker at hand for the next one, close what was
** dropped before, and let workers that are made from now on expect its like.
*/
void zvm__pool_tidy(const zvm__job *job);
/* Send it a signal, unless it has ended. */
void zvm__pool_tell(const zvm__worker *w, int sig);

/* -- The zygote (start.c) ------------------------------------------------ */

typedef struct zvm__zygote {
  int socket; /* -1: none */
  uint32_t barriers;
  zvm__identity identity; /* of the socket */
} zvm__zygote;

/* The worker executable (image.S; tests link another one). */
extern const uint8_t zvm__cell_image[] __attribute__((visibility("hidden")));
extern const uint8_t zvm__cell_image_end[]
    __attribute__((visibility("hidden")));

/* Start one and hear its hello. On failure nothing stays. */
zvm_status zvm__zygote_start(zvm__zygote *z, zvm_error *err);

#endif
