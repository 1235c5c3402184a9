/*
** manifest.h - the read-only block that tells a guest what it has.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_SESSION_MANIFEST_H
#define ZVM_SESSION_MANIFEST_H

#include "channel/channel.h"
#include "memory/map.h"

typedef struct zvm__manifest {
  uint8_t *bytes; /* owned */
  size_t size;
} zvm__manifest;

enum { ZVM__STRINGS_MAX = 1 << 20 }; /* bytes of args and env together */

/* Will what it is made of do? Asked before anything is opened. */
zvm_status zvm__manifest_check(const zvm_session_options *opt,
                               zvm_error *err);

/*
** Plan room for it in `map`, and write it for the place planned. Strings
** are copied.
*/
zvm_status zvm__manifest_make(zvm__manifest *out, zvm__map *map,
                              const zvm__channels *channels,
                              const zvm_session_options *opt,
                              zvm_error *err);
void zvm__manifest_free(zvm__manifest *manifest);

#endif
