/*
** possible.c - whether what a worker says of a run can be.
**
** A worker may be a guest's. Each number is held against what the host knows:
** what the job was allowed, what its channels are, what it served itself.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <signal.h>
#include <sys/mman.h>

#include "channel/limits.h"
#include "possible.h"


/*
** A trap that was counted, with the arguments that it has, and a result that
** a trap can have; after an exit there is no fault.
*/
static bool is_last_trap(const zvm_last_trap *last, const uint64_t *traps) {
  if (last->slot < ZVM_SLOT_NONE || last->slot >= ZVM_SLOT_COUNT ||
      last->slot == ZVM_SLOT_EXIT)
    return false;
  for (unsigned i = zvm__trap_words(last->slot); i < 4; i++)
    if (last->args[i] != 0)
      return false;
  uint64_t all = 0;
  for (int i = 0; i < ZVM_SLOT_COUNT; i++)
    all |= traps[i];
  if (last->slot == ZVM_SLOT_NONE)
    return all == 0 && last->result == 0;
  return traps[last->slot] != 0 && last->result > -4096 &&
         last->result <= INT32_MAX;
}


static bool is_fault(const zvm_fault *f) {
  return f->kind >= ZVM_FAULT_MEMORY && f->kind <= ZVM_FAULT_PROTECTION &&
         (f->signal == SIGSEGV || f->signal == SIGBUS ||
          f->signal == SIGILL || f->signal == SIGFPE ||
          f->signal == SIGTRAP) &&
         (f->access == 0 || f->access == 'r' || f->access == 'w' ||
          f->access == 'x');
}


/*
** A counter of a channel's at its end; but a random put may ask for a place
** that no counter tells.
*/
static bool is_channel_limit(zvm_limited limit, const zvm__channel *ch,
                             const zvm__wire_moved *m) {
  if (!ch->stops)
    return false;
  if (limit == ZVM_LIMITED_FILE_SIZE)
    return ch->file_size != ZVM_UNLIMITED;
  int i = (int)limit - ZVM_LIMITED_GETS;
  return m->used[i] == ch->limits[i] ||
         (limit == ZVM_LIMITED_PUT_SIZE && zvm__channel_puts_random(ch));
}


/* Only what was limited can run out. */
static bool is_limit(const zvm__outcome *o, const zvm__job *job,
                     const zvm__wire_moved *moved) {
  if (zvm__limit_is_channel(o->limit))
    return o->channel < job->channels->count &&
           is_channel_limit(o->limit, &job->channels->list[o->channel],
                            &moved[o->channel]);
  return (o->limit == ZVM_LIMITED_CPU && job->bounds.cpu_ms != 0) ||
         (o->limit == ZVM_LIMITED_RESIDENT && job->bounds.resident != 0);
}


static bool is_trace_error(int32_t os, const zvm__job *job) {
  return os == 0 || (job->trace != NULL && os > 0 && os < 4096);
}


/*
** At its end it had no more than it may write; and who cannot be told of its
** faults handled none.
*/
static bool is_usage(const zvm__outcome *o, const zvm__job *job) {
  uint64_t most = 0;
  for (unsigned i = 0; i < job->map->count; i++)
    if ((job->map->region[i].prot & PROT_WRITE) != 0)
      most += job->map->region[i].end - job->map->region[i].start;
  return o->peak_memory <= most && o->peak_memory % ZVM_PAGE_SIZE == 0 &&
         (o->faults_handled == 0 || job->module->facts.faults != 0);
}


static bool is_ending(const zvm__outcome *o, const zvm__job *job,
                      const zvm__wire_moved *moved) {
  switch (o->state) {
  case ZVM_STATE_EXIT:
    return true;
  case ZVM_STATE_FAULT:
    return is_fault(&o->fault) && is_last_trap(&o->fault.last, o->traps);
  case ZVM_STATE_STOPPED: /* by what this process has: see reply.c */
    return true;
  case ZVM_STATE_TIMEOUT:
    return job->bounds.timeout_ms != 0;
  case ZVM_STATE_LIMIT:
    return is_limit(o, job, moved);
  case ZVM_STATE_LOST: /* only the host can know */
    return false;
  }
  return false;
}


bool zvm__outcome_is_possible(const zvm__outcome *o, const zvm__job *job,
                              const zvm__wire_moved *moved) {
  bool may_digest = job->memory_etag.algorithm != ZVM_ETAG_NONE &&
                    zvm__leaves_content(o->state, o->limit);
  return is_ending(o, job, moved) && is_trace_error(o->trace_os, job) &&
         is_usage(o, job) && o->has_memory_etag <= may_digest;
}


bool zvm__moved_is_possible(const zvm__wire_moved *m, const zvm__channel *ch,
                            const zvm__outcome *o) {
  /* What was served may not have arrived; nothing else can have. */
  if (ch->source == &zvm__source_call &&
      (m->used[ZVM_LIMIT_GET_SIZE] > ch->served[0] ||
       m->used[ZVM_LIMIT_PUT_SIZE] > ch->served[1]))
    return false;
  for (int i = 0; i < ZVM_LIMIT_COUNT; i++)
    if (m->used[i] < 0 || m->used[i] > ch->limits[i])
      return false;
  uint64_t most = ch->source == &zvm__source_buffer
                      ? (uint64_t)ch->limits[ZVM_LIMIT_PUT_SIZE]
                      : 0;
  return m->size <= most && m->os >= 0 && m->os < 4096 &&
         m->has_etag <= (ch->digest != NULL) &&
         m->has_final_etag <= (ch->wants_final &&
                               zvm__leaves_content(o->state, o->limit));
}
