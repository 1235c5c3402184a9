/*
** progress.c - what a run that was started has done so far.
**
** The worker says so in a page, and may say anything: counters are cut to
** their limits, and it only waits for a pipe where the pipe says so too. There
** the other side had the last word: who is woken up waits no more, whether or
** not it has had a processor since.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/num.h"
#include "channel/pipe.h"
#include "session.h"

struct zvm__watch {
  int fd; /* -1: there is none */
  zvm__identity identity;
  zvm__progress *page; /* a copy of it */
  size_t size;
  zvm_channel_progress *channels;
};


/* -- The page ------------------------------------------------------------ */

static bool has_pipe(const zvm__channels *all) {
  for (unsigned i = 0; i < all->count; i++)
    if (all->list[i].pipe != NULL)
      return true;
  return false;
}


static int make_file(zvm__watch *w) {
  enum { ALL = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL };
  w->fd = zvm__fd_above(
      memfd_create("zvm-progress", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (w->fd < 0)
    return errno;
  w->identity = zvm__fd_identity(w->fd);
  if (!zvm__fd_may_reach(w->size) ||
      fallocate(w->fd, 0, 0, (off_t)w->size) != 0 ||
      fcntl(w->fd, F_ADD_SEALS, ALL) != 0)
    return errno;
  return 0;
}


/* Without a page. False: no memory. */
static bool add_watch(zvm_session *s) {
  zvm__watch *w = calloc(1, sizeof *w);
  if (w == NULL)
    return false;
  w->fd = -1;
  w->size = zvm__progress_size(s->channels.count);
  w->page = calloc(1, w->size);
  w->channels = calloc(s->channels.count, sizeof *w->channels);
  s->watch = w;
  return w->page != NULL && w->channels != NULL;
}


zvm_status zvm__watch_prepare(zvm_session *s, bool asks, zvm_error *err) {
  if (!asks && !has_pipe(&s->channels))
    return ZVM_OK;
  int os = add_watch(s) ? make_file(s->watch) : ENOMEM;
  if (os != 0)
    return zvm__fail_os(err, os == ENOMEM ? ZVM_E_NOMEM : ZVM_E_SYSTEM, os,
                        "cannot make a page for the session's progress");
  return ZVM_OK;
}


void zvm__watch_free(zvm__watch *w) {
  if (w == NULL)
    return;
  zvm__fd_close(&w->fd, &w->identity);
  free(w->page);
  free(w->channels);
  free(w);
}


int zvm__watch_file(const zvm__watch *w) {
  return w != NULL && w->fd >= 0 && zvm__fd_is(w->fd, &w->identity) ? w->fd
                                                                    : -1;
}


/* -- What it says -------------------------------------------------------- */

static int64_t possible(int64_t said, int64_t limit) {
  return said < 0 ? 0 : zvm__min(said, limit);
}


static void fill_channels(const zvm_session *s, bool ended,
                          zvm_progress *out) {
  for (unsigned i = 0; i < s->channels.count; i++) {
    const zvm__channel *ch = &s->channels.list[i];
    zvm_channel_progress *to = &s->watch->channels[i];
    int64_t got = s->watch->page->channel[i].got;
    int64_t put = s->watch->page->channel[i].put;
    to->alias = ch->alias;
    to->got = ended ? ch->used[ZVM_LIMIT_GET_SIZE]
                    : possible(got, ch->limits[ZVM_LIMIT_GET_SIZE]);
    to->put = ended ? ch->used[ZVM_LIMIT_PUT_SIZE]
                    : possible(put, ch->limits[ZVM_LIMIT_PUT_SIZE]);
    if (__builtin_add_overflow(out->got, to->got, &out->got))
      out->got = INT64_MAX;
    if (__builtin_add_overflow(out->put, to->put, &out->put))
      out->put = INT64_MAX;
  }
  out->channels = s->watch->channels;
  out->channels_count = s->channels.count;
}


static void fill_wait(const zvm_session *s, zvm_progress *out) {
  uint64_t said = s->watch->page->wait;
  uint64_t end = said & ((1U << ZVM__WAIT_SHIFT) - 1);
  uint64_t handle = end / 2 - 1;
  if (end < 2 || handle >= s->channels.count)
    return;
  const zvm__channel *ch = &s->channels.list[handle];
  if (ch->pipe == NULL || ch->writes != (end % 2 != 0) ||
      !zvm__pipe_waits(ch->pipe, ch->writes))
    return;
  out->waits = true;
  out->wait_channel = ch->alias;
  out->wait_puts = ch->writes;
  out->wait_turn = said >> ZVM__WAIT_SHIFT;
}


static void read_page(const zvm_session *s) {
  zvm__watch *w = s->watch;
  int fd = zvm__watch_file(w);
  if (fd < 0 || pread(fd, w->page, w->size, 0) != (ssize_t)w->size)
    w->page->wait = 0; /* what was read before may still be told */
}


zvm_status zvm_session_progress(zvm_session *s, zvm_progress *out,
                                zvm_error *err) {
  if (s->flight == NULL)
    return zvm__fail(err, ZVM_E_STATE,
                     s->has_run ? "the session has been waited for"
                                : "the session has not been started");
  if (s->watch == NULL && !add_watch(s)) {
    zvm__watch_free(s->watch);
    s->watch = NULL;
    return zvm__fail(err, ZVM_E_NOMEM, "not enough memory for a look");
  }
  *out = (zvm_progress){.state = zvm__flight_progress(s->flight)};
  bool ended = out->state == ZVM_PROGRESS_ENDED;
  if (!ended)
    read_page(s);
  fill_channels(s, ended, out);
  if (out->state == ZVM_PROGRESS_RUNNING)
    fill_wait(s, out);
  return ZVM_OK;
}
