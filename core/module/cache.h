/*
** cache.h - verdicts that need not be reached again.
**
** Two places know that a module, by the SHA-256 of its file, was accepted:
** this process, for as long as it lives, and a directory that the caller
** names. Refusals are kept nowhere. docs/threat-model.md says who may write
** the directory.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_MODULE_CACHE_H
#define ZVM_MODULE_CACHE_H

#include "base/digest.h"
#include "zvm.h"

/* Did this process remember the digest, not too many modules ago? */
bool zvm__cache_remembers(const uint8_t digest[ZVM__DIGEST_SIZE])
    __attribute__((visibility("hidden")));
void zvm__cache_remember(const uint8_t digest[ZVM__DIGEST_SIZE])
    __attribute__((visibility("hidden")));

/*
** The directory, made if it is missing. -1 and an error when it cannot be
** had, or when another user could write it.
*/
int zvm__cache_open(const char *path, zvm_error *err)
    __attribute__((visibility("hidden")));

/*
** Does it hold this verdict of this very validator? An entry that is not as
** zvm__cache_store writes it, to the byte, is as good as none.
*/
bool zvm__cache_holds(int dir, const uint8_t digest[ZVM__DIGEST_SIZE])
    __attribute__((visibility("hidden")));

/* A verdict that cannot be stored is reached again the next time. */
void zvm__cache_store(int dir, const uint8_t digest[ZVM__DIGEST_SIZE])
    __attribute__((visibility("hidden")));

#endif
