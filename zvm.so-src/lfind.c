/*
** lfind.c - a find of zvm.re, which is one call of a C function.
**
** What is usual is done here: text that is looked for by itself, and a request
** whose answer is a match without groups, or none. All else is Lua's, which
** this calls (lua/zvm/re/engine.lua). Until then nothing is allocated, as that
** might have a finalizer run while a request is under way.
**
** A pattern, a table, has a finder as its element 1.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "base/bare.h"
#include "llink.h"
#include "lmatches.h"

#define FINDER_TYPE "zvm.re.finder"

enum { TEXT_MOST = 64, TEXT_SUBJECT_MOST = 1 << 20 };

/* How a pattern is found. Its environment is that of its link. */
typedef struct finder {
  zvm__link *link;     /* NULL: it is for text            */
  uint32_t generation; /* of the instance that knows it   */
  uint32_t slot, pairs;
  size_t length;
  char text[TEXT_MOST];
} finder;

/* Arguments and upvalues of the functions that find. */
enum { PATTERN = 1, STRING, INIT, FINDER };
enum { TYPE = 1, SLOWLY, ANSWERED, FINISHED };


/* A word, but for the one of all ones. */
static uint32_t check_word(lua_State *L, int index) {
  return (uint32_t)zvm__check_number(L, index, 0, UINT32_MAX - 1);
}


static void push_finder(lua_State *L, const finder *f) {
  finder *out = lua_newuserdata(L, sizeof *out);
  *out = *f;
  luaL_getmetatable(L, FINDER_TYPE);
  lua_setmetatable(L, -2);
}


/*** What a pattern is found by: its element 1.
@function zvm.host.finder
@tparam zvm.re.link link which is open
@tparam number slot of the pattern in the instance
@tparam number pairs of each match
@treturn userdata
*/
static int new_finder(lua_State *L) {
  finder f = {.link = zvm__link_check(L, 1)};
  f.generation = f.link->generation;
  f.slot = check_word(L, 2);
  f.pairs = (uint32_t)zvm__check_number(L, 3, 0, ZVM__PAIRS_MOST);
  push_finder(L, &f);
  lua_getfenv(L, 1);
  lua_setfenv(L, -2);
  return 1;
}


/*** The same of a pattern that is but text.
@function zvm.host.text_finder
@tparam string text 1 to 64 bytes
@treturn userdata
*/
static int new_text_finder(lua_State *L) {
  finder f = {.link = NULL};
  const char *text = luaL_checklstring(L, 1, &f.length);
  luaL_argcheck(L, f.length > 0 && f.length <= TEXT_MOST, 1, "length");
  memcpy(f.text, text, f.length);
  push_finder(L, &f);
  return 1;
}


/* That of the pattern, on the stack at FINDER; or NULL. */
static const finder *finder_of(lua_State *L) {
  if (lua_type(L, PATTERN) != LUA_TTABLE)
    return NULL;
  lua_rawgeti(L, PATTERN, 1);
  const finder *f = lua_touserdata(L, FINDER);
  if (f == NULL || !lua_getmetatable(L, FINDER))
    return NULL;
  bool fits = lua_rawequal(L, -1, lua_upvalueindex(TYPE));
  lua_pop(L, 1);
  return fits ? f : NULL;
}


/* Where to begin, from 0, if the argument is as usual. */
static bool read_start(lua_State *L, size_t size, uint32_t *start) {
  *start = 0;
  if (lua_isnoneornil(L, INIT))
    return true;
  lua_Number n = lua_tonumber(L, INIT);
  if (!(n >= 1 && n <= (lua_Number)size + 1 && n < UINT32_MAX))
    return false;
  *start = (uint32_t)n - 1;
  return true;
}


/* Call the function with the pattern, the string and so many values on top. */
static int call(lua_State *L, int upvalue, int values, int results) {
  int at = lua_gettop(L) - values + 1;
  lua_pushvalue(L, lua_upvalueindex(upvalue));
  lua_insert(L, at);
  lua_pushvalue(L, PATTERN);
  lua_insert(L, at + 1);
  lua_pushvalue(L, STRING);
  lua_insert(L, at + 2);
  lua_call(L, values + 2, results);
  return lua_gettop(L) - at + 1;
}


