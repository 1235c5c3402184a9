/*
** lfind.c - a find of zvm.re, which is one call of a C function.
**
** What is usual is done here: text that is looked for by itself, and a request
** whose answer is a match without groups, or none. All else is Lua's, which
** this calls: stdlib/re/re.h has the protocol, lua/zvm/re/engine.lua its other
** requests.
**
** A pattern, a table, has a finder as its element 1. Those of an instance share
** its line, and with that an environment, which no script gets at: it holds what
** they point to. Between a request and its answer no Lua code runs here.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "base/bare.h"
#include "lchannel.h"
#include "lmatches.h"

#define FINDER_TYPE "zvm.re.finder"
#define LINE_TYPE "zvm.re.line"

enum { TEXT_MOST = 64, TEXT_SUBJECT_MOST = 1 << 20 };
enum { AT_ONCE = 64 * 1024, SLICE_MS = 50 };

/* Of stdlib/re/re.h. */
enum { FIND = 3, ALL = 4, SAME = 0xffffffff, NEXT_MOST = 4096 };
enum { DONE = 0, NONE = 1 };

typedef struct request {
  uint32_t operation, slot, a, b, size, next;
} request;

typedef struct answer {
  uint32_t status, count, size, first, last;
} answer;

/* What came of a request: the answer's head, if it is there. */
typedef struct outcome {
  bool heard, waits; /* waits: the time is not over, and it may yet come */
  answer a;
  zvm_error err; /* if it is not there */
} outcome;

/* The way to an instance and back. */
typedef struct line {
  const zvm__lpipe *to, *from; /* NULL: there is no instance */
  bool busy;                   /* a request is under way, or it is over   */
  const char *subject;         /* the string that the other side has last */
  uint32_t promised;           /* bytes of the next request               */
} line;

typedef struct finder {
  line *line; /* NULL: it is for text */
  uint32_t slot, pairs;
  size_t length;
  char text[TEXT_MOST];
} finder;

/* Of the environment. */
enum { HELD_LINE = 1, HELD_SUBJECT, HELD_TO, HELD_FROM, HELD_ENGINE, HELD };

/* Arguments and upvalues of the functions that find. */
enum { PATTERN = 1, STRING, INIT, FINDER };
enum { TYPE = 1, SLOWLY, ANSWERED, FINISHED };


static const char zeros[NEXT_MOST];


static uint32_t check_word(lua_State *L, int index) {
  lua_Number n = luaL_checknumber(L, index);
  luaL_argcheck(L, n >= 0 && n < SAME, index, "number out of bounds");
  return (uint32_t)n;
}


/* -- Lines --------------------------------------------------------------- */

static line *check_line(lua_State *L) {
  return zvm__checkself(L, 1, LINE_TYPE);
}


static const zvm__lpipe *hold_pipe(lua_State *L, int index, int env, int held) {
  const zvm__lpipe *lp = luaL_checkudata(L, index, ZVM__PIPE_TYPE);
  lua_pushvalue(L, index);
  lua_rawseti(L, env, held);
  return lp;
}


/*** What finders of an instance share. It is busy at first.
@function zvm.host.line
@tparam[opt] zvm.pipe to without it, there is no instance, and it is not busy
@tparam[opt] zvm.pipe from
@tparam[opt] table engine
@treturn zvm.re.line
*/
static int new_line(lua_State *L) {
  enum { ENGINE = 3, ENV, SELF };
  lua_settop(L, ENGINE);
  lua_createtable(L, HELD - 1, 0);
  line *out = lua_newuserdata(L, sizeof *out);
  *out = (line){.busy = false};
  luaL_getmetatable(L, LINE_TYPE);
  lua_setmetatable(L, SELF);
  if (!lua_isnil(L, 1)) {
    const zvm__lpipe *to = hold_pipe(L, 1, ENV, HELD_TO);
    out->from = hold_pipe(L, 2, ENV, HELD_FROM);
    out->to = to;
    out->busy = true;
  }
  lua_pushvalue(L, ENGINE);
  lua_rawseti(L, ENV, HELD_ENGINE);
  lua_pushvalue(L, SELF);
  lua_rawseti(L, ENV, HELD_LINE);
  lua_pushvalue(L, ENV);
  lua_setfenv(L, SELF);
  return 1;
}


/*** Whether a request is under way, or none may be any more.
@function line:is_busy
@treturn boolean
*/
static int line_is_busy(lua_State *L) {
  lua_pushboolean(L, check_line(L)->busy);
  return 1;
}


/***
@function line:set_busy
@tparam boolean busy
*/
static int line_set_busy(lua_State *L) {
  check_line(L)->busy = lua_toboolean(L, 2);
  return 0;
}


/*
** The string at `index` is what the other side has from now on, or nil: none.
** Whose environment it is: at `holder`.
*/
static void hold_subject(lua_State *L, line *l, int index, int holder) {
  lua_getfenv(L, holder);
  lua_pushvalue(L, index);
  lua_rawseti(L, -2, HELD_SUBJECT);
  lua_pop(L, 1);
  l->subject = lua_tostring(L, index);
}


