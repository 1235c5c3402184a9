/*
** lpipe.c - zvm.pipe: a stream from one session to another.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "lchannel.h"


bool zvm__pipe_read(zvm__options *o, int index, zvm_pipe **out) {
  const zvm__lpipe *lp = zvm__testudata(o->L, index, ZVM__PIPE_TYPE);
  if (lp == NULL)
    return zvm__options_mismatch(o, index, ZVM__PIPE_TYPE);
  if (lp->p == NULL)
    return zvm__options_fail(o, "attempt to use a closed pipe");
  *out = lp->p;
  lua_pushvalue(o->L, index);
  zvm__options_keep(o);
  return true;
}


static bool read_size(zvm__options *o, int index, void *out) {
  uint64_t *size = out;
  if (!zvm__options_size(o, index, size))
    return false;
  if (*size == 0 || *size > (uint64_t)1 << 30)
    return zvm__options_fail(o, "1 byte to 1G expected");
  return true;
}


static bool read_eager(zvm__options *o, int index, void *out) {
  return zvm__options_flag(o, index, out);
}


/***
Make a pipe between two runs of this process.

Each end is given away once, by `pipe = p` in a channel's specification: the
one to read with mode `"r"`, the one to write with mode `"w"`.

@function zvm.pipe
@tparam[opt] table options `size`: bytes it has room for, rounded up to a
 power of two of pages; `"1M"` if not given, `"1G"` at most. `eager`: who
 waits looks for the other side some 150 us before it sleeps, a script that
 reads its own end 800 us, and either 15 us after that was in vain, instead of
 not at all
@treturn[1] zvm.pipe
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code
@usage local p = assert(zvm.pipe())
*/
int zvm__pipe_new(lua_State *L) {
  static const char *const known[] = {"eager", "size", NULL};
  zvm_error err;
  zvm__options o;
  uint64_t size = 0;
  bool eager = false;
  zvm__lpipe *lp;
  if (!lua_isnoneornil(L, 1))
    luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  zvm__options_start(&o, L, "zvm.pipe");
  if (lua_istable(L, 1) &&
      (!zvm__options_table(&o, 1, known) ||
       !zvm__options_read(&o, 1, "size", read_size, &size) ||
       !zvm__options_read(&o, 1, "eager", read_eager, &eager)))
    return zvm__failure_wrap(L, zvm_status_name(ZVM_E_OPTION));
  lp = lua_newuserdata(L, sizeof *lp);
  memset(lp, 0, sizeof *lp);
  luaL_getmetatable(L, ZVM__PIPE_TYPE);
  lua_setmetatable(L, -2);
  memset(&err, 0, sizeof err);
  lp->p = zvm_pipe_new(size, &err);
  if (lp->p == NULL && zvm__is_shortage(&err)) {
    lua_gc(L, LUA_GCCOLLECT, 0);
    lp->p = zvm_pipe_new(size, &err);
  }
  if (lp->p == NULL)
    return zvm__failure_push(L, &err, NULL);
  if (eager)
    zvm_pipe_eager(lp->p);
  return 1;
}


/***
Close the ends that no run has taken. Twice is fine.

@function pipe:close
@treturn boolean true
*/
static int pipe_close(lua_State *L) {
  zvm__lpipe *lp = luaL_checkudata(L, 1, ZVM__PIPE_TYPE);
  zvm_pipe *p = lp->p;
  lp->p = NULL;
  zvm_pipe_free(p);
  lua_pushboolean(L, 1);
  return 1;
}


/***
Double the room, whatever both runs are doing.

@function pipe:grow
@treturn[1] boolean true
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `"STATE"` when it has 1G, which is the most
*/
static int pipe_grow(lua_State *L) {
  const zvm__lpipe *lp = luaL_checkudata(L, 1, ZVM__PIPE_TYPE);
  zvm_error err;
  luaL_argcheck(L, lp->p != NULL, 1, "attempt to use a closed pipe");
  memset(&err, 0, sizeof err);
  if (zvm_pipe_grow(lp->p, &err) != ZVM_OK)
    return zvm__failure_push(L, &err, NULL);
  lua_pushboolean(L, 1);
  return 1;
}


/***
How long a call that uses the script's own end of it waits from now on, at
most, in all.

@function pipe:timeout
@tparam number seconds 0.001 to 86400; 0: for ever, as at first
@treturn boolean true
*/
static int pipe_timeout(lua_State *L) {
  zvm__lpipe *lp = luaL_checkudata(L, 1, ZVM__PIPE_TYPE);
  lua_Number seconds = luaL_checknumber(L, 2);
  luaL_argcheck(L, seconds == 0 || (seconds >= 0.001 && seconds <= 86400), 2,
                "0, or 0.001 to 86400 seconds, expected");
  lp->timeout_ms = (uint32_t)(seconds * 1000);
  lua_pushboolean(L, 1);
  return 1;
}


/***
How full it is, and who is at its ends. Both runs may change that meanwhile.

@function pipe:level
@treturn[1] table `used`, bytes on the way; `size`, for how many there is room;
 `reader` and `writer`: `"none"`, `"open"`, or `"ended"` when that run is over
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code
*/
static int pipe_level(lua_State *L) {
  static const char *const ends[] = {"none", "open", "ended"};
  const zvm__lpipe *lp = luaL_checkudata(L, 1, ZVM__PIPE_TYPE);
  zvm_pipe_level level;
  zvm_error err;
  luaL_argcheck(L, lp->p != NULL, 1, "attempt to use a closed pipe");
  memset(&err, 0, sizeof err);
  if (zvm_pipe_look(lp->p, &level, &err) != ZVM_OK)
    return zvm__failure_push(L, &err, NULL);
  lua_createtable(L, 0, 4);
  lua_pushnumber(L, (lua_Number)level.used);
  lua_setfield(L, -2, "used");
  lua_pushnumber(L, (lua_Number)level.size);
  lua_setfield(L, -2, "size");
  lua_pushstring(L, ends[level.reader]);
  lua_setfield(L, -2, "reader");
  lua_pushstring(L, ends[level.writer]);
  lua_setfield(L, -2, "writer");
  return 1;
}


static int pipe_tostring(lua_State *L) {
  const zvm__lpipe *lp = luaL_checkudata(L, 1, ZVM__PIPE_TYPE);
  if (lp->p == NULL)
    lua_pushliteral(L, ZVM__PIPE_TYPE " (closed)");
  else
    lua_pushfstring(L, ZVM__PIPE_TYPE ": %p", (const void *)lp);
  return 1;
}


static const luaL_Reg methods[] = {
  {"close", pipe_close},
  {"grow", pipe_grow},
  {"level", pipe_level},
  {"list", zvm__pipe_list},
  {"read", zvm__pipe_get},
  {"timeout", pipe_timeout},
  {"words", zvm__pipe_words},
  {"write", zvm__pipe_write},
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
