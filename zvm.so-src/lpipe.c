/*
** lpipe.c - zvm.pipe: a stream from one session to another.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "lchannel.h"

typedef struct lpipe {
  zvm_pipe *p; /* NULL: closed */
} lpipe;


bool zvm__pipe_read(zvm__options *o, int index, zvm_pipe **out) {
  const lpipe *lp = zvm__testudata(o->L, index, ZVM__PIPE_TYPE);
  if (lp == NULL)
    return zvm__options_mismatch(o, index, ZVM__PIPE_TYPE);
  if (lp->p == NULL)
    return zvm__options_fail(o, "attempt to use a closed pipe");
  *out = lp->p;
  lua_pushvalue(o->L, index);
  zvm__options_keep(o);
  return true;
}


/***
Make a pipe between two runs of this process.

Each end is given away once, by `pipe = p` in a channel's specification: the
one to read with mode `"r"`, the one to write with mode `"w"`.

@function zvm.pipe
@treturn[1] zvm.pipe
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code
@usage local p = assert(zvm.pipe())
*/
int zvm__pipe_new(lua_State *L) {
  zvm_error err;
  lpipe *lp = lua_newuserdata(L, sizeof *lp);
  lp->p = NULL;
  luaL_getmetatable(L, ZVM__PIPE_TYPE);
  lua_setmetatable(L, -2);
  memset(&err, 0, sizeof err);
  lp->p = zvm_pipe_new(&err);
  if (lp->p == NULL && zvm__is_shortage(&err)) {
    lua_gc(L, LUA_GCCOLLECT, 0);
    lp->p = zvm_pipe_new(&err);
  }
  return lp->p != NULL ? 1 : zvm__failure_push(L, &err, NULL);
}


/***
Close the ends that no run has taken. Twice is fine.

@function pipe:close
@treturn boolean true
*/
static int pipe_close(lua_State *L) {
  lpipe *lp = luaL_checkudata(L, 1, ZVM__PIPE_TYPE);
  zvm_pipe *p = lp->p;
  lp->p = NULL;
  zvm_pipe_free(p);
  lua_pushboolean(L, 1);
  return 1;
}


static int pipe_tostring(lua_State *L) {
  const lpipe *lp = luaL_checkudata(L, 1, ZVM__PIPE_TYPE);
  if (lp->p == NULL)
    lua_pushliteral(L, ZVM__PIPE_TYPE " (closed)");
  else
    lua_pushfstring(L, ZVM__PIPE_TYPE ": %p", (const void *)lp);
  return 1;
}


static const luaL_Reg methods[] = {
  {"close", pipe_close},
  {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
  {"__close", pipe_close},
  {"__gc", pipe_close},
  {"__tostring", pipe_tostring},
  {NULL, NULL},
};


void zvm__pipe_open(lua_State *L) {
  zvm__type_open(L, ZVM__PIPE_TYPE, methods, metamethods);
}
