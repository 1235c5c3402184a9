/*
** channels.c - all channels of a session: order, identity, all or nothing.
**
** Handles 0, 1 and 2 are stdin, stdout and stderr, whether the caller gave
** them or not; the rest follow by alias, bytewise, so that a guest's handle
** numbers do not depend on the order in which options were written.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "channel.h"
#include "output.h"
#include "pipe.h"

enum { STANDARD = 3 };

static const char *const standard[STANDARD] = {"/dev/stdin", "/dev/stdout",
                                               "/dev/stderr"};


static int rank(const char *alias) {
  for (int i = 0; i < STANDARD; i++)
    if (strcmp(alias, standard[i]) == 0)
      return i;
  return STANDARD;
}


static int compare(const void *a, const void *b) {
  const char *x = ((const zvm__channel *)a)->alias;
  const char *y = ((const zvm__channel *)b)->alias;
  int by_rank = rank(x) - rank(y);
  return by_rank != 0 ? by_rank : strcmp(x, y);
}


static bool is_given(const zvm_channel_options *opt, size_t count,
                     const char *alias) {
  for (size_t i = 0; i < count; i++)
    if (opt[i].alias != NULL && strcmp(opt[i].alias, alias) == 0)
      return true;
  return false;
}


static zvm_status add(zvm__channels *all, const zvm_channel_options *o,
                      zvm_error *err) {
  zvm_status st = zvm__channel_open(&all->list[all->count], o, err);
  if (st == ZVM_OK)
    all->count++;
  return st;
}


static zvm_status add_standard(zvm__channels *all, int handle,
                               zvm_on_limit otherwise, zvm_error *err) {
  zvm_channel_options o = {.alias = standard[handle],
                           .on_limit = otherwise};
  int calls = handle == 0 ? ZVM_LIMIT_GETS : ZVM_LIMIT_PUTS;
  o.limits[calls] = o.limits[calls + 1] = ZVM_UNLIMITED;
  return add(all, &o, err);
}


static zvm_status add_given(zvm__channels *all,
                            const zvm_channel_options *opt,
                            zvm_on_limit otherwise, zvm_error *err) {
  zvm_channel_options o = *opt;
  if (o.on_limit == ZVM_ON_LIMIT_DEFAULT)
    o.on_limit = otherwise;
  return add(all, &o, err);
}


/* -- Checks across channels ---------------------------------------------- */

static zvm_status check_aliases(const zvm__channels *all, zvm_error *err) {
  for (unsigned i = 1; i < all->count; i++)
    if (strcmp(all->list[i - 1].alias, all->list[i].alias) == 0)
      return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: given twice",
                       all->list[i].alias);
  return ZVM_OK;
}


static bool may_put(const zvm__channel *ch) {
  return ch->limits[ZVM_LIMIT_PUTS] > 0 &&
         ch->limits[ZVM_LIMIT_PUT_SIZE] > 0;
}


static bool is_written(const zvm__channel *ch) {
  return ch->output != NULL || ch->empty_first || may_put(ch);
}


/*
** A file that is written through one channel may not be open through
** another: what the guest reads, or which write wins, would depend on when.
** Two borrowed descriptors are the caller's own business: stdout and stderr
** in one log share their position.
*/
static bool clash(const zvm__channel *a, const zvm__channel *b) {
  if (a->output != NULL && b->output != NULL &&
      zvm__output_is_same(a->output, b->output))
    return true;
  return a->is_file && b->is_file && (a->named || b->named) &&
         a->dev == b->dev && a->ino == b->ino &&
         (is_written(a) || is_written(b));
}


/*
** An output is the file that it will replace, not the one that it has until
** then, which is nobody else's. All channels are open: what is not there now
** none of them has made.
*/
static void identify_outputs(zvm__channels *all) {
  for (unsigned i = 0; i < all->count; i++) {
    zvm__channel *ch = &all->list[i];
    if (ch->output != NULL)
      (void)zvm__output_target(ch->output, &ch->dev, &ch->ino);
  }
}


static zvm_status check_files(zvm__channels *all, zvm_error *err) {
  identify_outputs(all);
  for (unsigned i = 0; i < all->count; i++)
    for (unsigned k = 0; all->list[i].is_file && k < i; k++)
      if (clash(&all->list[i], &all->list[k]))
        return zvm__fail(err, ZVM_E_CHANNEL,
                         "channel %.80s: writes the file of channel %.80s",
                         all->list[i].alias, all->list[k].alias);
  return ZVM_OK;
}


