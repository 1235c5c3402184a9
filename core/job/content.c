/*
** content.c - digests of what a guest left: its memory, and the content of
** channels.
**
** They are a part of the run, which they may make much longer: files can have
** holes of any size. So while they are made the run is open once more, and a
** timer or a signal ends it. One that would have been an exit ends as what
** struck; a fault, or a channel's limit, has been and stays, without digests.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "job.h"


static bool wants_any(const zvm__job *job) {
  if (job->memory_etag.algorithm != ZVM_ETAG_NONE)
    return true;
  for (unsigned i = 0; i < job->channels->count; i++)
    if (job->channels->list[i].wants_final)
      return true;
  return false;
}


/* Signals that came since the guest ended are the run's too. */
static void reopen(zvm__run *run) {
  run->ended = false;
  run->ctx->done = 0;
  for (int sig = 1; run->has_again && sig < NSIG; sig++)
    if (sigismember(&run->again, sig) == 1 &&
        zvm__run_end(run, ZVM_STATE_STOPPED))
      run->signal = sig;
}


static bool digest_memory(const zvm__job *job, const volatile int *stop,
                          zvm__outcome *out) {
  zvm__digest *d = zvm__digest_init(job->memory_etag.algorithm);
  bool whole = d != NULL && zvm__map_digest(job->map, job->memory_etag.swaps,
                                            d, stop);
  out->has_memory_etag = zvm__digest_final(d, out->memory_etag) && whole;
  return *stop == 0;
}


static void digest_all(const zvm__job *job, const volatile int *stop,
                       zvm__outcome *out) {
  bool on = *stop == 0;
  if (on && job->memory_etag.algorithm != ZVM_ETAG_NONE)
    on = digest_memory(job, stop, out);
  for (unsigned i = 0; on && i < job->channels->count; i++)
    on = zvm__channel_final(&job->channels->list[i]);
}


/* All or none: which were made before it struck is chance. */
static void forget(const zvm__job *job, zvm__outcome *out) {
  out->has_memory_etag = 0;
  for (unsigned i = 0; i < job->channels->count; i++)
    job->channels->list[i].has_final_etag = false;
}


void zvm__job_content(const zvm__job *job, zvm__run *run,
                      zvm__outcome *out) {
  if (!wants_any(job) || !zvm__leaves_content(run->state, run->limit))
    return;
  zvm_state state = run->state;
  zvm_limited limit = run->limit;
  reopen(run);
  digest_all(job, &run->ctx->done, out);
  /* If not before, it ends now, and no later signal changes how. */
  if (zvm__run_end(run, state))
    return;
  forget(job, out);
  if (state == ZVM_STATE_EXIT)
    return;
  run->state = state;
  run->limit = limit;
}
