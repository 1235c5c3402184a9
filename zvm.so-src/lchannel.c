/*
** lchannel.c - the specification of one channel, from Lua to C.
**
** Only the form is checked here; whether a path opens or an alias is well
** made is for the core to say.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lrun.h"

/* -- Source -------------------------------------------------------------- */

/* A channel while it is read, and the name of its source. */
typedef struct draft {
  zvm_channel_options *ch;
  const char *source; /* NULL while none was given */
} draft;


static bool set_source(zvm__options *o, draft *d, zvm_source source,
                       const char *name) {
  if (d->source != NULL)
    return zvm__options_fail(o, "a channel has one source, and \"%s\" is "
                             "given too", d->source);
  d->ch->source = source;
  d->source = name;
  return true;
}


static bool read_path(zvm__options *o, int index, void *out) {
  draft *d = out;
  return zvm__options_text(o, index, &d->ch->path) &&
         set_source(o, d, ZVM_SOURCE_FILE, "path");
}


static bool read_bytes(zvm__options *o, int index, void *out) {
  draft *d = out;
  const char *bytes;
  if (!zvm__options_bytes(o, index, &bytes, &d->ch->size))
    return false;
  d->ch->data = bytes;
  return set_source(o, d, ZVM_SOURCE_MEMORY, "data");
}


static bool read_buffer(zvm__options *o, int index, void *out) {
  bool given;
  return zvm__options_flag(o, index, &given) &&
         (!given || set_source(o, out, ZVM_SOURCE_BUFFER, "buffer"));
}


static bool read_fd(zvm__options *o, int index, void *out) {
  draft *d = out;
  int64_t fd;
  if (!zvm__options_integer(o, index, 0, INT32_MAX, &fd))
    return false;
  d->ch->fd = (int)fd;
  return set_source(o, d, ZVM_SOURCE_FD, "fd");
}


static bool read_null(zvm__options *o, int index, void *out) {
  bool given;
  return zvm__options_flag(o, index, &given) &&
         (!given || set_source(o, out, ZVM_SOURCE_NULL, "null"));
}


/* What is not one is the core's to refuse, with what it expects. */
static bool read_uri(zvm__options *o, int index, void *out) {
  draft *d = out;
  if (!zvm__options_text(o, index, &d->ch->uri) ||
      !set_source(o, d, ZVM_SOURCE_URI, "uri"))
    return false;
  (void)zvm_uri_resolve(d->ch, NULL);
  return true;
}


/* `read` and `write` are one source. */
static bool read_call(zvm__options *o, int index, draft *d, const char *name,
                      bool get) {
  if (d->source == NULL || d->ch->source != ZVM_SOURCE_CALL) {
    if (!set_source(o, d, ZVM_SOURCE_CALL, name))
      return false;
  }
  return zvm__call_read(o, index, d->ch, get);
}


static bool read_read(zvm__options *o, int index, void *out) {
  return read_call(o, index, out, "read", true);
}


static bool read_write(zvm__options *o, int index, void *out) {
  return read_call(o, index, out, "write", false);
}


static bool read_pipe(zvm__options *o, int index, void *out) {
  draft *d = out;
  return zvm__pipe_read(o, index, &d->ch->pipe) &&
         set_source(o, d, ZVM_SOURCE_PIPE, "pipe");
}


static bool read_listen(zvm__options *o, int index, void *out) {
  zvm_channel_options *ch = out;
  if (!zvm__options_flag(o, index, &ch->listen))
    return false;
  if (ch->listen && ch->source != ZVM_SOURCE_URI && ch->source != ZVM_SOURCE_FD)
    return zvm__options_fail(o, "only a channel with \"uri\" tcp: or unix:, "
                             "or with \"fd\", can listen");
  return true;
}


/* At most one. */
static bool read_source(zvm__options *o, int index, draft *d) {
  return zvm__options_read(o, index, "path", read_path, d) &&
         zvm__options_read(o, index, "data", read_bytes, d) &&
         zvm__options_read(o, index, "buffer", read_buffer, d) &&
         zvm__options_read(o, index, "fd", read_fd, d) &&
         zvm__options_read(o, index, "null", read_null, d) &&
         zvm__options_read(o, index, "uri", read_uri, d) &&
         zvm__options_read(o, index, "read", read_read, d) &&
         zvm__options_read(o, index, "write", read_write, d) &&
         zvm__options_read(o, index, "pipe", read_pipe, d) &&
         zvm__options_read(o, index, "listen", read_listen, d->ch);
}