/*** Whether the other side has that subject. If not, it will.
@function line:has
@tparam ?string subject nil: it has none
@treturn boolean
*/
static int line_has(lua_State *L) {
  line *l = check_line(L);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2))
    luaL_checktype(L, 2, LUA_TSTRING);
  lua_pushboolean(L, !lua_isnil(L, 2) && l->subject == lua_tostring(L, 2));
  hold_subject(L, l, 2, 1);
  return 1;
}


/*** What has to follow so many bytes of a request that promises none itself.
@function line:padding
@tparam number size
@treturn string
*/
static int line_padding(lua_State *L) {
  line *l = check_line(L);
  size_t size = check_word(L, 2);
  lua_pushlstring(L, zeros, size < l->promised ? l->promised - size : 0);
  l->promised = 0;
  return 1;
}


/* -- Finders ------------------------------------------------------------- */

static void push_finder(lua_State *L, const finder *f) {
  finder *out = lua_newuserdata(L, sizeof *out);
  *out = *f;
  luaL_getmetatable(L, FINDER_TYPE);
  lua_setmetatable(L, -2);
}


/*** What a pattern is found by: its element 1.
@function line:finder
@tparam number slot of the pattern in the instance
@tparam number pairs of each match
@treturn zvm.re.finder
*/
static int line_finder(lua_State *L) {
  finder f = {.line = check_line(L)};
  luaL_argcheck(L, f.line->to != NULL, 1, "no instance");
  f.slot = check_word(L, 2);
  f.pairs = check_word(L, 3);
  push_finder(L, &f);
  lua_getfenv(L, 1);
  lua_setfenv(L, -2);
  return 1;
}


