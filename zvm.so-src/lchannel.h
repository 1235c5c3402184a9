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

/* `index` is that of the table, or 0 if there is none. */
bool zvm__channels_read(zvm__options *o, int index, zvm__channels *out);

/* -- Limits (llimits.c) -------------------------------------------------- */

bool zvm__alias_is_output(const char *alias);   /* stdout or stderr */
bool zvm__alias_is_standard(const char *alias); /* or stdin         */

/* What follows from source and mode. */
void zvm__limits_default(zvm_channel_options *ch);
/* `limits` and `on_limit` of the channel in the table at `index`. */
bool zvm__limits_read(zvm__options *o, int index, zvm_channel_options *ch);
/* `on_limit` of the table at `index`: a channel's, or that of zvm.run. */
bool zvm__on_limit_read(zvm__options *o, int index, zvm_on_limit *out);

/* -- Etags --------------------------------------------------------------- */

/* true, false, or the name of a digest: a zvm__reader; `out` is a zvm_etag. */
bool zvm__etag_read(zvm__options *o, int index, void *out);

/* -- Report -------------------------------------------------------------- */

/* The channel of that alias; it exists. */
size_t zvm__channels_find(const zvm__channels *chs, const char *alias);

#endif
