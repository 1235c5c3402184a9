/*
** preload.c - what lua.zvm has beside Lua's own libraries.
**
** The linker gives lua.c this function in place of luaL_openlibs, so that Lua
** itself stays as it is. Nothing is opened before a script requires it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

#include "call.h"

int luaopen_cjson(lua_State *L);
int luaopen_cjson_safe(lua_State *L);
void __real_luaL_openlibs(lua_State *L);
void __wrap_luaL_openlibs(lua_State *L);

static const luaL_Reg preloads[] = {
    {"cjson", luaopen_cjson},
    {"cjson.safe", luaopen_cjson_safe},
    {"zvm.call", luaopen_zvm_call},
    {NULL, NULL},
};

void __wrap_luaL_openlibs(lua_State *L) {
  __real_luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  luaL_register(L, NULL, preloads);
  lua_pop(L, 2);
}