/*
** Of an empty file only the times change. To cut it as well would make some
** file systems write all of it when it is closed, as a file that replaces
** another: it takes as long as the copying of it.
*/
static bool empty(int fd) {
  struct stat st;
  if (fstat(fd, &st) != 0 || st.st_size != 0)
    return ftruncate(fd, 0) == 0;
  (void)futimens(fd, NULL);
  return true;
}


static zvm_status empty_files(const zvm__channels *all, zvm_error *err) {
  for (unsigned i = 0; i < all->count; i++)
    if (all->list[i].empty_first && all->list[i].output == NULL &&
        !empty(all->list[i].fd))
      return zvm__fail_os(err, ZVM_E_CHANNEL, errno,
                          "channel %.80s: cannot empty the file",
                          all->list[i].alias);
  return ZVM_OK;
}


/* -- Other sides --------------------------------------------------------- */

/* Whoever connects to us need not wait for whom we connect to. */
static zvm_status join(zvm__channels *all, uint32_t timeout_ms,
                       zvm_error *err) {
  enum { MOST_MS = 10000 };
  uint64_t ms = timeout_ms != 0 && timeout_ms < MOST_MS ? timeout_ms
                                                        : MOST_MS;
  zvm__await p;
  zvm_status st = ZVM_OK;
  unsigned i = 0;
  while (i < all->count && !all->list[i].connects)
    i++;
  if (i == all->count)
    return ZVM_OK;
  zvm__await_begin(&p, zvm__now_ns() + ms * ZVM__MS_NS);
  for (; i < all->count && st == ZVM_OK; i++)
    if (all->list[i].connects)
      st = zvm__channel_join(&all->list[i], &p, err);
  zvm__await_end(&p);
  return st;
}


/* The end that a worker asks at: its answers come from the other one. */
static zvm_status open_calls(zvm__channels *all, zvm_error *err) {
  for (unsigned i = 0; i < all->count; i++) {
    zvm__channel *ch = &all->list[i];
    int ends[2];
    if (ch->source != &zvm__source_call)
      continue;
    if (!zvm__call_prepare(ch))
      return zvm__fail(err, ZVM_E_NOMEM, "channel %.80s: not enough memory",
                       ch->alias);
    ch->joint = true;
    ch->owns_fd = true;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
      return zvm__fail_os(err, ZVM_E_SYSTEM, errno,
                          "channel %.80s: no socket for its calls",
                          ch->alias);
    ch->fd = zvm__fd_above(ends[0]);
    int os = errno;
    ch->peer = zvm__fd_above(ends[1]);
    if (ch->fd < 0 || ch->peer < 0)
      return zvm__fail_os(err, ZVM_E_SYSTEM, ch->fd < 0 ? os : errno,
                          "channel %.80s: no socket for its calls",
                          ch->alias);
  }
  return ZVM_OK;
}


/* Of a run in this process. One in a worker maps it there. */
static zvm_status open_rings(zvm__channels *all, zvm_error *err) {
  zvm__ring *last = NULL;
  for (unsigned i = 0; i < all->count; i++) {
    zvm__channel *ch = &all->list[i];
    if (ch->pipe == NULL)
      continue;
    zvm__ring_shape shape = zvm__pipe_shape(ch->pipe, ch->writes);
    int os = zvm__ring_open(&ch->ring, zvm__pipe_file(ch->pipe), &shape,
                            ch->fd);
    if (os != 0)
      return zvm__fail_os(err, os == ENOMEM ? ZVM_E_NOMEM : ZVM_E_SYSTEM, os,
                          "channel %.80s: cannot map its pipe", ch->alias);
    ch->ring->identity = zvm__pipe_identity(ch->pipe, ch->writes);
    if (last != NULL)
      zvm__ring_join(last, ch->ring);
    last = ch->ring;
  }
  return ZVM_OK;
}


static void count_apart(zvm__channels *all) {
  for (unsigned i = 0; i < all->count; i++)
    all->apart += all->list[i].listens || all->list[i].joint;
}


/* -- What they have ------------------------------------------------------ */

static bool is_ours(const zvm__channel *ch) {
  return ch->fd >= 0 && (ch->owns_fd || ch->output != NULL);
}


/* Runs come later, and in between is the host's program. */
static void note_identities(zvm__channels *all) {
  for (unsigned i = 0; i < all->count; i++) {
    zvm__channel *ch = &all->list[i];
    if (is_ours(ch))
      ch->identity = zvm__fd_identity(ch->fd);
    if (ch->peer >= 0)
      ch->peer_identity = zvm__fd_identity(ch->peer);
    if (ch->output != NULL)
      zvm__output_note(ch->output, &ch->identity);
  }
}


