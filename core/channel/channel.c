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
#include <string.h>
#include <sys/socket.h>

#include "base/num.h"
#include "limits.h"
#include "output.h"


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


/* -- Limits -------------------------------------------------------------- */

static void note_over(zvm__channel *ch, zvm_limited what) {
  if (ch->over == ZVM_LIMITED_NONE)
    ch->over = what;
}


static int64_t refuse(zvm__channel *ch, zvm_limited what) {
  note_over(ch, what);
  return what == ZVM_LIMITED_FILE_SIZE ? -EFBIG : -EDQUOT;
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
  /*
  ** The end is free: who may read at all may always find out that there is no
  ** more, its quota used up or not.
  */
  int64_t known = ch->source->size(ch);
  if (ch->limits[ZVM_LIMIT_GETS] > 0 &&
      (ch->ended || (known >= 0 && offset >= known)))
    return 0;
  if (!zvm__limit_allows(ch, ZVM_LIMIT_GETS))
    return refuse(ch, ZVM_LIMITED_GETS);
  if (known >= 0) /* a file may have grown since */
    size = zvm__min(size, known - offset);
  int64_t asked = size;
  size = zvm__limit_charge(ch, ZVM_LIMIT_GETS, size);
  if (size == 0)
    return refuse(ch, ZVM_LIMITED_GET_SIZE);

  size_t moved = 0;
  int os = get_pieces(ch, to, (size_t)size, offset, &moved);
  zvm__limit_refund(ch, ZVM_LIMIT_GETS, size - (int64_t)moved);
  if (!random)
    ch->get_pos += (int64_t)moved;
  if (os == 0 && moved == 0)
    ch->used[ZVM_LIMIT_GETS]--; /* a stream's end, and it was not known */
  if (os == 0 && known < 0 && (int64_t)moved < size)
    ch->ended = true;
  else if (os == 0 && (int64_t)moved == size && size < asked)
    note_over(ch, ZVM_LIMITED_GET_SIZE);
  return result(ch, os, moved);
}


/* -- Put ----------------------------------------------------------------- */

/*
** Random puts may leave holes, which the guest does not pay for. The
** furthest byte is therefore bounded by what sequential puts could reach.
*/
static int64_t furthest_random(const zvm__channel *ch) {
  int64_t most;
  if (__builtin_add_overflow(ch->base_size, ch->limits[ZVM_LIMIT_PUT_SIZE],
                             &most))
    return INT64_MAX;
  return most;
}


/* What fits; if that is less than `size`, *why says for want of what. */
static int64_t clip(int64_t size, int64_t room, zvm_limited what,
                    zvm_limited *why) {
  if (size <= room)
    return size;
  *why = what;
  return room < 0 ? 0 : room;
}


/* Where sequential puts go; a stream's place matters for its limit only. */
static int64_t next_put(const zvm__channel *ch) {
  if (ch->source->place == NULL || ch->file_size == ZVM_UNLIMITED)
    return ch->put_pos;
  return ch->source->place(ch);
}


static int64_t clip_put(const zvm__channel *ch, int64_t size, int64_t offset,
                        zvm_limited *why) {
  *why = ZVM_LIMITED_NONE;
  if (ch->file_size != ZVM_UNLIMITED)
    size = clip(size, ch->file_size - offset, ZVM_LIMITED_FILE_SIZE, why);
  if (zvm__channel_puts_random(ch))
    size = clip(size, furthest_random(ch) - offset, ZVM_LIMITED_PUT_SIZE,
                why);
  return clip(size,
              ch->limits[ZVM_LIMIT_PUT_SIZE] - ch->used[ZVM_LIMIT_PUT_SIZE],
              ZVM_LIMITED_PUT_SIZE, why);
}