bool zvm__image_source_read(zvm__options *o, int index,
                            zvm_channel_options *ch) {
  draft d = {ch, NULL};
  if (lua_type(o->L, index) == LUA_TSTRING)
    return read_path(o, index, &d);
  if (!zvm__options_read(o, index, "path", read_path, &d) ||
      !zvm__options_read(o, index, "file", read_path, &d) ||
      !zvm__options_read(o, index, "data", read_bytes, &d) ||
      !zvm__options_read(o, index, "string", read_bytes, &d) ||
      !zvm__options_read(o, index, "fd", read_fd, &d) ||
      !zvm__options_read(o, index, "uri", read_uri, &d))
    return false;
  if (d.source == NULL)
    return zvm__options_fail(o, "no source: one of path, data, fd or uri "
                             "expected");
  return true;
}


/* -- Mode and type ------------------------------------------------------- */

static bool read_mode(zvm__options *o, int index, void *out) {
  static const char *const words[] = {"r", "w", "a", "r+", NULL};
  static const zvm_mode all[] = {ZVM_MODE_READ, ZVM_MODE_WRITE,
                                 ZVM_MODE_APPEND, ZVM_MODE_READ_WRITE};
  zvm_channel_options *ch = out;
  int which;
  if (ch->source != ZVM_SOURCE_FILE && ch->source != ZVM_SOURCE_FD &&
      ch->source != ZVM_SOURCE_URI && ch->source != ZVM_SOURCE_PIPE)
    return zvm__options_fail(o, "only a channel with \"path\", \"fd\", "
                             "\"uri\" or \"pipe\" has a mode");
  if (!zvm__options_choice(o, index, words, &which))
    return false;
  ch->mode = all[which];
  return true;
}


/*
** Whether there is a file to go to and fro in. One that does not exist is
** going to be made; one that is there to be read and has no size may be one
** that the kernel makes up, which is a stream.
*/
static bool is_file(const zvm_channel_options *ch) {
  struct stat st;
  int failed = ch->source == ZVM_SOURCE_FD ? fstat(ch->fd, &st)
                                           : stat(ch->path, &st);
  if (failed != 0)
    return ch->source == ZVM_SOURCE_FILE;
  return S_ISREG(st.st_mode) &&
         (st.st_size > 0 || ch->mode != ZVM_MODE_READ);
}


static int default_type(const zvm_channel_options *ch) {
  if (zvm__alias_is_standard(ch->alias))
    return ZVM_TYPE_SGET_SPUT;
  switch (ch->source) {
  case ZVM_SOURCE_MEMORY:
    return ZVM_TYPE_RGET_RPUT;
  case ZVM_SOURCE_FILE:
  case ZVM_SOURCE_FD:
    if (!is_file(ch))
      return ZVM_TYPE_SGET_SPUT;
    return ch->mode == ZVM_MODE_APPEND ? ZVM_TYPE_RGET_SPUT
                                       : ZVM_TYPE_RGET_RPUT;
  case ZVM_SOURCE_NULL:
  case ZVM_SOURCE_BUFFER:
  case ZVM_SOURCE_URI:
  case ZVM_SOURCE_CALL:
  case ZVM_SOURCE_PIPE:
    break;
  }
  return ZVM_TYPE_SGET_SPUT;
}


static bool read_type(zvm__options *o, int index, void *out) {
  int64_t type;
  if (!zvm__options_integer(o, index, ZVM_TYPE_SGET_SPUT,
                            ZVM_TYPE_RGET_RPUT, &type))
    return false;
  ((zvm_channel_options *)out)->type = (int)type;
  return true;
}


/* -- Etag ---------------------------------------------------------------- */

bool zvm__etag_read(zvm__options *o, int index, void *out) {
  static const char *const words[] = {"sha256", "sha1", "md5", NULL};
  static const zvm_etag all[] = {ZVM_ETAG_SHA256, ZVM_ETAG_SHA1,
                                 ZVM_ETAG_MD5};
  zvm_etag *etag = out;
  int which;
  if (lua_isboolean(o->L, index)) {
    *etag = lua_toboolean(o->L, index) ? ZVM_ETAG_SHA256 : ZVM_ETAG_NONE;
    return true;
  }
  if (lua_type(o->L, index) != LUA_TSTRING)
    return zvm__options_mismatch(o, index, "boolean or name of a digest");
  if (!zvm__options_choice(o, index, words, &which))
    return false;
  *etag = all[which];
  return true;
}


