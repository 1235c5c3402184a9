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


/* Put the functions of `reg` into the table on top of the stack. */
static inline void zvm__setfuncs(lua_State *L, const luaL_Reg *reg) {
  for (; reg->name != NULL; reg++) {
    lua_pushcfunction(L, reg->func);
    lua_setfield(L, -2, reg->name);
  }
}

#endif
