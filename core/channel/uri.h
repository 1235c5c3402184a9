/*
** uri.h - what a channel's `uri` names.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_CHANNEL_URI_H
#define ZVM_CHANNEL_URI_H

#include "base/error.h"

typedef struct zvm__uri {
  enum {
    ZVM__URI_FILE,
    ZVM__URI_FD,
    ZVM__URI_NULL,
    ZVM__URI_TCP,
    ZVM__URI_UNIX,
  } scheme;
  const char *path; /* FILE and UNIX: in the text that was parsed */
  int fd;
  char host[256]; /* TCP: without brackets */
  char port[8];   /* TCP: "1" to "65535"   */
} zvm__uri;

/* ZVM_E_OPTION, with a message that begins with the alias. */
zvm_status zvm__uri_parse(zvm__uri *out, const char *alias, const char *text,
                          zvm_error *err);

#endif
