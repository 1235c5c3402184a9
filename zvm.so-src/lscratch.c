/*
** lscratch.c - zvm.host.scratch: a file without a name.
**
** It goes with its last descriptor, however this process ends.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "laux.h"

#define SCRATCH_TYPE "zvm.scratch"

typedef struct lscratch {
  int fd; /* -1: closed */
  zvm__identity identity;
} lscratch;


/* Where the file system has no files without names, one that loses it. */
static int open_named(const char *dir) {
  char path[PATH_MAX];
  int n = snprintf(path, sizeof path, "%s/.zvm-XXXXXX", dir);
  if (n < 0 || (size_t)n >= sizeof path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  int fd = mkostemp(path, O_CLOEXEC);
  if (fd >= 0)
    (void)unlink(path);
  return fd;
}


static int scratch_close(lua_State *L) {
  lscratch *s = luaL_checkudata(L, 1, SCRATCH_TYPE);
  zvm__fd_close(&s->fd, &s->identity);
  lua_pushboolean(L, 1);
  return 1;
}


/*** The descriptor, which is the object's: it is open until close().
@function scratch:fd
@treturn number
*/
static int scratch_fd(lua_State *L) {
  const lscratch *s = luaL_checkudata(L, 1, SCRATCH_TYPE);
  if (s->fd < 0 || !zvm__fd_is(s->fd, &s->identity))
    return luaL_error(L, "attempt to use a closed scratch file");
  lua_pushinteger(L, s->fd);
  return 1;
}


static int scratch_tostring(lua_State *L) {
  const lscratch *s = luaL_checkudata(L, 1, SCRATCH_TYPE);
  lua_pushstring(L, s->fd < 0 ? SCRATCH_TYPE " (closed)" : SCRATCH_TYPE);
  return 1;
}


/*** Make a file without a name, to be written and read.
@function zvm.host.scratch
@tparam string directory on whose file system it lies
@treturn[1] userdata with fd() and close()
@treturn[2] nil
@treturn[2] string message
*/
static int scratch_new(lua_State *L) {
  const char *dir = luaL_checkstring(L, 1);
  lscratch *s = lua_newuserdata(L, sizeof *s);
  s->fd = -1;
  luaL_getmetatable(L, SCRATCH_TYPE);
  lua_setmetatable(L, -2);
  int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
    fd = open_named(dir);
  if (fd >= 0)
    fd = zvm__fd_above(fd);
  if (fd < 0) {
    int os = errno;
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", dir, strerror(os));
    return 2;
  }
  s->fd = fd;
  s->identity = zvm__fd_identity(fd);
  return 1;
}


static const luaL_Reg methods[] = {
  {"close", scratch_close},
  {"fd", scratch_fd},
  {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
  {"__close", scratch_close},
  {"__gc", scratch_close},
  {"__tostring", scratch_tostring},
  {NULL, NULL},
};


/* Adds the function to the table on the top. */
void zvm__scratch_open(lua_State *L) {
  zvm__type_open(L, SCRATCH_TYPE, methods, metamethods);
  lua_pushcfunction(L, scratch_new);
  lua_setfield(L, -2, "scratch");
}
