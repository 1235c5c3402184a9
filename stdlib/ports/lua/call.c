/*
** call.c - one call from the host, in lua.zvm: what zvm.lua and zvm.sandbox do.
**
** /dev/zvm/call has values (values.h), one after the other:
**
**   modules      table from name to source, for `require`
**   n            so many chunks follow, the first one is called
**     name, source, closure    true: it gives the function that is meant
**   n            so many upvalues follow
**     chunk, name, how, value  "value"; "chunk": its number; "library": a name
**   n            so many arguments follow
**
** The answer goes to /dev/zvm/reply: "R" and values, or "E", a message and the
** error value, or "M": memory ran out.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "call.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lauxlib.h"
#include "values.h"

/* A stack index: table of the functions. */
#define CHUNKS 2

static struct values_out out;

static int read_int(lua_State *L, struct values_in *in) {
  int n;
  values_read(L, in);
  n = (int)lua_tonumber(L, -1);
  lua_pop(L, 1);
  return n;
}

static bool open_call(struct values_in *in) {
  int handle = open("/dev/zvm/call", O_RDONLY);
  struct stat st;
  char *bytes;
  if (handle < 0 || fstat(handle, &st) < 0) return false;
  bytes = malloc(st.st_size + 1);
  if (!bytes) return false;
  in->at = bytes;
  in->end = bytes + read(handle, bytes, st.st_size);
  bytes[st.st_size] = 0;
  close(handle);
  return true;
}

/* -- Before the call ------------------------------------------------------- */

/* Loader of a module: upvalue 1 is its source. */
static int load_module(lua_State *L) {
  size_t size;
  const char *source = lua_tolstring(L, lua_upvalueindex(1), &size);
  const char *name = luaL_checkstring(L, 1);
  lua_pushfstring(L, "@%s", name);
  if (luaL_loadbuffer(L, source, size, lua_tostring(L, -1))) lua_error(L);
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

static void take_modules(lua_State *L, struct values_in *in) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  values_read(L, in);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pushcclosure(L, load_module, 1);
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_pop(L, 3);
}

static void take_chunks(lua_State *L, struct values_in *in) {
  int n = read_int(L, in);
  for (int i = 1; i <= n; i++) {
    size_t size;
    const char *name, *source;
    int at = lua_gettop(L) + 1;
    values_read(L, in);
    values_read(L, in);
    values_read(L, in);
    name = lua_tostring(L, at);
    source = lua_tolstring(L, at + 1, &size);
    if (luaL_loadbuffer(L, source, size, name)) lua_error(L);
    if (lua_toboolean(L, at + 2)) lua_call(L, 0, 1);
    lua_rawseti(L, CHUNKS, i);
    lua_settop(L, at - 1);
  }
}

/* Push what "math.floor" is here. */
static void push_library(lua_State *L, const char *name) {
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  while (*name) {
    size_t part = strcspn(name, ".");
    lua_pushlstring(L, name, part);
    lua_gettable(L, -2);
    lua_remove(L, -2);
    name += part + (name[part] == '.');
  }
}

static void set_upvalue(lua_State *L, int function, const char *name) {
  const char *each;
  for (int i = 1; (each = lua_getupvalue(L, function, i)); i++) {
    lua_pop(L, 1);
    if (strcmp(each, name) == 0) {
      lua_setupvalue(L, function, i);
      return;
    }
  }
  luaL_error(L, "no call: no upvalue");
}

static void take_upvalues(lua_State *L, struct values_in *in) {
  int n = read_int(L, in);
  while (n-- > 0) {
    const char *how;
    int at = lua_gettop(L) + 1;
    lua_rawgeti(L, CHUNKS, read_int(L, in));
    values_read(L, in);
    values_read(L, in);
    values_read(L, in);
    how = lua_tostring(L, at + 2);
    if (*how == 'c')
      lua_rawgeti(L, CHUNKS, (int)lua_tonumber(L, -1));
    else if (*how == 'l')
      push_library(L, lua_tostring(L, -1));
    set_upvalue(L, at, lua_tostring(L, at + 1));
    lua_settop(L, at - 1);
  }
}

/* -- Errors ---------------------------------------------------------------- */

#define FIRST_LEVELS 12
#define LAST_LEVELS 10

static bool has_level(lua_State *L, int level) {
  lua_Debug unused;
  return lua_getstack(L, level, &unused);
}

/* Asking for a level takes as long as it is deep: not all are asked for. */
static int count_levels(lua_State *L) {
  int low = 0, high = 1;
  while (has_level(L, high)) high *= 2;
  while (high - low > 1) {
    int mid = (low + high) / 2;
    if (has_level(L, mid))
      low = mid;
    else
      high = mid;
  }
  return high;
}

/* As debug.traceback, which takes the square of the depth, shows them. */
static void add_level(lua_State *L, luaL_Buffer *b, int level) {
  lua_Debug ar;
  lua_getstack(L, level, &ar);
  lua_getinfo(L, "Snl", &ar);
  lua_pushfstring(L, "\n\t%s:", ar.short_src);
  luaL_addvalue(b);
  if (ar.currentline > 0) {
    lua_pushfstring(L, "%d:", ar.currentline);
    luaL_addvalue(b);
  }
  if (*ar.namewhat)
    lua_pushfstring(L, " in function '%s'", ar.name);
  else if (*ar.what == 'm')
    lua_pushliteral(L, " in main chunk");
  else if (*ar.what == 'C' || *ar.what == 't')
    lua_pushliteral(L, " ?");
  else
    lua_pushfstring(L, " in function <%s:%d>", ar.short_src, ar.linedefined);
  luaL_addvalue(b);
}

