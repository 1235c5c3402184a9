/*
** lcompat.h - what the binding needs and Lua 5.1 lacks.
**
** One zvm.so serves PUC Lua 5.1 and LuaJIT: only the 5.1 API is used, and
** no Lua library is linked.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_LCOMPAT_H
#define ZVM_LCOMPAT_H

#include <lua.h>
#include <stdbool.h>

#include <lauxlib.h>

/* The userdata at `index` if it is one of type `name`, else NULL. */
static inline void *zvm__testudata(lua_State *L, int index,
                                   const char *name) {
  void *p = lua_touserdata(L, index);
  if (p == NULL || !lua_getmetatable(L, index))
    return NULL;
  luaL_getmetatable(L, name);
  if (!lua_rawequal(L, -1, -2))
    p = NULL;
  lua_pop(L, 2);
  return p;
}


/*
** The userdata at `index`, an argument: of the type whose metatable is the
** first upvalue of the function that runs. Half of what luaL_checkudata takes.
*/
static inline void *zvm__checkself(lua_State *L, int index,
                                   const char *name) {
  void *p = lua_touserdata(L, index);
  if (p != NULL && lua_getmetatable(L, index)) {
    bool same = lua_rawequal(L, -1, lua_upvalueindex(1));
    lua_pop(L, 1);
    if (same)
      return p;
  }
  return luaL_checkudata(L, index, name);
}


/* Put the functions of `reg` into the table on top of the stack. */
static inline void zvm__setfuncs(lua_State *L, const luaL_Reg *reg) {
  for (; reg->name != NULL; reg++) {
    lua_pushcfunction(L, reg->func);
    lua_setfield(L, -2, reg->name);
  }
}


/* The same, each with the value below that table as its upvalue. */
static inline void zvm__setclosures(lua_State *L, const luaL_Reg *reg) {
  for (; reg->name != NULL; reg++) {
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, reg->func, 1);
    lua_setfield(L, -2, reg->name);
  }
}

#endif
