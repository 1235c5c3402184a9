/*
** ldigester.c - zvm.host.digester: the digest of a file, a piece at a time, so
** that who waits for it can give up.
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

/* What is read at once, and what of a file one step takes in. */
enum { READ = 1 << 16, STEP = 1 << 22 };

typedef struct ldigester {
  int fd; /* -1: closed */
  zvm__identity identity;
  zvm__digest *digest; /* NULL: over, or there was no memory */
} ldigester;


static int digester_close(lua_State *L) {
  ldigester *d = luaL_checkudata(L, 1, DIGESTER_TYPE);
  zvm__fd_close(&d->fd, &d->identity);
  (void)zvm__digest_final(d->digest, NULL);
  d->digest = NULL;
  lua_pushboolean(L, 1);
  return 1;
}


/* Pushes false and why, of an errno. */
static int failed(lua_State *L, int os) {
  lua_pushboolean(L, 0);
  lua_pushstring(L, strerror(os));
  return 2;
}


/* Bytes of the file that were taken in, 0 at its end; -1, with errno. */
static ssize_t add_piece(const ldigester *d) {
  uint8_t bytes[READ];
  ssize_t n;
  do
    n = read(d->fd, bytes, sizeof bytes);
  while (n < 0 && errno == EINTR);
  if (n > 0 && !zvm__digest_update(d->digest, bytes, (size_t)n)) {
    errno = ENOMEM;
    return -1;
  }
  return n;
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
  ssize_t n = 1;
  if (d->digest == NULL || !zvm__fd_is(d->fd, &d->identity))
    return failed(L, EBADF);
  for (size_t taken = 0; taken < STEP && n > 0; taken += (size_t)n)
    if ((n = add_piece(d)) < 0)
      return failed(L, errno);
  if (n > 0)
    return 0;
  bool whole = zvm__digest_final(d->digest, out);
  d->digest = NULL;
  if (!whole)
    return failed(L, ENOMEM);
  zvm__hex_push(L, out, sizeof out);
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
  ldigester *d = lua_newuserdata(L, sizeof *d);
  memset(d, 0, sizeof *d);
  d->fd = -1;
  luaL_getmetatable(L, DIGESTER_TYPE);
  lua_setmetatable(L, -2);
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd >= 0)
    fd = zvm__fd_above(fd);
  if (fd >= 0) {
    d->fd = fd;
    d->identity = zvm__fd_identity(fd);
    d->digest = zvm__digest_init(ZVM_ETAG_SHA256);
    if (d->digest != NULL)
      return 1;
    errno = ENOMEM;
  }
  int os = errno;
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", path, strerror(os));
  return 2;
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