static int slowly(lua_State *L) {
  lua_pushvalue(L, INIT);
  return call(L, SLOWLY, 1, LUA_MULTRET);
}


/* Offsets, or the string of the match. */
static int found(lua_State *L, const char *subject, size_t first, size_t last,
                 bool match) {
  if (match) {
    lua_pushlstring(L, subject + first, last - first);
    return 1;
  }
  lua_pushnumber(L, (lua_Number)first + 1);
  lua_pushnumber(L, (lua_Number)last);
  return 2;
}


static int none(lua_State *L) {
  lua_pushnil(L);
  return 1;
}


static int find_text(lua_State *L, const finder *f, const char *subject,
                     size_t size, size_t start, bool match) {
  const char *at =
      zvm__text_find(subject + start, size - start, f->text, f->length);
  if (at == NULL)
    return none(L);
  size_t first = (size_t)(at - subject);
  return found(L, subject, first, first + f->length, match);
}


/* No match, or one without groups. */
static bool is_usual(const finder *f, const zvm__answer *a, size_t size) {
  return a->status == ZVM__RE_NONE ||
         (a->status == ZVM__RE_DONE && f->pairs == 1 && a->count == 1 &&
          a->size == 0 && a->first <= a->last && a->last <= size);
}


/* Those values are the engine's to see to. */
static int answered(lua_State *L, uint32_t start, int values) {
  int at = lua_gettop(L) - values + 1;
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  lua_pushvalue(L, lua_upvalueindex(ANSWERED));
  zvm__link_push_engine(L, FINDER);
  lua_pushvalue(L, PATTERN);
  lua_pushvalue(L, STRING);
  lua_pushnumber(L, start);
  for (int i = 0; i < values; i++)
    lua_pushvalue(L, at + i);
  lua_call(L, values + 4, 3);
  return call(L, FINISHED, 3, LUA_MULTRET);
}


/* Is there the instance that knows the pattern, and nothing else to be done? */
static bool is_ready(const finder *f, size_t size) {
  return f->generation == f->link->generation &&
         zvm__link_is_ready(f->link, size);
}


static int find_by(lua_State *L, const finder *f, const char *subject,
                   size_t size, uint32_t start, bool match) {
  zvm__request q = {.operation = ZVM__RE_FIND,
                    .slot = f->slot,
                    .b = start,
                    .size = (uint32_t)size};
  zvm__outcome o = zvm__link_ask(L, f->link, FINDER, STRING, q);
  if (o.heard && is_usual(f, &o.a, size))
    return o.a.status == ZVM__RE_NONE
               ? none(L)
               : found(L, subject, o.a.first, o.a.last, match);
  f->link->busy = true; /* until the engine has seen to it */
  return answered(L, start, zvm__link_push(L, &o));
}


static int search(lua_State *L, bool match) {
  size_t size;
  uint32_t start;
  lua_settop(L, INIT);
  const finder *f = finder_of(L);
  if (f == NULL || lua_type(L, STRING) != LUA_TSTRING)
    return slowly(L);
  const char *subject = lua_tolstring(L, STRING, &size);
  if (!read_start(L, size, &start))
    return slowly(L);
  if (f->link != NULL && is_ready(f, size))
    return find_by(L, f, subject, size, start, match);
  if (f->link == NULL && size <= TEXT_SUBJECT_MOST)
    return find_text(L, f, subject, size, start, match);
  return slowly(L);
}


static int find(lua_State *L) {
  return search(L, false);
}


static int match(lua_State *L) {
  return search(L, true);
}


/* The function of the arguments that new_find has. */
static int new_search(lua_State *L, lua_CFunction f) {
  lua_settop(L, 3);
  luaL_getmetatable(L, FINDER_TYPE);
  lua_insert(L, TYPE);
  lua_pushcclosure(L, f, 4);
  return 1;
}