/*** The same of a pattern that is but text.
@function zvm.host.text_finder
@tparam string text 1 to 64 bytes
@treturn zvm.re.finder
*/
static int new_text_finder(lua_State *L) {
  finder f = {.line = NULL};
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
  if (!(n >= 1 && n <= (lua_Number)size + 1 && n < SAME))
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
static bool is_usual(const finder *f, const answer *a, size_t size) {
  return a->status == NONE ||
         (a->status == DONE && f->pairs == 1 && a->count == 1 && a->size == 0 &&
          a->first <= a->last && a->last <= size);
}


static int push_answer(lua_State *L, const answer *a) {
  lua_pushnumber(L, a->status);
  lua_pushnumber(L, a->count);
  lua_pushnumber(L, a->size);
  lua_pushnumber(L, a->first);
  lua_pushnumber(L, a->last);
  return 5;
}


/* The head of an answer, or nil, message, code: for the engine to see to. */
static int push_outcome(lua_State *L, const outcome *o) {
  if (o->heard)
    return push_answer(L, &o->a);
  if (o->err.status == ZVM_OK) {
    lua_pushliteral(L, "the other side of the pipe has ended");
    return zvm__failure_wrap(L, "END");
  }
  if (!o->waits)
    return zvm__failure_push(L, &o->err, NULL);
  lua_pushnil(L);
  return zvm__failure_wrap(L, "WAIT");
}


/* Those values are the engine's to see to. */
static int answered(lua_State *L, uint32_t start, int values) {
  int at = lua_gettop(L) - values + 1;
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  lua_pushvalue(L, lua_upvalueindex(ANSWERED));
  lua_getfenv(L, FINDER);
  lua_rawgeti(L, -1, HELD_ENGINE);
  lua_remove(L, -2);
  lua_pushvalue(L, PATTERN);
  lua_pushvalue(L, STRING);
  lua_pushnumber(L, start);
  for (int i = 0; i < values; i++)
    lua_pushvalue(L, at + i);
  lua_call(L, values + 4, 3);
  return call(L, FINISHED, 3, LUA_MULTRET);
}


static uint32_t slice_ms(const zvm__lpipe *lp) {
  return lp->timeout_ms != 0 && lp->timeout_ms < SLICE_MS ? lp->timeout_ms
                                                          : SLICE_MS;
}


/* The subject goes along if it is not there. */
static void ask(lua_State *L, const finder *f, request q, const char *subject,
                outcome *o) {
  size_t moved;
  line *l = f->line;
  bool same = l->subject == subject;
  if (!same)
    hold_subject(L, l, STRING, FINDER);
  q.slot = f->slot;
  uint32_t size = same ? 0 : q.size;
  struct iovec parts[] = {
      {.iov_base = &q, .iov_len = sizeof q},
      {.iov_base = (void *)(uintptr_t)subject, .iov_len = size},
      {.iov_base = (void *)(uintptr_t)zeros,
       .iov_len = size < l->promised ? l->promised - size : 0}};
  q.size = same ? SAME : size;
  q.next = l->promised = size <= NEXT_MOST ? size : 0;
  o->err.status = ZVM_OK;
  uint32_t ms = slice_ms(l->from);
  bool asked = zvm_pipe_writev(l->to->p, parts, 3, ms, &moved,
                               &o->err) == ZVM_OK;
  o->heard = asked &&
             zvm_pipe_read(l->from->p, &o->a, sizeof o->a, ms, &moved,
                           &o->err) == ZVM_OK &&
             moved == sizeof o->a;
  o->waits = asked && moved == 0 && o->err.status == ZVM_E_TIMEOUT &&
             ms == SLICE_MS;
}


static int find_by(lua_State *L, const finder *f, const char *subject,
                   size_t size, uint32_t start, bool match) {
  outcome o ZVM__BARE;
  request q = {.operation = FIND, .b = start, .size = (uint32_t)size};
  ask(L, f, q, subject, &o);
  if (o.heard && is_usual(f, &o.a, size))
    return o.a.status == NONE
               ? none(L)
               : found(L, subject, o.a.first, o.a.last, match);
  f->line->busy = true; /* from now on Lua code may run */
  return answered(L, start, push_outcome(L, &o));
}


static bool is_ready(const line *l, size_t size) {
  return !l->busy && size < AT_ONCE && l->to->p != NULL && l->from->p != NULL;
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
  if (f->line != NULL && is_ready(f->line, size))
    return find_by(L, f, subject, size, start, match);
  if (f->line == NULL && size <= TEXT_SUBJECT_MOST)
    return find_text(L, f, subject, size, start, match);
  return slowly(L);
}


static int find(lua_State *L) {
  return search(L, false);
}


static int match(lua_State *L) {
  return search(L, true);
}


/*** A method of patterns, `(pattern, subject, init)`: where the first match is.
@function zvm.host.find
@tparam function slowly the same, whenever something is not as usual
@tparam function answered `(engine, pattern, subject, start, ...)`, where start
 counts from 0 and the rest is an answer with groups or of an error, or nil,
 message, code; "WAIT" is the code if it has not come yet. The line is busy. Gives
 what find of the engine gives
@tparam function finished `(pattern, subject, ...)`: gives what the method gives
@treturn function
*/
static int new_find(lua_State *L) {
  lua_settop(L, 3);
  luaL_getmetatable(L, FINDER_TYPE);
  lua_insert(L, TYPE);
  lua_pushcclosure(L, find, 4);
  return 1;
}


/*** Likewise: the first match itself.
@function zvm.host.match
*/
static int new_match(lua_State *L) {
  lua_settop(L, 3);
  luaL_getmetatable(L, FINDER_TYPE);
  lua_insert(L, TYPE);
  lua_pushcclosure(L, match, 4);
  return 1;
}


/* -- All ----------------------------------------------------------------- */

enum { BLOCK = 64 * 1024 };

/* Are they all the matches that there are, in one answer that is no longer? */
static bool is_whole(const finder *f, const answer *a, uint32_t most) {
  return a->status == DONE && a->count <= most && a->size <= BLOCK &&
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
@treturn[3] boolean true: a request is under way
@treturn[3] string what there is behind its answer's head
@treturn[3] ... that head, or nil, message, code, as of zvm.host.find
*/
static int find_all(lua_State *L) {
  char bytes[BLOCK] ZVM__BARE;
  outcome o ZVM__BARE;
  size_t size, got = 0;
  const char *subject = luaL_checklstring(L, STRING, &size);
  request q = {.operation = ALL, .b = check_word(L, 3), .a = check_word(L, 4)};
  lua_settop(L, INIT);
  const finder *f = finder_of(L);
  if (f == NULL || f->line == NULL || !is_ready(f->line, size)) {
    lua_pushnil(L);
    lua_pushboolean(L, 0);
    return 2;
  }
  q.size = (uint32_t)size;
  ask(L, f, q, subject, &o);
  if (o.heard && is_whole(f, &o.a, q.a))
    (void)zvm_pipe_read(f->line->from->p, bytes, o.a.size,
                        slice_ms(f->line->from), &got, &o.err);
  f->line->busy = true; /* from now on Lua code may run */
  if (o.heard && is_whole(f, &o.a, q.a) && got == o.a.size &&
      zvm__are_matches(bytes, got, f->pairs, size)) {
    lua_pushlstring(L, bytes, got);
    lua_pushnumber(L, o.a.count);
    f->line->busy = false;
    return 2;
  }
  lua_pushnil(L);
  lua_pushboolean(L, 1);
  lua_pushlstring(L, bytes, got);
  return 3 + push_outcome(L, &o);
}


static const luaL_Reg line_methods[] = {
  {"finder", line_finder},
  {"has", line_has},
  {"is_busy", line_is_busy},
  {"padding", line_padding},
  {"set_busy", line_set_busy},
  {NULL, NULL},
};

static const luaL_Reg none_of_them[] = {{NULL, NULL}};

static const luaL_Reg functions[] = {
  {"find", new_find},
  {"line", new_line},
  {"match", new_match},
  {"text_finder", new_text_finder},
  {NULL, NULL},
};


void zvm__find_open(lua_State *L) {
  zvm__type_open(L, LINE_TYPE, line_methods, none_of_them);
  zvm__type_open(L, FINDER_TYPE, none_of_them, none_of_them);
  zvm__setfuncs(L, functions);
  luaL_getmetatable(L, FINDER_TYPE);
  lua_pushcclosure(L, find_all, 1);
  lua_setfield(L, -2, "find_all");
}
