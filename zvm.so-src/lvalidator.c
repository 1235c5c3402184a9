/*
** lvalidator.c - zvm.validate, zvm.survey, zvm.rules: machine code without
** a module around it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "laux.h"
#include "loptions.h"

/* -- Arguments ----------------------------------------------------------- */

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


/*
** The arguments (code [, {address =, level =}]) of `function`. False: the
** message is on top of the stack.
*/
static bool read_arguments(lua_State *L, const char *function, place *out) {
  zvm__options o;
  *out = (place){ZVM_TEXT_BASE, ZVM_LEVEL_V2};
  luaL_checktype(L, 1, LUA_TSTRING);
  if (!lua_isnoneornil(L, 2))
    luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  zvm__options_start(&o, L, function);
  return !lua_istable(L, 2) || read_place(&o, 2, out);
}

/* -- Validate ------------------------------------------------------------ */

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
int zvm__validate(lua_State *L) {
  zvm__findings found;
  zvm_error err;
  const char *code;
  size_t size;
  place where;
  if (!read_arguments(L, "zvm.validate", &where))
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

/* -- Survey -------------------------------------------------------------- */

static void set_count(lua_State *L, const char *name, uint32_t n) {
  lua_pushnumber(L, n);
  lua_setfield(L, -2, name);
}


static void push_branches(lua_State *L, const zvm_counts *c) {
  lua_createtable(L, 0, 3);
  set_count(L, "direct", c->jumps);
  set_count(L, "conditional", c->jumps_conditional);
  set_count(L, "indirect", c->jumps_indirect);
  lua_setfield(L, -2, "jumps");
  lua_createtable(L, 0, 2);
  set_count(L, "direct", c->calls);
  set_count(L, "indirect", c->calls_indirect);
  lua_setfield(L, -2, "calls");
}


static void push_memory(lua_State *L, const zvm_counts *c) {
  lua_createtable(L, 0, 4);
  set_count(L, "addr32", c->mem_addr32);
  set_count(L, "rip", c->mem_rip);
  set_count(L, "rsp", c->mem_rsp);
  set_count(L, "string", c->mem_string);
  lua_setfield(L, -2, "memory");
}


static void push_counts(lua_State *L, const zvm_counts *c) {
  int slot;
  lua_createtable(L, 0, 11);
  set_count(L, "bytes", c->bytes);
  set_count(L, "bundles", c->bundles);
  set_count(L, "instructions", c->instructions);
  set_count(L, "padding", c->padding);
  set_count(L, "returns", c->returns);
  set_count(L, "above_v2", c->above_v2);
  set_count(L, "level", (uint32_t)c->level);
  push_branches(L, c);
  push_memory(L, c);
  lua_createtable(L, 0, ZVM_SLOT_COUNT);
  for (slot = 0; slot < ZVM_SLOT_COUNT; slot++)
    set_count(L, zvm__slot_names[slot], c->traps[slot]);
  lua_setfield(L, -2, "traps");
}


/***
Count what stands in machine code that satisfies the rules.

@function zvm.survey
@tparam string code whole bundles of 32 bytes
@tparam[opt] table options as for `zvm.validate`
@treturn[1] table counts: `bytes`, `bundles`, `instructions`, `padding`,
 `jumps`, `calls`, `returns`, `traps`, `memory`, `above_v2`, `level`
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: that of `zvm.validate`
@usage print(zvm.survey(("\144"):rep(32)).padding) --> 32
*/
int zvm__survey(lua_State *L) {
  zvm_counts counts;
  zvm_error err;
  const char *code;
  size_t size;
  place where;
  if (!read_arguments(L, "zvm.survey", &where))
    return zvm__failure_wrap(L, zvm_status_name(ZVM_E_OPTION));
  code = lua_tolstring(L, 1, &size);
  memset(&err, 0, sizeof err);
  err.status = zvm_survey(code, size, where.address, (int)where.level,
                          &counts, &err);
  if (err.status != ZVM_OK)
    return zvm__failure_push(L, &err, NULL);
  push_counts(L, &counts);
  return 1;
}

/* -- Rules --------------------------------------------------------------- */

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
int zvm__rules(lua_State *L) {
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
