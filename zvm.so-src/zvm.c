/*
** zvm.c - the Lua module: require "zvm".
**
** May be opened any number of times in a process: all it keeps are the
** metatables in the registry. It is linked with -z nodelete, because signal
** handlers of the core must not be unmapped by lua_close.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>

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


/***
What shuts in the workers of `isolation = "process"`.

Starts the process that makes workers, if it does not run yet.

@function zvm.barriers
@treturn[1] table name → text, of those that are in force: `filter`,
 `privileges`, `limits`, and as far as the kernel permits `user`, `mount`,
 `root`, `network`, `pid`, `ipc`
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code
@usage print(assert(zvm.barriers()).filter)
*/
static int barriers(lua_State *L) {
  static const struct {
    uint32_t bit;
    const char *name;
    const char *text;
  } all[] = {
#define X(name, number, text) {ZVM_BARRIER_##name, #name, text},
    ZVM_BARRIER_MAP(X)
#undef X
  };
  uint32_t in_force = 0;
  zvm_error err;
  size_t i, k;
  if (zvm_barriers(&in_force, &err) != ZVM_OK)
    return zvm__failure_push(L, &err, NULL);
  lua_newtable(L);
  for (i = 0; i < sizeof all / sizeof all[0]; i++) {
    char name[16] = "";
    if ((in_force & all[i].bit) == 0)
      continue;
    for (k = 0; all[i].name[k] != '\0'; k++)
      name[k] = (char)(all[i].name[k] | 0x20);
    lua_pushstring(L, all[i].text);
    lua_setfield(L, -2, name);
  }
  return 1;
}


/***
Let at most so many workers of this process run at once; further runs wait.

A run that may not wait, or has waited for as long as its `timeout`, ends
without having begun: its report has state `"limit"` and limit `"workers"`.

@function zvm.workers
@tparam number most 1 to 1024, which it is at first
@tparam[opt=math.huge] number queue how many may wait
@treturn boolean true
@usage zvm.workers(4, 16)
*/
static int workers(lua_State *L) {
  lua_Number most = luaL_checknumber(L, 1);
  lua_Number queue = luaL_optnumber(L, 2, HUGE_VAL);
  uint32_t waiting = ZVM_QUEUE_UNLIMITED;
  zvm_error err;
  luaL_argcheck(L, most >= 1 && most <= 1024 && most == (int)most, 1,
                "whole number from 1 to 1024 expected");
  luaL_argcheck(L, queue >= 0 && (queue == HUGE_VAL || queue == floor(queue)),
                2, "whole number from 0, or math.huge, expected");
  if (queue < ZVM_QUEUE_UNLIMITED)
    waiting = (uint32_t)queue;
  if (zvm_workers_limit((uint32_t)most, waiting, &err) != ZVM_OK)
    return zvm__failure_push(L, &err, NULL);
  lua_pushboolean(L, 1);
  return 1;
}


static const luaL_Reg functions[] = {
  {"barriers", barriers},
  {"digest", zvm__digest_string},
  {"digest_file", zvm__digest_file},
  {"load", load},
  {"pipe", zvm__pipe_new},
  {"rules", zvm__rules},
  {"run", zvm__session_run},
  {"save", zvm__save},
  {"start", zvm__session_start},
  {"survey", zvm__survey},
  {"validate", zvm__validate},
  {"wait", zvm__wait_any},
  {"workers", workers},
  {NULL, NULL},
};


__attribute__((visibility("default"))) int luaopen_zvm(lua_State *L);

int luaopen_zvm(lua_State *L) {
  zvm__module_open(L);
  zvm__session_open(L);
  zvm__report_open(L);
  zvm__pipe_open(L);
  zvm__calls_open(L);
  lua_createtable(L, 0, 15);
  zvm__setfuncs(L, functions);
  lua_pushliteral(L, ZVM_VERSION);
  lua_setfield(L, -2, "VERSION");
  zvm__lazy_open(L);
  zvm__host_open(L);
  lua_setfield(L, -2, "host");
  zvm__lazy_open(L);
  return 1;
}
