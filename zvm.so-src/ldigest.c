/*
** ldigest.c - zvm.digest and zvm.digest_file.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "laux.h"


static zvm_etag check_algorithm(lua_State *L, int index) {
  static const char *const names[] = {"sha256", "sha1", "md5", NULL};
  static const zvm_etag values[] = {ZVM_ETAG_SHA256, ZVM_ETAG_SHA1,
                                    ZVM_ETAG_MD5};
  return values[luaL_checkoption(L, index, "sha256", names)];
}


static int push(lua_State *L, zvm_status st, zvm_etag algorithm,
                const uint8_t *digest, const zvm_error *err) {
  if (st != ZVM_OK)
    return zvm__failure_push(L, err, NULL);
  zvm__hex_push(L, digest, zvm_etag_size(algorithm));
  return 1;
}


/***
The digest of a string.

@function zvm.digest
@tparam string bytes
@tparam[opt="sha256"] string algorithm `"sha256"`, `"sha1"` or `"md5"`
@treturn[1] string lower-case hexadecimal digits
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code
@usage print(zvm.digest "abc")
*/
int zvm__digest_string(lua_State *L) {
  size_t size;
  const char *bytes = luaL_checklstring(L, 1, &size);
  zvm_etag algorithm = check_algorithm(L, 2);
  uint8_t digest[ZVM_ETAG_MAX];
  zvm_error err;
  zvm_status st;
  memset(&err, 0, sizeof err);
  st = zvm_digest(algorithm, bytes, size, digest, &err);
  return push(L, st, algorithm, digest, &err);
}


/***
The digest of a file's content, which is read to its end.

@function zvm.digest_file
@tparam string path
@tparam[opt="sha256"] string algorithm `"sha256"`, `"sha1"` or `"md5"`
@treturn[1] string lower-case hexadecimal digits
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code
@usage print(assert(zvm.digest_file "/etc/hostname"))
*/
int zvm__digest_file(lua_State *L) {
  size_t size;
  const char *path = luaL_checklstring(L, 1, &size);
  zvm_etag algorithm = check_algorithm(L, 2);
  uint8_t digest[ZVM_ETAG_MAX];
  zvm_error err;
  zvm_status st;
  luaL_argcheck(L, strlen(path) == size, 1, "path contains a NUL byte");
  memset(&err, 0, sizeof err);
  st = zvm_digest_file(algorithm, path, digest, &err);
  return push(L, st, algorithm, digest, &err);
}