/* -- Partial ------------------------------------------------------------- */

static bool read_partial(zvm__options *o, int index, void *out) {
  zvm_channel_options *ch = out;
  if (!zvm__options_flag(o, index, &ch->partial))
    return false;
  if (ch->partial &&
      (ch->source != ZVM_SOURCE_FILE || ch->mode != ZVM_MODE_WRITE))
    return zvm__options_fail(o, "only a channel with \"path\" and mode \"w\" "
                             "can be partial; others are written in place");
  return true;
}


/* -- Slice --------------------------------------------------------------- */

static bool read_slice(zvm__options *o, int index, void *out) {
  static const char *const names[] = {"1", "2"};
  zvm_channel_options *ch = out;
  int64_t *to[] = {&ch->slice_from, &ch->slice_size};
  int i;
  if ((ch->source != ZVM_SOURCE_FILE && ch->source != ZVM_SOURCE_FD) ||
      ch->mode != ZVM_MODE_READ)
    return zvm__options_fail(o, "only a channel with \"path\" or \"fd\" and "
                             "mode \"r\" can be a slice");
  if (!lua_istable(o->L, index) || !zvm__is_list(o->L, index) ||
      lua_objlen(o->L, index) != 2)
    return zvm__options_fail(o, "{ offset, length } expected");
  for (i = 0; i < 2; i++) {
    size_t mark = zvm__options_enter(o, names[i]);
    lua_rawgeti(o->L, index, i + 1);
    if (!zvm__options_integer(o, lua_gettop(o->L), 0,
                              (int64_t)1 << 53, to[i]))
      return false;
    lua_pop(o->L, 1);
    zvm__options_leave(o, mark);
  }
  ch->slice = true;
  return true;
}


/* -- One channel --------------------------------------------------------- */

static void set_default_source(zvm_channel_options *ch) {
  ch->source = zvm__alias_is_output(ch->alias) ? ZVM_SOURCE_BUFFER
                                               : ZVM_SOURCE_NULL;
}


/* What follows from source and mode unless the caller says otherwise. */
static bool read_rights(zvm__options *o, int index, zvm_channel_options *ch) {
  ch->mode = zvm__alias_is_output(ch->alias) ? ZVM_MODE_WRITE : ZVM_MODE_READ;
  if (!zvm__options_read(o, index, "mode", read_mode, ch))
    return false;
  ch->type = default_type(ch);
  zvm__limits_default(ch);
  return zvm__options_read(o, index, "type", read_type, ch) &&
         zvm__limits_read(o, index, ch) &&
         zvm__options_read(o, index, "etag", zvm__etag_read, &ch->etag) &&
         zvm__options_read(o, index, "partial", read_partial, ch) &&
         zvm__options_read(o, index, "slice", read_slice, ch);
}


static bool read_table(zvm__options *o, int index, draft *d) {
  static const char *const known[] = {
    "path", "data", "buffer", "fd", "null", "uri", "read", "write", "pipe",
    "listen", "mode", "type", "limits", "on_limit", "etag", "partial",
    "slice", NULL,
  };
  if (!zvm__options_table(o, index, known) || !read_source(o, index, d))
    return false;
  if (d->source == NULL) {
    if (!zvm__alias_is_standard(d->ch->alias))
      return zvm__options_fail(o, "no source: one of path, data, buffer, fd, "
                               "null, uri, read, write or pipe expected");
    set_default_source(d->ch);
  }
  return read_rights(o, index, d->ch);
}


static bool read_spec(zvm__options *o, int index, void *out) {
  draft d = {out, NULL};
  switch (lua_type(o->L, index)) {
  case LUA_TTABLE:
    return read_table(o, index, &d);
  case LUA_TSTRING:
    if (!read_bytes(o, index, &d))
      return false;
    d.ch->type = default_type(d.ch);
    zvm__limits_default(d.ch);
    return true;
  default:
    return zvm__options_mismatch(o, index, "string or table");
  }
}


bool zvm__channel_read(zvm__options *o, int index, const char *name,
                       zvm_channel_options *ch) {
  set_default_source(ch);
  ch->type = default_type(ch);
  zvm__limits_default(ch);
  return index == 0 || zvm__options_read(o, index, name, read_spec, ch);
}
