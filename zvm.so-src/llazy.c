/*
** llazy.c - fields of the module table that are Lua modules of their own.
**
** They are there from their first use on, so that who does not use them needs
** none of their files.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "laux.h"

typedef struct lazy {
  const char *field;
  const char *module;
  const char *of; /* a field of that module, or NULL: itself */
} lazy;

static const lazy fields[] = {
  {"lua", "zvm.lua", NULL},
  {"mapreduce", "zvm.mapreduce", NULL},
  {"pipeline", "zvm.pipeline", NULL},
  {"sandbox", "zvm.lua", "sandbox"},
};


enum { FIELDS = sizeof fields / sizeof fields[0] };


static const lazy *find(const char *name) {
  int i;
  for (i = 0; i < FIELDS; i++)
    if (strcmp(fields[i].field, name) == 0)
      return &fields[i];
  return NULL;
}


/* Push what `require` gives. */
static void push_module(lua_State *L, const lazy *wanted) {
  lua_getglobal(L, "require");
  lua_pushstring(L, wanted->module);
  if (lua_pcall(L, 1, 1, 0) == 0)
    return;
  luaL_where(L, 1);
  lua_pushfstring(L, "zvm.%s is in the Lua module %s, which cannot be had: ",
                  wanted->field, wanted->module);
  lua_pushvalue(L, -3);
  if (!lua_isstring(L, -1)) {
    lua_pop(L, 1);
    lua_pushliteral(L, "its error is no text");
  }
  lua_concat(L, 3);
  lua_error(L);
}


/* __index of the module table: called once for each field that is found. */
static int index_field(lua_State *L) {
  const lazy *wanted = NULL;
  if (lua_type(L, 2) == LUA_TSTRING)
    wanted = find(lua_tostring(L, 2));
  if (wanted == NULL)
    return 0;
  lua_settop(L, 2);
  push_module(L, wanted);
  if (wanted->of != NULL) {
    if (!lua_istable(L, -1))
      return luaL_error(L, "zvm.%s is a field of what the Lua module %s "
                           "gives, which is no table",
                        wanted->field, wanted->module);
    lua_getfield(L, -1, wanted->of);
  }
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);
  return 1;
}


/* The metatable's `lazy`: their names, for who lists what there is. */
void zvm__lazy_open(lua_State *L) {
  int i;
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, index_field);
  lua_setfield(L, -2, "__index");
  lua_createtable(L, FIELDS, 0);
  for (i = 0; i < FIELDS; i++) {
    lua_pushstring(L, fields[i].field);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "lazy");
  lua_setmetatable(L, -2);
}
