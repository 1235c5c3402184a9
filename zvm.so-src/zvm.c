/*
** zvm.c - the Lua module: require "zvm".
**
** May be opened any number of times in a process: all it keeps are the
** metatables in the registry. It is linked with -z nodelete, because signal
** handlers of the core must not be unmapped by lua_close.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "laux.h"
#include "loptions.h"

static bool read_text(zvm__options *o, int index, void *out) {
  return zvm__options_text(o, index, out);
}


/***
Load and validate a program.

A string that starts with byte 127 (as every ELF file does), that contains a
NUL byte, or that is empty is the program itself; every other string is the
path of one.

@function zvm.load
@tparam string program path or bytes
@tparam[opt] table options `cache`: a directory that keeps verdicts, so that
 an accepted program is not validated again; made if it is missing; must
 belong to this user or root, and nobody else may write it
@treturn[1] zvm.module
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `"FORMAT"`, `"REJECTED"`, `"SYSTEM"`, ...
@treturn[2] table findings, for `"REJECTED"`: each has `address`, `offset`,
 `rule`, `text`, `remedy` and `bytes`; at most 100, then `more` is true
@usage local module = assert(zvm.load "hello.zvm")
*/
static int load(lua_State *L) {
  static const char *const known[] = {"cache", NULL};
  const char *cache = NULL;
  zvm__options o;
  luaL_checktype(L, 1, LUA_TSTRING);
  if (!lua_isnoneornil(L, 2))
    luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  zvm__options_start(&o, L, "zvm.load");
  if (lua_istable(L, 2) &&
      (!zvm__options_table(&o, 2, known) ||
       !zvm__options_read(&o, 2, "cache", read_text, &cache)))
    return zvm__failure_wrap(L, zvm_status_name(ZVM_E_OPTION));
  return zvm__module_load(L, 1, cache);
}


static const luaL_Reg functions[] = {
  {"load", load},
  {"rules", zvm__rules},
  {"run", zvm__session_run},
  {"survey", zvm__survey},
  {"validate", zvm__validate},
  {NULL, NULL},
};


__attribute__((visibility("default"))) int luaopen_zvm(lua_State *L);

int luaopen_zvm(lua_State *L) {
  zvm__module_open(L);
  zvm__session_open(L);
  lua_createtable(L, 0, 6);
  zvm__setfuncs(L, functions);
  lua_pushliteral(L, ZVM_VERSION);
  lua_setfield(L, -2, "VERSION");
  return 1;
}
