/*
** values.c - Lua values as bytes: see values.h.
**
** Metatables are not asked. Writing takes constant memory but for the table
** of tables that were met.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "values.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lauxlib.h"

#define EXACT 9007199254740992.0 /* integers below have digits of their own */

/* Where a value is: in the table of the frame above, under a key. */
struct frame {
  const struct frame *up;
  const char *root; /* of the outermost one */
  int key;          /* stack index, or 0: `number` is it */
  int number;
};

/* -- Writing ------------------------------------------------------------- */

void values_flush(struct values_out *out) {
  size_t done = 0;
  while (done < out->used) {
    ssize_t n = write(out->handle, out->room + done, out->used - done);
    if (n <= 0) _exit(1);
    done += n;
    out->is_kept = true;
  }
  out->used = 0;
}

void values_text(struct values_out *out, const char *bytes, size_t size) {
  while (size > 0) {
    size_t part = sizeof out->room - out->used;
    if (part > size) part = size;
    memcpy(out->room + out->used, bytes, part);
    out->used += part;
    bytes += part;
    size -= part;
    if (out->used == sizeof out->room) values_flush(out);
  }
}

static void put_count(struct values_out *out, char letter, int64_t count) {
  char text[24], *p = text + sizeof text;
  uint64_t n = count < 0 ? -(uint64_t)count : (uint64_t)count;
  *--p = '\n';
  do
    *--p = '0' + n % 10;
  while (n /= 10);
  if (count < 0) *--p = '-';
  *--p = letter;
  values_text(out, p, text + sizeof text - p);
}

void values_string(struct values_out *out, char letter, int index) {
  size_t size;
  const char *bytes = lua_tolstring(out->L, index, &size);
  put_count(out, letter, size);
  values_text(out, bytes, size);
}

static void put_number(struct values_out *out, lua_Number n) {
  char text[40];
  bool is_zero = n == 0 && __builtin_signbit(n);
  if (n > -EXACT && n < EXACT && n == (double)(int64_t)n && !is_zero) {
    put_count(out, 'd', (int64_t)n);
  } else {
    int size = n != n ? snprintf(text, sizeof text, "dnan\n")
                      : snprintf(text, sizeof text, "d%.17g\n", n);
    values_text(out, text, size);
  }
}

/* -- What cannot be sent -------------------------------------------------- */

static bool is_name(const char *s, size_t size) {
  if (size == 0 || size > 60 || isdigit((unsigned char)*s)) return false;
  for (size_t i = 0; i < size; i++)
    if (!isalnum((unsigned char)s[i]) && s[i] != '_') return false;
  return true;
}

static void add_key(lua_State *L, luaL_Buffer *b, const struct frame *f) {
  char text[100];
  size_t size;
  const char *s;
  if (!f->key) {
    snprintf(text, sizeof text, "[%d]", f->number);
  } else if (lua_type(L, f->key) == LUA_TSTRING) {
    s = lua_tolstring(L, f->key, &size);
    if (is_name(s, size))
      snprintf(text, sizeof text, ".%s", s);
    else
      snprintf(text, sizeof text, "[\"%.40s\"]", s);
  } else if (lua_type(L, f->key) == LUA_TNUMBER) {
    snprintf(text, sizeof text, "[%.14g]", lua_tonumber(L, f->key));
  } else {
    snprintf(text, sizeof text, "[%s]",
             lua_toboolean(L, f->key) ? "true" : "false");
  }
  luaL_addstring(b, text);
}

#define PATH_KEYS 20

static void add_path(lua_State *L, luaL_Buffer *b, const struct frame *f,
                     int keys) {
  if (!f->up) {
    luaL_addstring(b, f->root);
  } else if (keys == PATH_KEYS) {
    luaL_addstring(b, "...");
  } else {
    add_path(L, b, f->up, keys + 1);
    add_key(L, b, f);
  }
}

static bool refuse(struct values_out *out, const struct frame *f,
                   const char *why) {
  lua_State *L = out->L;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  add_path(L, &b, f, 0);
  luaL_addstring(&b, ": ");
  luaL_addstring(&b, why);
  luaL_pushresult(&b);
  values_string(out, '!', -1);
  lua_pop(L, 1);
  return false;
}

static bool refuse_type(struct values_out *out, const struct frame *f,
                        const char *as) {
  char why[80];
  snprintf(why, sizeof why, "a %s%s cannot leave the sandbox",
           luaL_typename(out->L, -1), as);
  return refuse(out, f, why);
}

/* -- Tables ---------------------------------------------------------------- */

static bool put_value(struct values_out *out, const struct frame *f,
                      int depth);

static bool is_item(lua_State *L, int key, int size) {
  lua_Number n;
  if (lua_type(L, key) != LUA_TNUMBER) return false;
  n = lua_tonumber(L, key);
  return n >= 1 && n <= size && n == (double)(int)n;
}

