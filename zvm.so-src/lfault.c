/*
** lfault.c - where a guest faulted, in terms of its source.
**
** Debugging information is hostile, and read in Lua: by zvm.fault, which is
** looked for when the first fault happens. Without it, or if it fails, the
** report has only what the core knows.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "laux.h"


/* module, report, light userdata: the core's report */
static int locate(lua_State *L) {
  const zvm_report *report = lua_touserdata(L, 3);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "zvm.fault");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "complete");
  lua_getfield(L, 2, "fault");
  lua_getfenv(L, 1);
  lua_getfield(L, -1, "symbols");
  if (lua_isnil(L, -1))
    zvm__module_bytes(L, 1);
  else
    lua_pushnil(L);
  lua_remove(L, -2);
  lua_pushlstring(L, report->stack.size > 0 ? report->stack.bytes : "",
                  report->stack.size);
  lua_pushnumber(L, (lua_Number)report->stack.address);
  lua_call(L, 5, 0);
  return 0;
}


void zvm__fault_locate(lua_State *L, const zvm_report *report, int module) {
  int top = lua_gettop(L);
  lua_pushcfunction(L, locate);
  lua_pushvalue(L, module);
  lua_pushvalue(L, top);
  lua_pushlightuserdata(L, (void *)report);
  (void)lua_pcall(L, 3, 0, 0);
  lua_settop(L, top);
}
