/*
** ldigest.c - zvm.digest, zvm.digest_file, and zvm.host.digester: a piece at a
** time, between which Lua may interrupt, or who waits give up.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/fd.h"
#include "laux.h"

#define DIGESTER_TYPE "zvm.digester"

/* What is read at once, and what one step takes in. */
enum { READ = 1 << 16, STEP = 1 << 22 };

/* Lua's, so that nothing is left of it whatever happens between two steps. */
typedef struct ldigester {
  int fd; /* -1: closed, or there is no file */
  zvm__identity identity;
  zvm__digest *digest; /* NULL: over, or there was no memory */
} ldigester;


/* The size of the digest in `out`, which may be NULL; 0: there is none. */
static size_t finish(ldigester *d, uint8_t *out, zvm_etag algorithm) {
  bool whole = zvm__digest_final(d->digest, out);
  d->digest = NULL;
  return whole ? zvm_etag_size(algorithm) : 0;
}


static int digester_close(lua_State *L) {
  ldigester *d = luaL_checkudata(L, 1, DIGESTER_TYPE);
  zvm__fd_close(&d->fd, &d->identity);
  (void)finish(d, NULL, ZVM_ETAG_NONE);
  lua_pushboolean(L, 1);
  return 1;
}


/* Pushes one that has no file. */
static ldigester *push_digester(lua_State *L, zvm_etag algorithm) {
  ldigester *d = lua_newuserdata(L, sizeof *d);
  memset(d, 0, sizeof *d);
  d->fd = -1;
  luaL_getmetatable(L, DIGESTER_TYPE);
  lua_setmetatable(L, -2);
  d->digest = zvm__digest_init(algorithm);
  return d;
}


/* 0, or an errno. */
static int open_file(ldigester *d, const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd >= 0)
    fd = zvm__fd_above(fd);
  if (fd < 0)
    return errno;
  d->fd = fd;
  d->identity = zvm__fd_identity(fd);
  return d->digest != NULL ? 0 : ENOMEM;
}


/*
** Some bytes of the file are taken in: 0; or an errno. *over at its end. A
** signal makes it short.
*/
static int step(const ldigester *d, bool *over) {
  uint8_t bytes[READ];
  size_t taken = 0;
  if (d->digest == NULL || !zvm__fd_is(d->fd, &d->identity))
    return EBADF;
  while (taken < STEP) {
    ssize_t n = read(d->fd, bytes, sizeof bytes);
    if (n < 0)
      return errno == EINTR ? 0 : errno;
    *over = n == 0;
    if (*over)
      return 0;
    if (!zvm__digest_update(d->digest, bytes, (size_t)n))
      return ENOMEM;
    taken += (size_t)n;
  }
  return 0;
}


/* -- For pipelines ------------------------------------------------------- */

/* Pushes false and why, of an errno. */
static int failed(lua_State *L, int os) {
  lua_pushboolean(L, 0);
  lua_pushstring(L, strerror(os));
  return 2;
}


/*** Take in the next piece of the file.
@function digester:step
@treturn[1] nil there is more
@treturn[2] string the SHA-256 of the whole, in hexadecimal digits
@treturn[3] boolean false
@treturn[3] string message
*/
static int digester_step(lua_State *L) {
  ldigester *d = luaL_checkudata(L, 1, DIGESTER_TYPE);
  uint8_t out[ZVM__DIGEST_SIZE];
  bool over = false;
  size_t size;
  int os = step(d, &over);
  if (os != 0)
    return failed(L, os);
  if (!over)
    return 0;
  size = finish(d, out, ZVM_ETAG_SHA256);
  if (size == 0)
    return failed(L, ENOMEM);
  zvm__hex_push(L, out, size);
  return 1;
}


/*** Begin to digest a file.
@function zvm.host.digester
@tparam string path
@treturn[1] userdata with step() and close()
@treturn[2] nil
@treturn[2] string message
*/
static int digester_new(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  int os = open_file(push_digester(L, ZVM_ETAG_SHA256), path);
  if (os == 0)
    return 1;
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", path, strerror(os));
  return 2;
}


/* -- For scripts --------------------------------------------------------- */

static zvm_etag check_algorithm(lua_State *L, int index) {
  static const char *const names[] = {"sha256", "sha1", "md5", NULL};
  static const zvm_etag values[] = {ZVM_ETAG_SHA256, ZVM_ETAG_SHA1,
                                    ZVM_ETAG_MD5};
  return values[luaL_checkoption(L, index, "sha256", names)];
}


/* Of what was taken in. */
static int push_digest(lua_State *L, ldigester *d, zvm_etag algorithm) {
  uint8_t out[ZVM__DIGEST_SIZE];
  size_t size = finish(d, out, algorithm);
  if (size == 0) {
    lua_pushfstring(L, "no %s", zvm_etag_name(algorithm));
    return zvm__failure_wrap(L, zvm_status_name(ZVM_E_NOMEM));
  }
  zvm__hex_push(L, out, size);
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
  size_t size, at = 0;
  const char *bytes = luaL_checklstring(L, 1, &size);
  zvm_etag algorithm = check_algorithm(L, 2);
  ldigester *d = push_digester(L, algorithm);
  while (d->digest != NULL && at < size) {
    size_t n = size - at < STEP ? size - at : STEP;
    if (!zvm__digest_update(d->digest, bytes + at, n))
      break;
    at += n;
    if (at < size)
      zvm__let_hook(L);
  }
  if (at < size)
    (void)finish(d, NULL, ZVM_ETAG_NONE);
  return push_digest(L, d, algorithm);
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
  ldigester *d;
  bool over = false;
  int os;
  luaL_argcheck(L, strlen(path) == size, 1, "path contains a NUL byte");
  d = push_digester(L, algorithm);
  os = open_file(d, path);
  while (os == 0 && !over) {
    os = step(d, &over);
    if (os == 0 && !over)
      zvm__let_hook(L);
  }
  zvm__fd_close(&d->fd, &d->identity);
  if (os != 0) {
    lua_pushfstring(L, "%s: %s", path, strerror(os));
    return zvm__failure_wrap(
        L, zvm_status_name(os == ENOMEM ? ZVM_E_NOMEM : ZVM_E_SYSTEM));
  }
  return push_digest(L, d, algorithm);
}


static const luaL_Reg methods[] = {
    {"close", digester_close},
    {"step", digester_step},
    {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
    {"__close", digester_close},
    {"__gc", digester_close},
    {NULL, NULL},
};


/* Adds the function to the table on the top. */
void zvm__digester_open(lua_State *L) {
  zvm__type_open(L, DIGESTER_TYPE, methods, metamethods);
  lua_pushcfunction(L, digester_new);
  lua_setfield(L, -2, "digester");
}
