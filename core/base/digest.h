/*
** digest.h - SHA-256, from libcrypto, behind three calls and a one-shot.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_BASE_DIGEST_H
#define ZVM_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZVM__DIGEST_SIZE 32

typedef struct zvm__digest zvm__digest;

/* NULL when libcrypto has no memory or no SHA-256. */
zvm__digest *zvm__digest_init(void);
bool zvm__digest_update(zvm__digest *d, const void *bytes, size_t size);
/*
** Writes the result if `out` is not NULL, and frees `d` in any case. NULL
** is fine, and gives false.
*/
bool zvm__digest_final(zvm__digest *d, uint8_t out[ZVM__DIGEST_SIZE]);

/* The digest of one piece. False when libcrypto fails. */
bool zvm__digest_of(const void *bytes, size_t size,
                    uint8_t out[ZVM__DIGEST_SIZE]);

#endif
