/*
** zvm.c - the Lua module: require "zvm".
**
** May be opened any number of times in a process: all it keeps are the
** metatables in the registry. It is linked with -z nodelete, because signal
** handlers of the core must not be unmapped by lua_close.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

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


typedef struct place {
  uint64_t address;
  int64_t level;
} place;


static bool read_address(zvm__options *o, int index, void *out) {
  return zvm__options_size(o, index, &((place *)out)->address);
}


static bool read_level(zvm__options *o, int index, void *out) {
  return zvm__options_integer(o, index, ZVM_LEVEL_V2, ZVM_LEVEL_V3,
                              &((place *)out)->level);
}


static bool read_place(zvm__options *o, int index, place *out) {
  static const char *const known[] = {"address", "level", NULL};
  return zvm__options_table(o, index, known) &&
         zvm__options_read(o, index, "address", read_address, out) &&
         zvm__options_read(o, index, "level", read_level, out);
}


/***
Validate machine code.

@function zvm.validate
@tparam string code whole bundles of 32 bytes
@tparam[opt] table options `address` where it is to run (0x20000), `level`
 of the CPU: 2 or 3 (2)
@treturn[1] boolean true
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code
@treturn[2] table findings, as those of `zvm.load`
@usage assert(zvm.validate(("\144"):rep(32)))
*/
static int validate(lua_State *L) {
  place where = {ZVM_TEXT_BASE, ZVM_LEVEL_V2};
  zvm__findings found;
  zvm__options o;
  zvm_error err;
  const char *code;
  size_t size;
  luaL_checktype(L, 1, LUA_TSTRING);
  if (!lua_isnoneornil(L, 2))
    luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  zvm__options_start(&o, L, "zvm.validate");
  if (lua_istable(L, 2) && !read_place(&o, 2, &where))
    return zvm__failure_wrap(L, zvm_status_name(ZVM_E_OPTION));
  code = lua_tolstring(L, 1, &size);
  memset(&err, 0, sizeof err);
  found.count = 0;
  found.more = false;
  err.status = zvm_validate(code, size, where.address, (int)where.level,
                            zvm__findings_add, &found, &err);
  if (err.status != ZVM_OK)
    return zvm__failure_push(L, &err, &found);
  lua_pushboolean(L, 1);
  return 1;
}


static void add_rule(lua_State *L, zvm_rule rule) {
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, rule);
  lua_setfield(L, -2, "number");
  lua_pushstring(L, zvm_rule_text(rule));
  lua_setfield(L, -2, "text");
  lua_pushstring(L, zvm_rule_remedy(rule));
  lua_setfield(L, -2, "remedy");
  lua_setfield(L, -2, zvm_rule_name(rule));
}


/***
All rules of the validator.

@function zvm.rules
@treturn table rule id → `number`, `text`, `remedy`
@usage print(zvm.rules().R_MEM_ADDR32.remedy)
*/
static int rules(lua_State *L) {
  static const zvm_rule all[] = {
#define RULE(name, number, text, remedy) ZVM_R_##name,
#include "zvm_rules.def"
#undef RULE
  };
  size_t i;
  lua_newtable(L);
  for (i = 0; i < sizeof all / sizeof all[0]; i++)
    add_rule(L, all[i]);
  return 1;
}


static const luaL_Reg functions[] = {
  {"load", load},
  {"rules", rules},
  {"run", zvm__session_run},
  {"validate", validate},
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
