/*
** options.c - what the options of one channel say, before anything is opened.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "base/digest.h"
#include "open.h"

static const char *const limit_names[ZVM_LIMIT_COUNT] = {
    "gets", "get_size", "puts", "put_size"};


/* NULL if `alias` will do, else what is wrong with it. */
static const char *check_alias(const char *alias) {
  size_t len = strlen(alias);
  if (len > ZVM__ALIAS_MAX)
    return "alias is longer than 255 bytes";
  if (alias[0] != '/')
    return "alias is not an absolute path";
  for (const char *p = alias; *p != '\0'; p++)
    if (*p <= ' ' || *p > '~')
      return "alias has a byte that is not printable ASCII, or a space";
  for (const char *p = alias; *p == '/';) {
    size_t n = strcspn(p + 1, "/");
    if (n == 0)
      return "alias has an empty part";
    if ((n == 1 && p[1] == '.') || (n == 2 && p[1] == '.' && p[2] == '.'))
      return "alias has a part that is . or ..";
    p += 1 + n;
  }
  return NULL;
}


/* Sources that are streams whatever they lead to; `listen`. */
static zvm_status check_streams(const zvm_channel_options *o,
                                zvm_error *err) {
  if (o->listen && o->source != ZVM_SOURCE_URI && o->source != ZVM_SOURCE_FD)
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: only a uri tcp: or unix:, or a "
                     "descriptor, can listen",
                     o->alias);
  if (o->source != ZVM_SOURCE_URI && o->source != ZVM_SOURCE_CALL &&
      o->source != ZVM_SOURCE_PIPE)
    return ZVM_OK;
  if (o->type != ZVM_TYPE_SGET_SPUT)
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: a %s is a stream, so its type must be 0, "
                     "not %d",
                     o->alias,
                     o->source == ZVM_SOURCE_URI    ? "socket"
                     : o->source == ZVM_SOURCE_CALL ? "function"
                                                    : "pipe",
                     o->type);
  if (o->source == ZVM_SOURCE_URI && o->mode == ZVM_MODE_APPEND)
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: a socket is read, written or both, not "
                     "appended to",
                     o->alias);
  if (o->source == ZVM_SOURCE_PIPE && o->mode != ZVM_MODE_READ &&
      o->mode != ZVM_MODE_WRITE)
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: one end of a pipe is read or written",
                     o->alias);
  return ZVM_OK;
}


static zvm_status check_limits(const zvm_channel_options *o,
                               zvm_error *err) {
  for (int i = 0; i < ZVM_LIMIT_COUNT; i++)
    if (o->limits[i] < 0)
      return zvm__fail(err, ZVM_E_OPTION,
                       "channel %.80s: limit %s is negative", o->alias,
                       limit_names[i]);
  if ((unsigned)o->on_limit > ZVM_ON_LIMIT_STOP)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: unknown on_limit %d",
                     o->alias, (int)o->on_limit);
  if (o->file_size < 0)
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: limit file_size is negative", o->alias);
  if (o->file_size != 0 && o->source != ZVM_SOURCE_FILE &&
      o->source != ZVM_SOURCE_FD)
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: limit file_size is for files; put_size "
                     "bounds what others take",
                     o->alias);
  return ZVM_OK;
}


static zvm_status check_files(const zvm_channel_options *o, zvm_error *err) {
  if (o->mode == ZVM_MODE_APPEND &&
      (o->source == ZVM_SOURCE_FILE || o->source == ZVM_SOURCE_FD) &&
      o->type >= ZVM_TYPE_SGET_RPUT)
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: mode append does not go with random "
                     "puts (type %d)",
                     o->alias, o->type);
  if (o->slice && ((o->source != ZVM_SOURCE_FILE &&
                    o->source != ZVM_SOURCE_FD) ||
                   o->mode != ZVM_MODE_READ))
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: only a file that is read, of mode READ, "
                     "can be a slice",
                     o->alias);
  if (o->slice && (o->slice_from < 0 || o->slice_size < 0 ||
                   o->slice_from > INT64_MAX - o->slice_size))
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: a slice begins and ends from 0 to 2^63",
                     o->alias);
  if (o->partial &&
      (o->source != ZVM_SOURCE_FILE || o->mode != ZVM_MODE_WRITE))
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: partial is for a path of mode write",
                     o->alias);
  return ZVM_OK;
}


zvm_status zvm__channel_check(const zvm_channel_options *o, zvm_error *err) {
  if (o->alias == NULL)
    return zvm__fail(err, ZVM_E_OPTION, "channel without an alias");
  const char *wrong = check_alias(o->alias);
  if (wrong != NULL)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: %s", o->alias, wrong);
  if (o->type < ZVM_TYPE_SGET_SPUT || o->type > ZVM_TYPE_RGET_RPUT)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: type %d is not 0 to 3",
                     o->alias, o->type);
  zvm_status st = check_limits(o, err);
  if (st != ZVM_OK)
    return st;
  if ((unsigned)o->mode > ZVM_MODE_READ_WRITE)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: unknown mode %d",
                     o->alias, (int)o->mode);
  st = check_streams(o, err);
  if (st == ZVM_OK)
    st = check_files(o, err);
  if (st == ZVM_OK && !zvm__digest_is_known(o->etag))
    st = zvm__fail(err, ZVM_E_OPTION, "channel %.80s: unknown etag %d",
                   o->alias, (int)o->etag);
  return st;
}


zvm__rights zvm__channel_rights(const zvm_channel_options *o) {
  switch (o->source) {
  case ZVM_SOURCE_FILE:
  case ZVM_SOURCE_FD:
  case ZVM_SOURCE_URI:
  case ZVM_SOURCE_PIPE:
    return (zvm__rights){
        .get = o->mode == ZVM_MODE_READ || o->mode == ZVM_MODE_READ_WRITE,
        .put = o->mode != ZVM_MODE_READ};
  case ZVM_SOURCE_MEMORY:
    return (zvm__rights){.get = true};
  case ZVM_SOURCE_NULL:
  case ZVM_SOURCE_BUFFER:
    return (zvm__rights){.get = true, .put = true};
  case ZVM_SOURCE_CALL:
    return (zvm__rights){.get = o->get != NULL, .put = o->put != NULL};
  }
  return (zvm__rights){0};
}