/*** A method of patterns, `(pattern, subject, init)`: where the first match is.
@function zvm.host.find
@tparam function slowly the same, whenever something is not as usual
@tparam function answered `(engine, pattern, subject, start, ...)`, where start
 counts from 0 and the rest is an answer with groups or of an error; or nil, and
 whether it may yet come; if not, link:failure tells why. The link is taken.
 Gives what find of the engine gives
@tparam function finished `(pattern, subject, ...)`: gives what the method gives
@treturn function
*/
static int new_find(lua_State *L) {
  return new_search(L, find);
}


/*** Likewise: the first match itself.
@function zvm.host.match
*/
static int new_match(lua_State *L) {
  return new_search(L, match);
}


/* -- All ----------------------------------------------------------------- */

enum { BLOCK = 64 * 1024 };

/* Are they all the matches that there are, in one answer that is no longer? */
static bool is_whole(const finder *f, const zvm__answer *a, uint32_t most) {
  return a->status == ZVM__RE_DONE && a->count <= most && a->size <= BLOCK &&
         a->size == (uint64_t)a->count * f->pairs * sizeof(zvm__span);
}


/*** All matches, if they can be told at once.
@function zvm.host.find_all
@tparam table pattern
@tparam string subject
@tparam number start from 0
@tparam number most at most so many
@treturn[1] string matches
@treturn[1] number how many
@treturn[2] nil
@treturn[2] boolean false: somebody has to ask for them
@treturn[3] nil
@treturn[3] boolean true: the link is taken
@treturn[3] string what there is behind the answer's head
@treturn[3] ... that head, as zvm.host.find has it for `answered`
*/
static int find_all(lua_State *L) {
  char bytes[BLOCK] ZVM__BARE;
  size_t size, got = 0;
  (void)luaL_checklstring(L, STRING, &size);
  zvm__request q = {.operation = ZVM__RE_ALL,
                    .b = check_word(L, 3),
                    .a = check_word(L, 4)};
  lua_settop(L, INIT);
  const finder *f = finder_of(L);
  if (f == NULL || f->link == NULL || !is_ready(f, size)) {
    lua_pushnil(L);
    lua_pushboolean(L, 0);
    return 2;
  }
  q.slot = f->slot;
  q.size = (uint32_t)size;
  zvm__outcome o = zvm__link_ask(L, f->link, FINDER, STRING, q);
  bool whole = o.heard && is_whole(f, &o.a, q.a);
  if (whole && o.a.size > 0)
    got = zvm__link_read(f->link, bytes, o.a.size);
  f->link->busy = true; /* who called is the engine */
  if (whole && got == o.a.size &&
      zvm__are_matches(bytes, got, f->pairs, size)) {
    lua_pushlstring(L, bytes, got);
    lua_pushnumber(L, o.a.count);
    f->link->busy = false;
    return 2;
  }
  lua_pushnil(L);
  lua_pushboolean(L, 1);
  lua_pushlstring(L, bytes, got);
  return 3 + zvm__link_push(L, &o);
}


static const luaL_Reg functions[] = {
  {"find", new_find},
  {"finder", new_finder},
  {"match", new_match},
  {"text_finder", new_text_finder},
  {NULL, NULL},
};


void zvm__find_open(lua_State *L) {
  static const luaL_Reg of_finders[] = {{NULL, NULL}};
  zvm__type_open(L, FINDER_TYPE, of_finders, of_finders);
  zvm__setfuncs(L, functions);
  luaL_getmetatable(L, FINDER_TYPE);
  lua_pushcclosure(L, find_all, 1);
  lua_setfield(L, -2, "find_all");
  lua_pushnumber(L, TEXT_MOST);
  lua_setfield(L, -2, "text_most");
  lua_pushnumber(L, TEXT_SUBJECT_MOST);
  lua_setfield(L, -2, "text_subject_most");
}
