/*
** work.c - one job of a worker, and the report of it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cell.h"

#ifdef ZVM_TEST_HOOK /* never in the library: spec/core/test_lockdown.c */
#include "hook.h"
#define zvm__job_run zvm__hook_run
#define _exit zvm__hook_exit
#endif


static bool give(const void *bytes, size_t size) {
  ssize_t n;
  do
    n = sendto(ZVM__CELL_SOCKET, bytes, size, MSG_NOSIGNAL, NULL, 0);
  while (n < 0 && errno == EINTR);
  return n == (ssize_t)size;
}


static void fill_moved(zvm__wire_moved *m, const zvm__channel *ch) {
  for (int i = 0; i < ZVM_LIMIT_COUNT; i++)
    m->used[i] = ch->used[i];
  m->size = ch->source == &zvm__source_buffer ? ch->size : 0;
  m->os = ch->os;
  m->has_etag = ch->has_etag;
  memcpy(m->etag, ch->etag, sizeof m->etag);
  m->has_final_etag = ch->has_final_etag;
  memcpy(m->final_etag, ch->final_etag, sizeof m->final_etag);
}


static bool give_pieces(const uint8_t *bytes, size_t size) {
  for (size_t at = 0; at < size;) {
    size_t n = size - at;
    if (n > ZVM__WIRE_PIECE)
      n = ZVM__WIRE_PIECE;
    if (!give(bytes + at, n))
      return false;
    at += n;
  }
  return true;
}


/* Bytes that follow an answer, part by part. */
static const uint8_t *part(const zvm__job *job, unsigned i, size_t *size) {
  const zvm__channels *chs = job->channels;
  if (i == chs->count) {
    *size = job->left->size;
    return job->left->bytes;
  }
  const zvm__channel *ch = &chs->list[i];
  *size = ch->source == &zvm__source_buffer ? ch->size : 0;
  return ch->bytes;
}


/* What of a part is in the answer's own message, with `along` there before. */
static size_t share(size_t along, size_t size) {
  return size < ZVM__WIRE_ALONG - along ? size : ZVM__WIRE_ALONG - along;
}


/* `reply` has room for what follows it. */
static bool answer(zvm__wire_reply *reply, const zvm__job *job) {
  unsigned count = job->channels->count;
  zvm__wire_moved *moved = (zvm__wire_moved *)(void *)(reply + 1);
  uint8_t *follows = (uint8_t *)(moved + count);
  size_t along = 0, size;
  if (reply->status != ZVM_OK)
    return give(reply, sizeof *reply);
  for (unsigned i = 0; i < count; i++)
    fill_moved(&moved[i], &job->channels->list[i]);
  for (unsigned i = 0; i <= count; i++) {
    const uint8_t *bytes = part(job, i, &size);
    size_t n = share(along, size);
    if (n > 0)
      memcpy(follows + along, bytes, n);
    along += n;
  }
  if (!give(reply, (size_t)(follows - (uint8_t *)reply) + along))
    return false;
  along = 0;
  for (unsigned i = 0; i <= count; i++) {
    const uint8_t *bytes = part(job, i, &size);
    size_t n = share(along, size);
    if (n < size && !give_pieces(bytes + n, size - n))
      return false;
    along += n;
  }
  return true;
}


/* From now on nobody else need have the descriptors of the job. */
static bool tell_taken(void) {
  return give(&(zvm__wire_word){.magic = ZVM__WIRE_TAKEN},
              sizeof(zvm__wire_word));
}


void zvm__work(int patience) {
  zvm__wire_head head;
  zvm__job job;
  if (!zvm__receive_wait(patience))
    _exit(ZVM__CELL_RETIRED);
  if (!zvm__receive(&job, &head) || (head.tells && !tell_taken()) ||
      !zvm__lock_job(&head) || !zvm__map_keep(job.map, job.module))
    _exit(1);
  size_t size = sizeof(zvm__wire_reply) +
                job.channels->count * sizeof(zvm__wire_moved) +
                ZVM__WIRE_ALONG;
  zvm__wire_reply *reply = calloc(1, size);
  if (reply == NULL)
    _exit(1);
  zvm_error err = {.status = ZVM_OK};
  zvm__again again;
  zvm__left left = {0};
  job.left = &left;
  reply->magic = ZVM__WIRE_REPLY;
  reply->status = zvm__job_run(&job, &reply->outcome, &again, &err);
  if (reply->status != ZVM_OK) {
    reply->os = err.os;
    memcpy(reply->text, err.text, sizeof reply->text);
  }
  _exit(answer(reply, &job) ? 0 : 1);
}