zvm_status zvm__channels_check(const zvm__channels *all, zvm_error *err) {
  for (unsigned i = 0; i < all->count; i++) {
    const zvm__channel *ch = &all->list[i];
    if ((is_ours(ch) && !zvm__fd_may_be(ch->fd, &ch->identity)) ||
        (ch->peer >= 0 && !zvm__fd_may_be(ch->peer, &ch->peer_identity)) ||
        (ch->pipe != NULL && !zvm__pipe_has_file(ch->pipe)))
      return zvm__fail(err, ZVM_E_CHANNEL,
                       "channel %.80s: the host program closed its "
                       "descriptor (closefrom? close_range?)",
                       ch->alias);
  }
  return ZVM_OK;
}


/* -- All of them --------------------------------------------------------- */

static zvm_status open_all(zvm__channels *all,
                           const zvm_session_options *opt, zvm_error *err) {
  const zvm_channel_options *list = opt->channels;
  size_t count = opt->channels_count;
  zvm_status st = ZVM_OK;
  for (int i = 0; i < STANDARD && st == ZVM_OK; i++)
    if (!is_given(list, count, standard[i]))
      st = add_standard(all, i, opt->on_limit, err);
  for (size_t i = 0; i < count && st == ZVM_OK; i++)
    st = add_given(all, &list[i], opt->on_limit, err);
  return st;
}


zvm_status zvm__channels_open(zvm__channels *all,
                              const zvm_session_options *opt,
                              zvm_error *err) {
  *all = (zvm__channels){0};
  if (opt->channels_count > ZVM__CHANNELS_MAX)
    return zvm__fail(err, ZVM_E_OPTION, "%zu channels; at most %d",
                     opt->channels_count, ZVM__CHANNELS_MAX);
  if (opt->channels_count > 0 && opt->channels == NULL)
    return zvm__fail(err, ZVM_E_OPTION, "channels are missing");
  all->list = calloc(opt->channels_count + STANDARD, sizeof *all->list);
  if (all->list == NULL)
    return zvm__fail(err, ZVM_E_NOMEM, "not enough memory for channels");
  zvm_status st = open_all(all, opt, err);
  if (st == ZVM_OK) {
    qsort(all->list, all->count, sizeof *all->list, compare);
    st = check_aliases(all, err);
  }
  if (st == ZVM_OK)
    st = check_files(all, err);
  if (st == ZVM_OK)
    st = opt->isolation == ZVM_ISOLATION_INLINE ? open_rings(all, err)
                                                : open_calls(all, err);
  if (st == ZVM_OK)
    st = join(all, opt->timeout_ms, err);
  if (st == ZVM_OK)
    st = empty_files(all, err);
  count_apart(all);
  if (st != ZVM_OK)
    zvm__channels_close(all);
  else
    note_identities(all);
  return st;
}


void zvm__channels_keep(zvm__channels *all) {
  for (unsigned i = 0; i < all->count; i++) {
    zvm__channel *ch = &all->list[i];
    if (ch->pipe == NULL)
      continue;
    zvm__pipe_keep(ch->pipe, ch->writes);
    ch->keeps = true;
  }
}


void zvm__channels_pass(zvm__channels *all) {
  for (unsigned i = 0; i < all->count; i++) {
    zvm__channel *ch = &all->list[i];
    if (ch->joint && ch->owns_fd)
      (void)zvm__fd_let_go(&ch->fd, &ch->identity);
  }
}


void zvm__channels_close(zvm__channels *all) {
  for (unsigned i = 0; i < all->count; i++) {
    zvm__channel *ch = &all->list[i];
    zvm_pipe *pipe = ch->pipe;
    bool writes = ch->writes, keeps = ch->keeps;
    if (pipe != NULL && !keeps) /* the session was not made */
      ch->owns_fd = false;
    zvm__socket_deaf(ch);
    zvm__channel_free(ch);
    if (pipe != NULL && keeps) {
      zvm__pipe_over(pipe, writes);
      zvm__pipe_leave(pipe);
    } else if (pipe != NULL) {
      zvm__pipe_return(pipe, writes);
    }
  }
  free(all->list);
  *all = (zvm__channels){0};
}


void zvm__channels_commit(zvm__channels *all, bool succeeded) {
  for (unsigned i = 0; i < all->count; i++) {
    zvm__channel *ch = &all->list[i];
    zvm__output *out = ch->output;
    if (out == NULL)
      continue;
    ch->output = NULL;
    ch->fd = -1; /* the descriptor was the output's */
    if (!succeeded) {
      zvm__output_discard(out);
      continue;
    }
    int os = zvm__output_commit(out);
    if (ch->os == 0)
      ch->os = os;
  }
}
