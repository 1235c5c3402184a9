/*
** digest.h - SHA-256, SHA-1 and MD5, from libcrypto, behind three calls and
** a one-shot.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_BASE_DIGEST_H
#define ZVM_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zvm.h"

#define ZVM__DIGEST_SIZE 32 /* of the longest, and of SHA-256 */

typedef struct zvm__digest zvm__digest;

/* Is it one of the enumeration's values? Callers and wires may say anything. */
bool zvm__digest_is_known(zvm_etag algorithm);

/* NULL when there is no memory, or for an algorithm that is none. */
zvm__digest *zvm__digest_init(zvm_etag algorithm);
bool zvm__digest_update(zvm__digest *d, const void *bytes, size_t size);
/*
** Writes the result if `out` is not NULL, zeros behind it, and frees `d` in
** any case. NULL is fine, and gives false.
*/
bool zvm__digest_final(zvm__digest *d, uint8_t out[ZVM__DIGEST_SIZE]);

/* The SHA-256 of one piece. False when libcrypto fails. */
bool zvm__digest_of(const void *bytes, size_t size,
                    uint8_t out[ZVM__DIGEST_SIZE]);

#endif
