/*
** llimits.c - how much a channel may give and take, and what becomes of a
** guest that asks for more.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "lchannel.h"

#define BUFFER_PUT_BYTES (INT64_C(64) << 20) /* unless the caller says more */

#define MAY_GET 1
#define MAY_PUT 2

/* -- Directions ---------------------------------------------------------- */

bool zvm__alias_is_output(const char *alias) {
  return strcmp(alias, "/dev/stdout") == 0 ||
         strcmp(alias, "/dev/stderr") == 0;
}


bool zvm__alias_is_standard(const char *alias) {
  return strcmp(alias, "/dev/stdin") == 0 || zvm__alias_is_output(alias);
}


static int directions(const zvm_channel_options *ch) {
  switch (ch->source) {
  case ZVM_SOURCE_MEMORY:
    return MAY_GET;
  case ZVM_SOURCE_BUFFER:
    return MAY_GET | MAY_PUT;
  case ZVM_SOURCE_NULL:
    if (zvm__alias_is_standard(ch->alias))
      return zvm__alias_is_output(ch->alias) ? MAY_PUT : MAY_GET;
    return MAY_GET | MAY_PUT;
  case ZVM_SOURCE_CALL:
    return (ch->get != NULL ? MAY_GET : 0) | (ch->put != NULL ? MAY_PUT : 0);
  case ZVM_SOURCE_FILE:
  case ZVM_SOURCE_FD:
  case ZVM_SOURCE_URI:
  case ZVM_SOURCE_PIPE:
    break;
  }
  switch (ch->mode) {
  case ZVM_MODE_READ:
    return MAY_GET;
  case ZVM_MODE_WRITE:
  case ZVM_MODE_APPEND:
    return MAY_PUT;
  case ZVM_MODE_READ_WRITE:
    break;
  }
  return MAY_GET | MAY_PUT;
}


/* -- Limits -------------------------------------------------------------- */

void zvm__limits_default(zvm_channel_options *ch) {
  int may = directions(ch);
  int64_t get = may & MAY_GET ? ZVM_UNLIMITED : 0;
  int64_t put = may & MAY_PUT ? ZVM_UNLIMITED : 0;
  bool buffer = ch->source == ZVM_SOURCE_BUFFER;
  if (buffer)
    get = 0; /* reading back is for those who ask for it */
  ch->limits[ZVM_LIMIT_GETS] = get;
  ch->limits[ZVM_LIMIT_GET_SIZE] = get;
  ch->limits[ZVM_LIMIT_PUTS] = put;
  ch->limits[ZVM_LIMIT_PUT_SIZE] = buffer ? BUFFER_PUT_BYTES : put;
}


static bool read_limit(zvm__options *o, int index,
                       const zvm_channel_options *ch, int direction,
                       int64_t *out) {
  if (!zvm__options_limit(o, index, out))
    return false;
  if (*out > 0 && !(directions(ch) & direction))
    return zvm__options_fail(o, "this channel cannot be %s",
                             direction == MAY_GET ? "read" : "written");
  return true;
}


static bool read_gets(zvm__options *o, int index, void *out) {
  zvm_channel_options *ch = out;
  return read_limit(o, index, ch, MAY_GET, &ch->limits[ZVM_LIMIT_GETS]);
}


static bool read_get_bytes(zvm__options *o, int index, void *out) {
  zvm_channel_options *ch = out;
  return read_limit(o, index, ch, MAY_GET, &ch->limits[ZVM_LIMIT_GET_SIZE]);
}


static bool read_puts(zvm__options *o, int index, void *out) {
  zvm_channel_options *ch = out;
  return read_limit(o, index, ch, MAY_PUT, &ch->limits[ZVM_LIMIT_PUTS]);
}


static bool read_put_bytes(zvm__options *o, int index, void *out) {
  zvm_channel_options *ch = out;
  return read_limit(o, index, ch, MAY_PUT, &ch->limits[ZVM_LIMIT_PUT_SIZE]);
}


static bool read_file_size(zvm__options *o, int index, void *out) {
  zvm_channel_options *ch = out;
  if (ch->source != ZVM_SOURCE_FILE && ch->source != ZVM_SOURCE_FD)
    return zvm__options_fail(o, "only a channel with \"path\" or \"fd\" "
                             "is a file; put_bytes bounds the others");
  if (!read_limit(o, index, ch, MAY_PUT, &ch->file_size))
    return false;
  if (ch->file_size == 0)
    return zvm__options_fail(o, "more than 0 bytes expected; put_bytes = 0 "
                             "forbids to write");
  if (ch->file_size == ZVM_UNLIMITED)
    ch->file_size = 0;
  return true;
}


static bool read_table(zvm__options *o, int index, void *out) {
  static const char *const known[] = {"gets", "get_bytes", "puts",
                                      "put_bytes", "file_size", NULL};
  return zvm__options_table(o, index, known) &&
         zvm__options_read(o, index, "gets", read_gets, out) &&
         zvm__options_read(o, index, "get_bytes", read_get_bytes, out) &&
         zvm__options_read(o, index, "puts", read_puts, out) &&
         zvm__options_read(o, index, "put_bytes", read_put_bytes, out) &&
         zvm__options_read(o, index, "file_size", read_file_size, out);
}


static bool read_on_limit(zvm__options *o, int index, void *out) {
  static const char *const words[] = {"error", "stop", NULL};
  static const zvm_on_limit all[] = {ZVM_ON_LIMIT_ERROR, ZVM_ON_LIMIT_STOP};
  int which;
  if (!zvm__options_choice(o, index, words, &which))
    return false;
  *(zvm_on_limit *)out = all[which];
  return true;
}


bool zvm__on_limit_read(zvm__options *o, int index, zvm_on_limit *out) {
  return zvm__options_read(o, index, "on_limit", read_on_limit, out);
}


bool zvm__limits_read(zvm__options *o, int index, zvm_channel_options *ch) {
  return zvm__options_read(o, index, "limits", read_table, ch) &&
         zvm__on_limit_read(o, index, &ch->on_limit);
}
