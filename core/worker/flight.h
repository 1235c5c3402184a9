/*
** flight.h - a run that is under way, between the files that move it.
**
** flight.c has the list of a thread's, and what sessions ask for; phase.c
** takes one from phase to phase; round.c waits for all of them at once.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_WORKER_FLIGHT_H
#define ZVM_WORKER_FLIGHT_H

#include "base/clock.h"
#include "send.h"

struct zvm__flight {
  struct zvm__flight *next;
  pid_t maker;               /* a forked child has no part in it */
  zvm__job job;
  enum {
    ZVM__ACCEPTS, /* connections  */
    ZVM__QUEUES,  /* for a worker */
    ZVM__RUNS,    /* in one       */
    ZVM__ENDED,
  } phase;
  bool here;           /* it is only to accept                            */
  bool busy;           /* being served                                    */
  bool waited;         /* for                                             */
  _Atomic bool gone;   /* freed by another thread: to be taken off        */
  bool sent;
  uint64_t start_ns;   /* of the phase; of RUNS, before the job was sent  */
  unsigned tries;
  zvm__turn turn;
  zvm__worker worker;
  zvm__hearing hearing;
  zvm__outcome outcome;
  char message[ZVM__MESSAGE_MAX];
  zvm_status status;
  zvm_error err;
};

/* Is another one of the same thread under way? (flight.c) */
bool zvm__flight_has_others(const zvm__flight *f);

/* -- From phase to phase (phase.c) --------------------------------------- */

/*
** The first step. A connection may be there already: then nothing is left to
** wait for.
*/
void zvm__flight_begin(zvm__flight *f);
/*
** Before it is waited for: has the host's program closed what it has? Then it
** is lost, and nothing of it is touched.
*/
void zvm__flight_check(zvm__flight *f);
/* Its turn, without waiting. False: it has to wait. */
bool zvm__flight_take_turn(zvm__flight *f);
/* There is something to read: of channel `ch`, or of the worker if NULL. */
void zvm__flight_act(zvm__flight *f, zvm__channel *ch);
/* When it will have waited for too long in its phase; what comes of that. */
uint64_t zvm__flight_deadline(const zvm__flight *f);
void zvm__flight_expire(zvm__flight *f);
/* A signal came, or may have, and it is this one that is waited for. */
void zvm__flight_stop(zvm__flight *f);
/* Nobody will wait for it. Its channels are left to the session. */
void zvm__flight_kill(zvm__flight *f);

/* -- Rounds (round.c) ---------------------------------------------------- */

/* Who is waited for: the first of them that ends is enough. */
typedef struct zvm__vigil {
  zvm__flight *const *set;
  size_t count;
  uint64_t until_ns; /* not longer; UINT64_MAX: as long as it takes */
  uint64_t stops;    /* signals that stop all of them, as bits      */
  int watcher;       /* a signalfd of these, or -1                  */
  int stopped;       /* the one that came, or 0                     */
} zvm__vigil;

/*
** Wait until there is something to do for one of *list, and do it. A function
** of a channel's may change the list. False: there was nothing.
*/
bool zvm__flights_round(zvm__flight *const *list, zvm__vigil *v);

#endif
