/*
** fingerprint.c - digests of bytes and of files.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"

enum { PIECE = 256 * 1024 };


static zvm_status check(zvm_etag algorithm, zvm_error *err) {
  if (algorithm == ZVM_ETAG_NONE || !zvm__digest_is_known(algorithm))
    return zvm__fail(err, ZVM_E_OPTION, "unknown digest %d", (int)algorithm);
  return ZVM_OK;
}


static zvm_status no_digest(zvm_etag algorithm, zvm_error *err) {
  return zvm__fail(err, ZVM_E_NOMEM, "no %s", zvm_etag_name(algorithm));
}


zvm_status zvm_digest(zvm_etag algorithm, const void *bytes, size_t size,
                      uint8_t out[ZVM_ETAG_MAX], zvm_error *err) {
  if (check(algorithm, err) != ZVM_OK)
    return ZVM_E_OPTION;
  zvm__digest *d = zvm__digest_init(algorithm);
  bool whole = d != NULL && zvm__digest_update(d, bytes, size);
  if (!zvm__digest_final(d, out) || !whole)
    return no_digest(algorithm, err);
  return ZVM_OK;
}


/* 0, or an errno. */
static int add_file(zvm__digest *d, int fd, void *piece) {
  for (;;) {
    ssize_t n = read(fd, piece, PIECE);
    if (n == 0)
      return 0;
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return errno;
    if (!zvm__digest_update(d, piece, (size_t)n))
      return ENOMEM;
  }
}


zvm_status zvm_digest_file(zvm_etag algorithm, const char *path,
                           uint8_t out[ZVM_ETAG_MAX], zvm_error *err) {
  if (check(algorithm, err) != ZVM_OK)
    return ZVM_E_OPTION;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return zvm__fail_os(err, ZVM_E_SYSTEM, errno, "%.180s", path);
  zvm__digest *d = zvm__digest_init(algorithm);
  void *piece = malloc(PIECE);
  int os = d != NULL && piece != NULL ? add_file(d, fd, piece) : ENOMEM;
  bool whole = zvm__digest_final(d, out);
  free(piece);
  (void)close(fd);
  if (os != 0)
    return zvm__fail_os(err, os == ENOMEM ? ZVM_E_NOMEM : ZVM_E_SYSTEM, os,
                        "%.180s", path);
  return whole ? ZVM_OK : no_digest(algorithm, err);
}