/* Upvalue: how many levels called the chunk, of which nobody wants to read. */
static int add_traceback(lua_State *L) {
  int first = 1, last = count_levels(L) - 1;
  luaL_Buffer b;
  if (!lua_isstring(L, 1)) return 1;
  last -= (int)lua_tointeger(L, lua_upvalueindex(1));
  if (last < first) return 1;
  luaL_buffinit(L, &b);
  lua_pushvalue(L, 1);
  luaL_addvalue(&b);
  luaL_addstring(&b, "\nstack traceback:");
  for (int i = first; i <= last; i++) {
    if (i == first + FIRST_LEVELS && last - i >= LAST_LEVELS) {
      luaL_addstring(&b, "\n\t...");
      i = last - LAST_LEVELS + 1;
    }
    add_level(L, &b, i);
  }
  luaL_pushresult(&b);
  return 1;
}

/* What a value says of itself, or nothing. */
static int ask(lua_State *L) {
  return luaL_callmeta(L, 1, "__tostring");
}

/* Push a message for the error value at the top, which may be no string. */
static void push_message(lua_State *L) {
  int value = lua_gettop(L), status = 0;
  lua_pushvalue(L, value);
  if (!lua_isstring(L, value)) {
    lua_pushcfunction(L, ask);
    lua_insert(L, -2);
    status = lua_pcall(L, 1, 1, 0);
  }
  if (status == LUA_ERRMEM) lua_error(L);
  if (status || !lua_isstring(L, -1))
    lua_pushfstring(L, "(error object is a %s value)",
                    luaL_typename(L, value));
}

/* -- The call -------------------------------------------------------------- */

/* Everything that comes of it, below which is nothing. */
static int run_chunk(lua_State *L) {
  struct values_in *in = lua_touserdata(L, 1);
  int n;
  lua_settop(L, 0);
  lua_newtable(L);
  in->tables = 1;
  lua_newtable(L);
  take_modules(L, in);
  take_chunks(L, in);
  take_upvalues(L, in);
  lua_rawgeti(L, CHUNKS, 1);
  n = read_int(L, in);
  luaL_checkstack(L, n + 10, "too many arguments");
  for (int i = 0; i < n; i++) values_read(L, in);
  lua_call(L, n, LUA_MULTRET);
  return lua_gettop(L) - CHUNKS;
}

static void start_reply(lua_State *L) {
  lua_newtable(L);
  lua_insert(L, 1);
  out.L = L;
  out.seen = 1;
}

static int reply_error(lua_State *L) {
  start_reply(L);
  push_message(L);
  values_text(&out, "E\n", 2);
  values_string(&out, 's', -1);
  out.is_kept = true;
  lua_settop(L, 2);
  values_write(&out, "error");
  return 0;
}

static int reply_results(lua_State *L) {
  char text[32];
  int n = lua_gettop(L);
  luaL_checkstack(L, 10, "too many results");
  start_reply(L);
  snprintf(text, sizeof text, "R%d\n", n);
  values_text(&out, text, strlen(text));
  for (int i = 1; i <= n; i++) {
    snprintf(text, sizeof text, "result[%d]", i);
    lua_pushvalue(L, i + 1);
    if (!values_write(&out, text)) return 0;
    lua_pop(L, 1);
  }
  return 0;
}

/* Instead of what was to be said, or behind what is kept. */
static void put_no_memory(void) {
  const char *text = out.is_kept ? "!17\nnot enough memory" : "M\n";
  if (!out.is_kept) out.used = 0;
  values_text(&out, text, strlen(text));
}

/*
** What is needed after the chunk is pushed and opened before it: then there
** may be no memory left.
*/
int luaopen_zvm_call(lua_State *L) {
  enum { ON_RESULTS = 3 };
  struct values_in in = {0};
  int status = LUA_ERRMEM, failed = 0;
  out.handle = open("/dev/zvm/reply", O_WRONLY);
  lua_settop(L, 0);
  lua_pushinteger(L, count_levels(L) + 1); /* with run_chunk */
  lua_pushcclosure(L, add_traceback, 1);
  lua_pushcfunction(L, reply_error);
  lua_pushcfunction(L, reply_results);
  lua_pushcfunction(L, run_chunk);
  lua_pushlightuserdata(L, &in);
  if (open_call(&in)) status = lua_pcall(L, 1, LUA_MULTRET, 1);
  if (status == LUA_ERRMEM) {
    failed = status;
  } else if (status) {
    lua_replace(L, ON_RESULTS);
    failed = lua_pcall(L, 1, 0, 0);
  } else {
    failed = lua_pcall(L, lua_gettop(L) - ON_RESULTS, 0, 0);
  }
  if (failed) put_no_memory();
  fflush(stdout);
  values_flush(&out);
  exit(0);
}
