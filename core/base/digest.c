/*
** digest.c - digests, by libcrypto's plain functions.
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

#include <openssl/md5.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

struct zvm__digest {
  zvm_etag algorithm;
  union {
    SHA256_CTX sha256;
    SHA_CTX sha1;
    MD5_CTX md5;
  } of;
};

_Static_assert(SHA256_DIGEST_LENGTH == ZVM__DIGEST_SIZE &&
                   SHA_DIGEST_LENGTH < ZVM__DIGEST_SIZE &&
                   MD5_DIGEST_LENGTH < ZVM__DIGEST_SIZE,
               "room for each digest");


size_t zvm_etag_size(zvm_etag algorithm) {
  switch (algorithm) {
  case ZVM_ETAG_NONE:
    return 0;
  case ZVM_ETAG_SHA256:
    return SHA256_DIGEST_LENGTH;
  case ZVM_ETAG_SHA1:
    return SHA_DIGEST_LENGTH;
  case ZVM_ETAG_MD5:
    return MD5_DIGEST_LENGTH;
  }
  return 0;
}


const char *zvm_etag_name(zvm_etag algorithm) {
  switch (algorithm) {
  case ZVM_ETAG_NONE:
    return "none";
  case ZVM_ETAG_SHA256:
    return "sha256";
  case ZVM_ETAG_SHA1:
    return "sha1";
  case ZVM_ETAG_MD5:
    return "md5";
  }
  return "unknown";
}


bool zvm__digest_is_known(zvm_etag algorithm) {
  return algorithm == ZVM_ETAG_NONE || zvm_etag_size(algorithm) != 0;
}


static bool start(zvm__digest *d) {
  switch (d->algorithm) {
  case ZVM_ETAG_NONE:
    return false;
  case ZVM_ETAG_SHA256:
    return SHA256_Init(&d->of.sha256) == 1;
  case ZVM_ETAG_SHA1:
    return SHA1_Init(&d->of.sha1) == 1;
  case ZVM_ETAG_MD5:
    return MD5_Init(&d->of.md5) == 1;
  }
  return false;
}


zvm__digest *zvm__digest_init(zvm_etag algorithm) {
  zvm__digest *d = malloc(sizeof *d);
  if (d == NULL)
    return NULL;
  d->algorithm = algorithm;
  if (!start(d)) {
    free(d);
    return NULL;
  }
  return d;
}


bool zvm__digest_update(zvm__digest *d, const void *bytes, size_t size) {
  if (size == 0)
    return true;
  switch (d->algorithm) {
  case ZVM_ETAG_NONE:
    return false;
  case ZVM_ETAG_SHA256:
    return SHA256_Update(&d->of.sha256, bytes, size) == 1;
  case ZVM_ETAG_SHA1:
    return SHA1_Update(&d->of.sha1, bytes, size) == 1;
  case ZVM_ETAG_MD5:
    return MD5_Update(&d->of.md5, bytes, size) == 1;
  }
  return false;
}


static bool finish(zvm__digest *d, uint8_t *out) {
  switch (d->algorithm) {
  case ZVM_ETAG_NONE:
    return false;
  case ZVM_ETAG_SHA256:
    return SHA256_Final(out, &d->of.sha256) == 1;
  case ZVM_ETAG_SHA1:
    return SHA1_Final(out, &d->of.sha1) == 1;
  case ZVM_ETAG_MD5:
    return MD5_Final(out, &d->of.md5) == 1;
  }
  return false;
}


bool zvm__digest_final(zvm__digest *d, uint8_t out[ZVM__DIGEST_SIZE]) {
  if (d == NULL)
    return false;
  uint8_t result[ZVM__DIGEST_SIZE] = {0};
  bool ok = finish(d, result);
  free(d);
  if (ok && out != NULL)
    memcpy(out, result, sizeof result);
  return ok;
}


bool zvm__digest_of(const void *bytes, size_t size,
                    uint8_t out[ZVM__DIGEST_SIZE]) {
  SHA256_CTX sha;
  return SHA256_Init(&sha) == 1 &&
         (size == 0 || SHA256_Update(&sha, bytes, size) == 1) &&
         SHA256_Final(out, &sha) == 1;
}
