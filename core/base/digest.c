/*
** digest.c - SHA-256, by libcrypto's plain functions.
**
** Not by EVP: that brings providers, configuration and a table of all
** algorithms into each process that asks for one digest, and the worker is
** linked statically to be small. The plain functions are deprecated since
** OpenSSL 3 and part of all its versions.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define OPENSSL_SUPPRESS_DEPRECATED
#include "digest.h"

#include <openssl/sha.h>
#include <stdlib.h>

struct zvm__digest {
  SHA256_CTX sha;
};


zvm__digest *zvm__digest_init(void) {
  zvm__digest *d = malloc(sizeof *d);
  if (d != NULL && SHA256_Init(&d->sha) != 1) {
    free(d);
    return NULL;
  }
  return d;
}


bool zvm__digest_update(zvm__digest *d, const void *bytes, size_t size) {
  return size == 0 || SHA256_Update(&d->sha, bytes, size) == 1;
}


bool zvm__digest_final(zvm__digest *d, uint8_t out[ZVM__DIGEST_SIZE]) {
  if (d == NULL)
    return false;
  uint8_t discard[ZVM__DIGEST_SIZE];
  bool ok = SHA256_Final(out != NULL ? out : discard, &d->sha) == 1;
  free(d);
  return ok;
}


bool zvm__digest_of(const void *bytes, size_t size,
                    uint8_t out[ZVM__DIGEST_SIZE]) {
  SHA256_CTX sha;
  return SHA256_Init(&sha) == 1 &&
         (size == 0 || SHA256_Update(&sha, bytes, size) == 1) &&
         SHA256_Final(out, &sha) == 1;
}
