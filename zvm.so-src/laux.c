/*
** laux.c - results, findings and digests as Lua values; types of userdata.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>

#include "laux.h"


bool zvm__findings_add(void *ctx, const zvm_finding *f) {
  zvm__findings *found = ctx;
  if (found->count == ZVM__FINDINGS_MAX) {
    found->more = true;
    return false;
  }
  found->list[found->count++] = *f;
  return true;
}


void zvm__let_hook(lua_State *L) {
  if (lua_gethook(L) == NULL)
    return;
  if (luaL_loadbuffer(L, "", 0, "=zvm") != 0)
    lua_error(L);
  lua_call(L, 0, 0);
}


bool zvm__is_shortage(const zvm_error *err) {
  return err->status == ZVM_E_NOMEM || err->os == EMFILE ||
         err->os == ENFILE || err->os == ENOMEM;
}


void zvm__hex_push(lua_State *L, const uint8_t *bytes, size_t size) {
  static const char digits[] = "0123456789abcdef";
  char text[2 * 64];
  size_t i;
  if (size > 64)
    size = 64;
  for (i = 0; i < size; i++) {
    text[2 * i] = digits[bytes[i] >> 4];
    text[2 * i + 1] = digits[bytes[i] & 15];
  }
  lua_pushlstring(L, text, 2 * size);
}


static void push_finding(lua_State *L, const zvm_finding *f) {
  lua_createtable(L, 0, 6);
  lua_pushnumber(L, (lua_Number)f->address);
  lua_setfield(L, -2, "address");
  lua_pushnumber(L, (lua_Number)f->offset);
  lua_setfield(L, -2, "offset");
  lua_pushstring(L, zvm_rule_name(f->rule));
  lua_setfield(L, -2, "rule");
  lua_pushstring(L, zvm_rule_text(f->rule));
  lua_setfield(L, -2, "text");
  lua_pushstring(L, zvm_rule_remedy(f->rule));
  lua_setfield(L, -2, "remedy");
  zvm__hex_push(L, f->bytes, sizeof f->bytes);
  lua_setfield(L, -2, "bytes");
}


static void push_findings(lua_State *L, const zvm__findings *found) {
  unsigned i;
  lua_createtable(L, (int)found->count, 1);
  for (i = 0; i < found->count; i++) {
    push_finding(L, &found->list[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  if (found->more) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "more");
  }
}


int zvm__failure_push(lua_State *L, const zvm_error *err,
                      const zvm__findings *found) {
  const char *text = err->text;
  if (text[0] == '\0')
    text = zvm_status_text(err->status);
  lua_pushnil(L);
  lua_pushstring(L, text);
  lua_pushstring(L, zvm_status_name(err->status));
  if (err->status != ZVM_E_REJECTED || found == NULL)
    return 3;
  push_findings(L, found);
  return 4;
}


int zvm__failure_wrap(lua_State *L, const char *code) {
  lua_pushnil(L);
  lua_insert(L, -2);
  lua_pushstring(L, code);
  return 3;
}


size_t zvm__check_number(lua_State *L, int index, size_t least, size_t most) {
  lua_Number n = luaL_checknumber(L, index);
  luaL_argcheck(L, n >= (lua_Number)least && n <= (lua_Number)most, index,
                "number out of bounds");
  return (size_t)n;
}


void zvm__type_open(lua_State *L, const char *name, const luaL_Reg *methods,
                    const luaL_Reg *metamethods) {
  if (luaL_newmetatable(L, name)) {
    zvm__setfuncs(L, metamethods);
    lua_newtable(L);
    zvm__setclosures(L, methods); /* for zvm__checkself */
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
  }
  lua_pop(L, 1);
}