/* The key is at the top, the value below: of frame `f`. */
static bool put_key(struct values_out *out, const struct frame *f) {
  switch (lua_type(out->L, -1)) {
  case LUA_TSTRING: values_string(out, 's', -1); return true;
  case LUA_TNUMBER: put_number(out, lua_tonumber(out->L, -1)); return true;
  case LUA_TBOOLEAN:
    values_text(out, lua_toboolean(out->L, -1) ? "t\n" : "f\n", 2);
    return true;
  }
  return refuse_type(out, f, " as a key");
}

static bool put_items(struct values_out *out, const struct frame *up,
                      int depth, int size) {
  lua_State *L = out->L;
  int table = lua_gettop(L);
  for (int i = 1; i <= size; i++) {
    struct frame f = {.up = up, .number = i};
    lua_rawgeti(L, table, i);
    if (!put_value(out, &f, depth + 1)) return false;
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  while (lua_next(L, table)) {
    struct frame f = {.up = up, .key = lua_gettop(L) - 1};
    if (!is_item(L, f.key, size)) {
      lua_pushvalue(L, f.key);
      if (!put_key(out, up)) return false;
      lua_pop(L, 1);
      if (!put_value(out, &f, depth + 1)) return false;
    }
    lua_pop(L, 1);
  }
  return true;
}

/* Up to the first hole: lua_objlen may pass over any number of them. */
static int count_items(lua_State *L) {
  int n = 0, is_hole;
  do {
    lua_rawgeti(L, -1, ++n);
    is_hole = lua_isnil(L, -1);
    lua_pop(L, 1);
  } while (!is_hole);
  return n - 1;
}

static void note_table(struct values_out *out, int number) {
  lua_pushvalue(out->L, -1);
  lua_pushnumber(out->L, number);
  lua_rawset(out->L, out->seen);
}

static bool put_table(struct values_out *out, const struct frame *f,
                      int depth) {
  lua_State *L = out->L;
  int number, size;
  lua_pushvalue(L, -1);
  lua_rawget(L, out->seen);
  number = (int)lua_tonumber(L, -1);
  lua_pop(L, 1);
  if (number < 0) return refuse(out, f, "a table that contains itself");
  if (number > 0) {
    put_count(out, 'r', number);
    return true;
  }
  if (depth >= VALUES_DEPTH || !lua_checkstack(L, 20))
    return refuse(out, f, "tables nested too deeply");
  note_table(out, -(number = ++out->tables));
  size = count_items(L);
  put_count(out, '{', size);
  if (!put_items(out, f, depth, size)) return false;
  values_text(out, "}\n", 2);
  note_table(out, number);
  return true;
}

static bool put_value(struct values_out *out, const struct frame *f,
                      int depth) {
  switch (lua_type(out->L, -1)) {
  case LUA_TNIL: values_text(out, "z\n", 2); return true;
  case LUA_TTABLE: return put_table(out, f, depth);
  case LUA_TSTRING:
  case LUA_TNUMBER:
  case LUA_TBOOLEAN: return put_key(out, f);
  }
  return refuse_type(out, f, "");
}

bool values_write(struct values_out *out, const char *root) {
  struct frame f = {.root = root};
  int top = lua_gettop(out->L);
  bool done = put_value(out, &f, 0);
  lua_settop(out->L, top);
  return done;
}

/* -- Reading: what the host wrote ------------------------------------------ */

static size_t read_count(lua_State *L, struct values_in *in) {
  char *end;
  size_t n = strtoul(in->at, &end, 10);
  if (end >= in->end || *end != '\n') luaL_error(L, "no call: no number");
  in->at = end + 1;
  return n;
}

static void read_table(lua_State *L, struct values_in *in) {
  int size = (int)read_count(L, in), table;
  luaL_checkstack(L, 10, "values nested too deeply");
  lua_createtable(L, size, 0);
  table = lua_gettop(L);
  lua_pushvalue(L, table);
  lua_rawseti(L, in->tables, ++in->count);
  for (int i = 1; i <= size; i++) {
    values_read(L, in);
    lua_rawseti(L, table, i);
  }
  while (in->at < in->end && *in->at != '}') {
    values_read(L, in);
    values_read(L, in);
    lua_rawset(L, table);
  }
  in->at += 2;
}

void values_read(lua_State *L, struct values_in *in) {
  char letter = in->at < in->end ? *in->at++ : 0;
  size_t size;
  char *end;
  switch (letter) {
  case 'z': lua_pushnil(L); break;
  case 't':
  case 'f': lua_pushboolean(L, letter == 't'); break;
  case 'd':
    lua_pushnumber(L, strtod(in->at, &end));
    in->at = end;
    break;
  case 's':
    size = read_count(L, in);
    if (size > (size_t)(in->end - in->at)) luaL_error(L, "no call: cut short");
    lua_pushlstring(L, in->at, size);
    in->at += size;
    return;
  case '{': read_table(L, in); return;
  case 'r': lua_rawgeti(L, in->tables, (int)read_count(L, in)); return;
  default: luaL_error(L, "no call: unknown value");
  }
  in->at++;
}
