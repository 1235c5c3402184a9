/*
** channel.c - what all sources have in common: rights, limits, positions,
** etag.
**
** Charge before act: a call is paid for before the source is touched, and
** bytes that did not move are given back. A source without a direction has
** limits of zero for it, so that a right one does not have and a right one
** has used up look the same to the guest: -EDQUOT.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "channel.h"

#include <errno.h>
#include <stdlib.h>

#include "base/num.h"
#include "limits.h"


static void note_error(zvm__channel *ch, int os) {
  if (ch->os == 0)
    ch->os = os;
}


static void add_to_etag(zvm__channel *ch, const void *bytes, size_t size) {
  if (ch->digest == NULL || zvm__digest_update(ch->digest, bytes, size))
    return;
  (void)zvm__digest_final(ch->digest, NULL);
  ch->digest = NULL;
  note_error(ch, ENOMEM);
}


/* The guest learns that the host failed; the report says how. */
static int64_t result(zvm__channel *ch, int os, size_t moved) {
  if (os == 0)
    return (int64_t)moved;
  if (os == EINTR)
    return -EINTR; /* the run is being stopped */
  note_error(ch, os);
  return -EIO;
}


/* -- Pieces -------------------------------------------------------------- */

/*
** A run that is ended meanwhile goes no further than the next piece. What a
** digest has seen is what moved.
*/
enum { PIECE = 1 << 20 };

static int get_pieces(zvm__channel *ch, char *to, size_t size,
                      int64_t offset, size_t *moved) {
  while (*moved < size) {
    size_t n = size - *moved < PIECE ? size - *moved : PIECE, got = 0;
    int os = ch->source->get(ch, to + *moved, n, offset + (int64_t)*moved,
                             &got);
    add_to_etag(ch, to + *moved, got);
    *moved += got;
    if (os != 0 || got < n)
      return os;
    if (*ch->stop != 0 && *moved < size)
      return EINTR;
  }
  return 0;
}


static int put_pieces(zvm__channel *ch, const char *from, size_t size,
                      int64_t offset, size_t *moved) {
  while (*moved < size) {
    size_t n = size - *moved < PIECE ? size - *moved : PIECE, put = 0;
    int os = ch->source->put(ch, from + *moved, n, offset + (int64_t)*moved,
                             &put);
    add_to_etag(ch, from + *moved, put);
    *moved += put;
    if (os != 0 || put < n)
      return os;
    if (*ch->stop != 0 && *moved < size)
      return EINTR;
  }
  return 0;
}


/* -- Get ----------------------------------------------------------------- */

int64_t zvm__channel_get(zvm__channel *ch, void *to, int64_t size,
                         int64_t offset) {
  bool random = zvm__channel_gets_random(ch);
  if (size == 0)
    return 0;
  if (random && offset < 0)
    return -EINVAL;
  if (!random)
    offset = ch->get_pos;
  if (!zvm__limit_allows(ch, ZVM_LIMIT_GETS))
    return -EDQUOT;
  /* The end is free: a guest may always find out that there is no more. */
  int64_t known = ch->source->size(ch);
  if (ch->ended || (known >= 0 && offset >= known))
    return 0;
  if (known >= 0) /* a file may have grown since */
    size = zvm__min(size, known - offset);
  size = zvm__limit_charge(ch, ZVM_LIMIT_GETS, size);
  if (size == 0)
    return -EDQUOT;

  size_t moved = 0;
  int os = get_pieces(ch, to, (size_t)size, offset, &moved);
  zvm__limit_refund(ch, ZVM_LIMIT_GETS, size - (int64_t)moved);
  if (!random)
    ch->get_pos += (int64_t)moved;
  if (os == 0 && known < 0 && (int64_t)moved < size)
    ch->ended = true;
  return result(ch, os, moved);
}


/* -- Put ----------------------------------------------------------------- */

/*
** Random puts may leave holes, which the guest does not pay for. The
** furthest byte is therefore bounded by what sequential puts could reach.
*/
static int64_t clip_extent(const zvm__channel *ch, int64_t size,
                           int64_t offset) {
  int64_t most;
  if (__builtin_add_overflow(ch->base_size, ch->limits[ZVM_LIMIT_PUT_SIZE],
                             &most))
    most = INT64_MAX;
  return offset >= most ? 0 : zvm__min(size, most - offset);
}


int64_t zvm__channel_put(zvm__channel *ch, const void *from, int64_t size,
                         int64_t offset) {
  bool random = zvm__channel_puts_random(ch);
  if (size == 0)
    return 0;
  if (random && offset < 0)
    return -EINVAL;
  if (!zvm__limit_allows(ch, ZVM_LIMIT_PUTS))
    return -EDQUOT;
  if (random)
    size = clip_extent(ch, size, offset);
  else
    offset = ch->put_pos;
  size = size > 0 ? zvm__limit_charge(ch, ZVM_LIMIT_PUTS, size) : 0;
  if (size == 0)
    return -EDQUOT;

  size_t moved = 0;
  int os = put_pieces(ch, from, (size_t)size, offset, &moved);
  zvm__limit_refund(ch, ZVM_LIMIT_PUTS, size - (int64_t)moved);
  if (!random)
    ch->put_pos += (int64_t)moved;
  return result(ch, os, moved);
}


/* -- End ----------------------------------------------------------------- */

void zvm__channel_finish(zvm__channel *ch) {
  if (ch->digest != NULL) {
    ch->has_etag = zvm__digest_final(ch->digest, ch->etag);
    ch->digest = NULL;
  }
  if (ch->source != NULL && ch->source->close != NULL) {
    int os = ch->source->close(ch);
    if (os != 0)
      note_error(ch, os);
  }
}


void zvm__channel_free(zvm__channel *ch) {
  zvm__channel_finish(ch);
  if (ch->source == &zvm__source_buffer)
    free(ch->bytes);
  free(ch->alias);
  *ch = (zvm__channel){.fd = -1};
}
