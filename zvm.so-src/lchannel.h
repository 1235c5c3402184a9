/*
** lchannel.h - the `channels` table of zvm.run as the core wants it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_LCHANNEL_H
#define ZVM_LCHANNEL_H

#include "loptions.h"

/* Sorted by alias, so that what is reported first does not vary. */
typedef struct zvm__channels {
  zvm_channel_options *list;
  const char **names; /* names[i] is what the caller calls list[i] */
  size_t count;
} zvm__channels;

/* -- The table (lchannels.c) --------------------------------------------- */

/* `index` is that of the table, or 0 if there is none. */
bool zvm__channels_read(zvm__options *o, int index, zvm__channels *out);
/*
** Room for `count` more, which zvm__channels_add puts in their places; `name`
** is what the caller is told it is called. False: there is one of that alias.
*/
void zvm__channels_grow(zvm__options *o, zvm__channels *chs, size_t count);
bool zvm__channels_add(zvm__options *o, zvm__channels *chs,
                       const zvm_channel_options *ch, const char *name);
/* The channel of that alias; it exists. */
size_t zvm__channels_find(const zvm__channels *chs, const char *alias);

/* -- One channel (lchannel.c) -------------------------------------------- */

/*
** The channel ch->alias, which the table at `index` may have under `name`;
** `index` is 0 if there is no table.
*/
bool zvm__channel_read(zvm__options *o, int index, const char *name,
                       zvm_channel_options *ch);
/*
** Where an image comes from: a path, or a table that has one source; `file`
** and `string` are other names of `path` and `data`.
*/
bool zvm__image_source_read(zvm__options *o, int index,
                            zvm_channel_options *ch);
/* true, false, or the name of a digest: a zvm__reader; `out` is a zvm_etag. */
bool zvm__etag_read(zvm__options *o, int index, void *out);

/* -- Pipes (lpipe.c) ----------------------------------------------------- */

typedef struct zvm__lpipe {
  zvm_pipe *p; /* NULL: closed */
  uint32_t timeout_ms; /* of the script's own ends; 0: none */
} zvm__lpipe;

/* A wait of the script's own end is of slices: Lua may run between them. */
enum { ZVM__SLICE_MS = 50 };
uint32_t zvm__pipe_slice_ms(const zvm__lpipe *lp); /* the first one */
/* Pushes nil, message, code: why less was read. ZVM_OK: the stream ended. */
int zvm__pipe_failure_push(lua_State *L, const zvm_error *err);

/* The script's own ends (lhostend.c): methods. */
int zvm__pipe_write(lua_State *L);
int zvm__pipe_get(lua_State *L);
int zvm__pipe_words(lua_State *L);
int zvm__pipe_list(lua_State *L);

bool zvm__pipe_read(zvm__options *o, int index, zvm_pipe **out);

/* -- Calls (lcall.c) ----------------------------------------------------- */

/* What the calls of one session share. */
typedef struct zvm__calls {
  lua_State *T;  /* on which they run; its stack is the anchor table     */
  int error;     /* places in that: of the first error,                  */
  int functions; /* and of our own                                       */
  bool failed;
  bool started;  /* by zvm.start: nobody need hold the session           */
  int busy;      /* being in one: the session may not go                 */
} zvm__calls;

/* Of one channel; the ctx of its functions. */
typedef struct zvm__call {
  zvm__calls *calls;
  int get, put;          /* places of the functions                      */
  int rest;              /* of what `get` gave last,                     */
  size_t at, len;        /* from where on it is not used yet, and its end */
  const char *get_place; /* "zvm.run: channels.x.read"                   */
  const char *put_place;
} zvm__call;

/* The function at `index` is the channel's `read`, or its `write`. */
bool zvm__call_read(zvm__options *o, int index, zvm_channel_options *ch,
                    bool get);
/* When all are read: NULL if there are none. */
zvm__calls *zvm__calls_bind(zvm__options *o, const zvm__channels *chs);
/* The session at `session` is started with them; it is over. */
void zvm__calls_start(lua_State *L, zvm__calls *calls, int session);
void zvm__calls_end(lua_State *L, zvm__calls *calls);
/* Whenever the core may have called, before anything else is done with `L`. */
void zvm__calls_settle(lua_State *L);
/* Raise the error that a call met, if one did. */
void zvm__calls_raise(lua_State *L, zvm__calls *calls);

/* -- Limits (llimits.c) -------------------------------------------------- */

bool zvm__alias_is_output(const char *alias);   /* stdout or stderr */
bool zvm__alias_is_standard(const char *alias); /* or stdin         */

/* What follows from source and mode. */
void zvm__limits_default(zvm_channel_options *ch);
/* `limits` and `on_limit` of the channel in the table at `index`. */
bool zvm__limits_read(zvm__options *o, int index, zvm_channel_options *ch);
/* `on_limit` of the table at `index`: a channel's, or that of zvm.run. */
bool zvm__on_limit_read(zvm__options *o, int index, zvm_on_limit *out);

#endif
