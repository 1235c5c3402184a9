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
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"
#include "output.h"

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


/* -- All of them --------------------------------------------------------- */

zvm_status zvm__channels_open(zvm__channels *all,
                              const zvm_channel_options *opt, size_t count,
                              zvm_on_limit otherwise, zvm_error *err) {
  *all = (zvm__channels){0};
  if (count > ZVM__CHANNELS_MAX)
    return zvm__fail(err, ZVM_E_OPTION, "%zu channels; at most %d", count,
                     ZVM__CHANNELS_MAX);
  if (count > 0 && opt == NULL)
    return zvm__fail(err, ZVM_E_OPTION, "channels are missing");
  all->list = calloc(count + STANDARD, sizeof *all->list);
  if (all->list == NULL)
    return zvm__fail(err, ZVM_E_NOMEM, "not enough memory for channels");
  zvm_status st = ZVM_OK;
  for (int i = 0; i < STANDARD && st == ZVM_OK; i++)
    if (!is_given(opt, count, standard[i]))
      st = add_standard(all, i, otherwise, err);
  for (size_t i = 0; i < count && st == ZVM_OK; i++)
    st = add_given(all, &opt[i], otherwise, err);
  if (st == ZVM_OK) {
    qsort(all->list, all->count, sizeof *all->list, compare);
    st = check_aliases(all, err);
  }
  if (st == ZVM_OK)
    st = check_files(all, err);
  if (st == ZVM_OK)
    st = empty_files(all, err);
  if (st != ZVM_OK)
    zvm__channels_close(all);
  return st;
}


void zvm__channels_close(zvm__channels *all) {
  for (unsigned i = 0; i < all->count; i++)
    zvm__channel_free(&all->list[i]);
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
    /* The descriptor was the output's, or is closed by now. */
    ch->fd = -1;
    if (!succeeded) {
      zvm__output_discard(out);
      continue;
    }
    int os = zvm__output_commit(out);
    if (ch->os == 0)
      ch->os = os;
  }
}
