/*
** open.c - one channel, from the caller's options.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "open.h"
#include "output.h"
#include "pipe.h"


/* Buffers, and regular files that can be read. */
static bool has_content(const zvm__channel *ch) {
  if (ch->source != &zvm__source_file)
    return ch->source == &zvm__source_buffer;
  int flags = fcntl(ch->fd, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) != O_WRONLY;
}


static bool start_etags(zvm__channel *ch, zvm_etag algorithm) {
  if (algorithm == ZVM_ETAG_NONE)
    return true;
  ch->algorithm = algorithm;
  ch->wants_final = zvm__channel_puts_random(ch) &&
                    ch->limits[ZVM_LIMIT_PUTS] > 0 &&
                    ch->limits[ZVM_LIMIT_PUT_SIZE] > 0 && has_content(ch);
  ch->digest = zvm__digest_init(algorithm);
  return ch->digest != NULL;
}


static zvm_status open_pipe(zvm__channel *ch, const zvm_channel_options *o,
                            zvm_error *err) {
  if (o->pipe == NULL)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: no pipe", o->alias);
  ch->fd = zvm__pipe_take(o->pipe, o->alias, o->mode, err);
  if (ch->fd < 0)
    return ZVM_E_CHANNEL;
  ch->pipe = o->pipe;
  ch->writes = o->mode == ZVM_MODE_WRITE;
  ch->owns_fd = true;
  ch->joint = true;
  ch->source = &zvm__source_ring;
  return ZVM_OK;
}


static zvm_status open_call(zvm__channel *ch, const zvm_channel_options *o,
                            zvm_error *err) {
  if (o->get == NULL && o->put == NULL)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: no function",
                     o->alias);
  ch->call_get = o->get;
  ch->call_put = o->put;
  ch->ctx = o->ctx;
  ch->source = &zvm__source_call;
  return ZVM_OK;
}


static zvm_status open_memory(zvm__channel *ch, const zvm_channel_options *o,
                              zvm_error *err) {
  if (o->data == NULL && o->size != 0)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: no data", o->alias);
  if (o->size > INT64_MAX)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: size is too large",
                     o->alias);
  ch->source = &zvm__source_memory;
  ch->bytes = (unsigned char *)(uintptr_t)o->data; /* only ever read */
  ch->size = o->size;
  ch->base_size = (int64_t)o->size;
  return ZVM_OK;
}


static zvm_status open_fd(zvm__channel *ch, const zvm_channel_options *o,
                          zvm_error *err) {
  zvm_status st = ZVM_OK;
  if (!ch->connects)
    st = zvm__channel_open_fd(ch, o, err);
  if (st == ZVM_OK && o->listen && !ch->listens)
    st = zvm__fail(err, ZVM_E_CHANNEL,
                   "channel %.80s: descriptor %d does not listen", o->alias,
                   o->fd);
  return st;
}


static zvm_status open_source(zvm__channel *ch, const zvm_channel_options *o,
                              zvm_error *err) {
  zvm_status st;
  switch (o->source) {
  case ZVM_SOURCE_NULL:
    ch->source = &zvm__source_null;
    return ZVM_OK;
  case ZVM_SOURCE_MEMORY:
    return open_memory(ch, o, err);
  case ZVM_SOURCE_BUFFER:
    ch->source = &zvm__source_buffer;
    ch->limits[ZVM_LIMIT_PUT_SIZE] =
        zvm__min(ch->limits[ZVM_LIMIT_PUT_SIZE], ZVM__BUFFER_MAX);
    return ZVM_OK;
  case ZVM_SOURCE_FILE:
    st = zvm__channel_open_path(ch, o, err);
    return st == ZVM_OK ? open_fd(ch, o, err) : st;
  case ZVM_SOURCE_FD:
    ch->fd = o->fd;
    return open_fd(ch, o, err);
  case ZVM_SOURCE_URI:
    return zvm__channel_open_socket(ch, o, err);
  case ZVM_SOURCE_CALL:
    return open_call(ch, o, err);
  case ZVM_SOURCE_PIPE:
    return open_pipe(ch, o, err);
  }
  return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: unknown source %d",
                   o->alias, (int)o->source);
}


/* After a failure: as if it had never been opened. */
static void abandon(zvm__channel *ch) {
  zvm__output_discard(ch->output);
  if (ch->pipe != NULL) {
    zvm__pipe_return(ch->pipe, ch->writes);
    ch->owns_fd = false;
  }
  zvm__socket_deaf(ch);
  if (ch->owns_fd && ch->fd >= 0)
    (void)close(ch->fd);
  free(ch->alias);
  *ch = (zvm__channel){.fd = -1};
}


static zvm_status fill(zvm__channel *ch, const zvm_channel_options *o,
                       zvm_error *err) {
  zvm__rights r = zvm__channel_rights(o);
  for (int i = 0; i < ZVM_LIMIT_COUNT; i++)
    if (i < ZVM_LIMIT_PUTS ? r.get : r.put)
      ch->limits[i] = o->limits[i];
  zvm_status st = open_source(ch, o, err);
  if (st != ZVM_OK)
    return st;
  ch->alias = strdup(o->alias);
  if (ch->alias == NULL)
    return zvm__fail(err, ZVM_E_NOMEM, "channel %.80s: not enough memory",
                     o->alias);
  if (!start_etags(ch, o->etag))
    return zvm__fail(err, ZVM_E_NOMEM, "channel %.80s: no %s", o->alias,
                     zvm_etag_name(o->etag));
  return ZVM_OK;
}


zvm_status zvm__channel_open(zvm__channel *ch,
                             const zvm_channel_options *given,
                             zvm_error *err) {
  static const volatile int never;
  zvm_channel_options o = *given;
  *ch = (zvm__channel){.fd = -1,
                       .peer = -1,
                       .type = o.type,
                       .stop = &never,
                       .stops = o.on_limit == ZVM_ON_LIMIT_STOP,
                       .file_size = o.file_size != 0 ? o.file_size
                                                     : ZVM_UNLIMITED};
  zvm_status st = ZVM_OK;
  if (o.source == ZVM_SOURCE_URI && o.alias != NULL)
    st = zvm_uri_resolve(&o, err);
  if (st == ZVM_OK)
    st = zvm__channel_check(&o, err);
  if (st != ZVM_OK)
    return st;
  st = fill(ch, &o, err);
  if (st != ZVM_OK)
    abandon(ch);
  return st;
}
