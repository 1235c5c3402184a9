/*
** session.h - a session, between the file that runs it and the one that starts
** it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_SESSION_SESSION_H
#define ZVM_SESSION_SESSION_H

#include "base/fd.h"
#include "channel/progress.h"
#include "job/job.h"
#include "manifest.h"
#include "worker/worker.h"

struct zvm_session {
  zvm_module *module;
  zvm__channels channels;
  zvm__map map;
  zvm__manifest manifest;
  zvm_channel_report *reports; /* one for each channel, filled by the run */
  zvm_isolation isolation;
  zvm__bounds bounds;
  zvm__memory_etag memory_etag;
  char message[ZVM__MESSAGE_MAX]; /* of a lost run */
  zvm__left left;                 /* by a fault */
  bool has_run;
  zvm__trace trace; /* fd -1: none */
  uint64_t since_ns;   /* for the trace: when the run was asked for */
  zvm__flight *flight; /* started, and not waited for yet */
  struct zvm__watch *watch;
};


/* -- Its progress (progress.c) ------------------------------------------- */

typedef struct zvm__watch zvm__watch;

/* A page for who has a pipe, or asks for one. */
zvm_status zvm__watch_prepare(zvm_session *s, bool asks, zvm_error *err);
void zvm__watch_free(zvm__watch *w); /* NULL is fine */
/* The file of the page, or -1; of NULL too. */
int zvm__watch_file(const zvm__watch *w);

/* -- Its run ------------------------------------------------------------- */

/* What a run of it needs. */
zvm__job zvm__session_job(zvm_session *s);
/*
** The report of a run in a worker, if it ran. Last of all the host's handlers
** run: they may not return.
*/
zvm_status zvm__session_end(zvm_session *s, zvm_status st,
                            const zvm__outcome *outcome, zvm__wait *wait,
                            zvm_report *out);
/* One that did not run says so in its trace. */
zvm_status zvm__session_failed(zvm_session *s, zvm_status st,
                               const zvm_error *err);

#endif
