/*
** digest.c - SHA-256 over libcrypto's EVP interface.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "digest.h"

#include <openssl/evp.h>

/* zvm__digest is never defined: it is libcrypto's context by our name. */
static EVP_MD_CTX *context(zvm__digest *d) {
  return (EVP_MD_CTX *)(void *)d;
}


zvm__digest *zvm__digest_init(void) {
  EVP_MD_CTX *c = EVP_MD_CTX_new();
  if (c == NULL)
    return NULL;
  if (EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1) {
    EVP_MD_CTX_free(c);
    return NULL;
  }
  return (zvm__digest *)(void *)c;
}


bool zvm__digest_update(zvm__digest *d, const void *bytes, size_t size) {
  return size == 0 || EVP_DigestUpdate(context(d), bytes, size) == 1;
}


bool zvm__digest_final(zvm__digest *d, uint8_t out[ZVM__DIGEST_SIZE]) {
  if (d == NULL)
    return false;
  uint8_t discard[ZVM__DIGEST_SIZE];
  bool ok = EVP_DigestFinal_ex(context(d), out != NULL ? out : discard,
                               NULL) == 1;
  EVP_MD_CTX_free(context(d));
  return ok;
}


bool zvm__digest_of(const void *bytes, size_t size,
                    uint8_t out[ZVM__DIGEST_SIZE]) {
  return EVP_Digest(bytes, size, out, NULL, EVP_sha256(), NULL) == 1;
}