/* Apart, so that a short put has no registers to save for it. */
__attribute__((noinline)) static int64_t
put_any(zvm__channel *ch, const void *from, int64_t size, int64_t offset) {
  bool random = zvm__channel_puts_random(ch);
  zvm_limited why;
  if (size == 0)
    return 0;
  if (random && offset < 0)
    return -EINVAL;
  if (!zvm__limit_allows(ch, ZVM_LIMIT_PUTS))
    return refuse(ch, ZVM_LIMITED_PUTS);
  if (!random)
    offset = next_put(ch);
  size = clip_put(ch, size, offset, &why);
  if (size == 0)
    return refuse(ch, why);
  size = zvm__limit_charge(ch, ZVM_LIMIT_PUTS, size);

  size_t moved = 0;
  int os = put_pieces(ch, from, (size_t)size, offset, &moved);
  zvm__limit_refund(ch, ZVM_LIMIT_PUTS, size - (int64_t)moved);
  if (!random)
    ch->put_pos += (int64_t)moved;
  if (os == 0)
    note_over(ch, why);
  return result(ch, os, moved);
}


enum { SHORT = 4096 };

/*
** A sequential put to a buffer that has room for all of it, with nothing else
** to be done: what the general way comes to, in short. Such a buffer has no
** holes and no limit of file size: its puts go to its end. False if it is not
** one, and then nothing has happened.
*/
static inline bool put_shortly(zvm__channel *ch, const void *from,
                               int64_t size) {
  if ((uint64_t)size - 1 >= SHORT || ch->source != &zvm__source_buffer ||
      ch->digest != NULL || zvm__channel_puts_random(ch) ||
      !zvm__limit_allows(ch, ZVM_LIMIT_PUTS) ||
      size > ch->limits[ZVM_LIMIT_PUT_SIZE] - ch->used[ZVM_LIMIT_PUT_SIZE] ||
      (uint64_t)size > ch->room - ch->size)
    return false;
  (void)zvm__limit_charge(ch, ZVM_LIMIT_PUTS, size);
  memcpy(ch->bytes + ch->size, from, (size_t)size);
  ch->size += (size_t)size;
  ch->put_pos += size;
  return true;
}


int64_t zvm__channel_put(zvm__channel *ch, const void *from, int64_t size,
                         int64_t offset) {
  if (put_shortly(ch, from, size))
    return size;
  return put_any(ch, from, size, offset);
}


/* -- End ----------------------------------------------------------------- */

/*
** As long as the guest left it: what others append to a file meanwhile is not
** seen, and if they cut it, its end is where it ends. EINTR: stopped.
*/
static int digest_content(zvm__channel *ch, zvm__digest *d, void *room,
                          size_t size) {
  int64_t end = ch->source->size(ch);
  for (int64_t at = 0; at < end;) {
    size_t n = (size_t)zvm__min(end - at, (int64_t)size), got = 0;
    int os = ch->source->get(ch, room, n, at, &got);
    if (os != 0)
      return os;
    if (!zvm__digest_update(d, room, got))
      return ENOMEM;
    if (got < n)
      return 0;
    at += (int64_t)got;
    if (*ch->stop != 0 && at < end)
      return EINTR;
  }
  return 0;
}


bool zvm__channel_final(zvm__channel *ch) {
  enum { ROOM = 128 * 1024 };
  if (!ch->wants_final)
    return true;
  zvm__digest *d = zvm__digest_init(ch->algorithm);
  void *room = malloc(ROOM);
  int os = d != NULL && room != NULL ? digest_content(ch, d, room, ROOM)
                                     : ENOMEM;
  free(room);
  bool whole = zvm__digest_final(d, ch->final_etag);
  ch->has_final_etag = whole && os == 0;
  if (os != 0 && os != EINTR)
    note_error(ch, os);
  return os != EINTR;
}


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


void zvm__channel_shut(zvm__channel *ch) {
  if (ch->shuts && !ch->listens && ch->fd >= 0 &&
      zvm__fd_may_be(ch->fd, &ch->identity))
    (void)shutdown(ch->fd, SHUT_WR);
}


void zvm__channel_free(zvm__channel *ch) {
  zvm__channel_finish(ch);
  zvm__output_discard(ch->output);
  if (ch->source == &zvm__source_buffer)
    zvm__buffer_free(ch);
  free(ch->alias);
  *ch = (zvm__channel){.fd = -1};
}
