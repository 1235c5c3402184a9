/*
** lreplace.c - zvm.host.replace: a string with matches replaced, for zvm.re.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <limits.h>
#include <string.h>

#include "laux.h"

enum { SUBJECT = 1, OFFSETS, WIDTH, COUNT, PARTS, ROOM };
enum { WIDTH_MOST = 2 * 65536, GROUP_MOST = WIDTH_MOST / 2 };

/* What is being put together: a userdata on Lua's stack, at ROOM. */
typedef struct text {
  char *bytes;
  size_t size, room;
} text;

/* Of the replacement: a string, which the list of parts has; or groups. */
typedef struct part {
  const char *bytes; /* NULL: groups */
  size_t size;
  int group; /* if it is but one; else -1                     */
  int at;    /* where they are in the list of parts           */
} part;


/* A number that is no more than `most`; else an error about the argument. */
static int bounded(lua_State *L, int index, int most, int argument) {
  lua_Number n = lua_tonumber(L, index);
  luaL_argcheck(L, n >= 0 && n <= most, argument, "number out of bounds");
  return (int)n;
}


static void make_room(lua_State *L, text *t, size_t more) {
  size_t room = 2 * t->room > t->size + more ? 2 * t->room : t->size + more;
  char *bytes = lua_newuserdata(L, room);
  if (t->size > 0)
    memcpy(bytes, t->bytes, t->size);
  lua_replace(L, ROOM);
  t->bytes = bytes;
  t->room = room;
}


static void add(lua_State *L, text *t, const char *from, size_t n) {
  if (n > t->room - t->size)
    make_room(L, t, n);
  memcpy(t->bytes + t->size, from, n);
  t->size += n;
}


/* The pair at `i`: false if it is no range of so many bytes. */
static bool pair(lua_State *L, int i, size_t size, size_t *from, size_t *to) {
  lua_Number first, last;
  lua_rawgeti(L, OFFSETS, i);
  lua_rawgeti(L, OFFSETS, i + 1);
  first = lua_tonumber(L, -2);
  last = lua_tonumber(L, -1);
  lua_pop(L, 2);
  if (!(first >= 0 && first <= last && last <= (lua_Number)size))
    return false;
  *from = (size_t)first;
  *to = (size_t)last;
  return true;
}


/* The range of the first group that took part, if one did. */
static bool range_of(lua_State *L, const part *p, int match, size_t size,
                     size_t *from, size_t *to) {
  bool found = false;
  if (p->group >= 0)
    return pair(L, match + 2 * p->group, size, from, to);
  lua_rawgeti(L, PARTS, p->at);
  for (int k = 1, n = (int)lua_objlen(L, -1); k <= n && !found; k++) {
    lua_rawgeti(L, -1, k);
    int group = bounded(L, -1, GROUP_MOST, PARTS);
    lua_pop(L, 1);
    found = pair(L, match + 2 * group, size, from, to);
  }
  lua_pop(L, 1);
  return found;
}


static void add_parts(lua_State *L, text *t, const part *parts, int count,
                      int match, const char *subject, size_t size) {
  size_t from, to;
  for (const part *p = parts; p < parts + count; p++)
    if (p->bytes != NULL)
      add(L, t, p->bytes, p->size);
    else if (range_of(L, p, match, size, &from, &to))
      add(L, t, subject + from, to - from);
}


/* The part that is on top of the stack. */
static part read_part(lua_State *L, int at) {
  part p = {.group = -1, .at = at};
  if (lua_type(L, -1) == LUA_TSTRING) {
    p.bytes = lua_tolstring(L, -1, &p.size);
    return p;
  }
  luaL_argcheck(L, lua_istable(L, -1), PARTS, "strings and lists expected");
  if (lua_objlen(L, -1) == 1) {
    lua_rawgeti(L, -1, 1);
    p.group = bounded(L, -1, GROUP_MOST, PARTS);
    lua_pop(L, 1);
  }
  return p;
}


/***
A string with matches replaced. One that begins before another has ended stays.

@function zvm.host.replace
@tparam string subject
@tparam table offsets of all matches and their groups: behind which byte each
 begins, and with which it ends; out of bounds for one that took no part
@tparam number width elements of each match
@tparam number count matches
@tparam table parts of what takes their place: strings, and lists of groups, of
 which the first that took part is meant
@treturn string
*/
static int replace(lua_State *L) {
  size_t size, from, to, at = 0;
  const char *subject = luaL_checklstring(L, SUBJECT, &size);
  int width = bounded(L, WIDTH, WIDTH_MOST, WIDTH);
  int matches = bounded(L, COUNT, (INT_MAX - 2 * WIDTH_MOST) / (width + 1),
                        COUNT);
  int count;
  text t = {0};
  luaL_checktype(L, OFFSETS, LUA_TTABLE);
  luaL_checktype(L, PARTS, LUA_TTABLE);
  lua_settop(L, PARTS);
  lua_pushnil(L); /* at ROOM */
  count = (int)lua_objlen(L, PARTS);
  part *parts = lua_newuserdata(L, (size_t)count * sizeof *parts + 1);
  for (int i = 0; i < count; i++) {
    lua_rawgeti(L, PARTS, i + 1);
    parts[i] = read_part(L, i + 1);
    lua_pop(L, 1);
  }
  make_room(L, &t, size + size / 4);
  for (int i = 0; i < matches; i++) {
    int match = i * width + 1;
    if (!pair(L, match, size, &from, &to))
      return luaL_argerror(L, OFFSETS, "a match out of bounds");
    if (from < at)
      continue;
    add(L, &t, subject + at, from - at);
    add_parts(L, &t, parts, count, match, subject, size);
    at = to;
  }
  add(L, &t, subject + at, size - at);
  lua_pushlstring(L, t.bytes, t.size);
  return 1;
}


void zvm__replace_open(lua_State *L) {
  lua_pushcfunction(L, replace);
  lua_setfield(L, -2, "replace");
}
