/*
** lcall.c - channels that are Lua functions.
**
** The core calls while it waits for a guest, or from within one: no Lua error
** may leave a call. So each runs protected, on a Lua thread of its session's
** own, whichever coroutine waits. The first error is kept, the guest is
** stopped, and who called zvm.run gets the error when the core has returned.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <string.h>

#include "lchannel.h"

#define ANCHOR 1 /* stack index of the anchor table in the Lua thread */

/*
** To push a C function takes memory, and may fail: these are anchored. What
** else is pushed outside of a protected call takes none, and room of the
** stack that every Lua thread has.
*/
enum { GET, PUT, EXPLAIN };

/* -- Reading ------------------------------------------------------------- */

/* Anchor the value on top of the stack: where it is. */
static int anchor(zvm__options *o) {
  zvm__options_keep(o);
  return o->kept;
}


static zvm__call *call_of(zvm__options *o, zvm_channel_options *ch) {
  zvm__call *c = ch->ctx;
  if (c != NULL)
    return c;
  c = zvm__options_alloc(o, 1, sizeof *c);
  ch->ctx = c;
  return c;
}


static int call_get(void *ctx, void *to, size_t size, size_t *got);
static int call_put(void *ctx, const void *from, size_t size);

/* "zvm.run: channels.x.read", for messages. */
static const char *place(zvm__options *o) {
  const char *s = lua_pushfstring(o->L, "%s: %s", o->function, o->path);
  zvm__options_keep(o);
  return s;
}


bool zvm__call_read(zvm__options *o, int index, zvm_channel_options *ch,
                    bool get) {
  zvm__call *c;
  if (lua_type(o->L, index) != LUA_TFUNCTION)
    return zvm__options_mismatch(o, index, "function");
  c = call_of(o, ch);
  lua_pushvalue(o->L, index);
  if (get) {
    c->get = anchor(o);
    c->get_place = place(o);
    ch->get = call_get;
    lua_pushboolean(o->L, 0); /* room for what is left over */
    c->rest = anchor(o);
  } else {
    c->put = anchor(o);
    c->put_place = place(o);
    ch->put = call_put;
  }
  return true;
}


static int protected_get(lua_State *T);
static int protected_put(lua_State *T);
static int explain_yield(lua_State *T);

static zvm__calls *new_calls(zvm__options *o) {
  static const lua_CFunction functions[] = {
    [GET] = protected_get, [PUT] = protected_put, [EXPLAIN] = explain_yield,
  };
  lua_State *L = o->L;
  zvm__calls *calls = zvm__options_alloc(o, 1, sizeof *calls);
  int i;
  lua_pushboolean(L, 0); /* room for an error */
  calls->error = anchor(o);
  for (i = 0; i <= EXPLAIN; i++) {
    lua_pushcfunction(L, functions[i]);
    calls->functions = anchor(o) - i;
  }
  calls->T = lua_newthread(L);
  zvm__options_keep(o);
  lua_pushvalue(L, o->anchor);
  lua_xmove(L, calls->T, 1);
  return calls;
}


zvm__calls *zvm__calls_bind(zvm__options *o, const zvm__channels *chs) {
  zvm__calls *calls = NULL;
  size_t i;
  for (i = 0; i < chs->count; i++) {
    zvm__call *c = chs->list[i].source == ZVM_SOURCE_CALL
                       ? chs->list[i].ctx
                       : NULL;
    if (c == NULL)
      continue;
    if (calls == NULL)
      calls = new_calls(o);
    c->calls = calls;
  }
  return calls;
}


/* -- Coming back --------------------------------------------------------- */

/*
** LuaJIT keeps in mind on which Lua thread it called last, until a C function
** returns, or calls; but not if it raises an error: compiled code that goes on
** after that would do so on ours. So the thread that called us calls this.
*/
static _Thread_local bool strayed;
static char settle_key;

static int do_nothing(lua_State *L) {
  (void)L;
  return 0;
}


void zvm__calls_open(lua_State *L) {
  lua_pushlightuserdata(L, &settle_key);
  lua_pushcfunction(L, do_nothing);
  lua_rawset(L, LUA_REGISTRYINDEX);
}


/* Takes no memory, so it does not fail. */
void zvm__calls_settle(lua_State *L) {
  if (!strayed)
    return;
  strayed = false;
  lua_pushlightuserdata(L, &settle_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  lua_call(L, 0, 0);
}


/* -- Sessions that were started ------------------------------------------ */

/*
** Keys of two tables in the registry, by the address of a zvm__calls: `known`
** has the sessions, and does not keep them; `held` has those that are being
** served, and for the others a place, so that it takes no memory to hold them.
*/
static char known_key, held_key;

static void push_table(lua_State *L, char *key, const char *mode) {
  lua_pushlightuserdata(L, key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (lua_istable(L, -1))
    return;
  lua_pop(L, 1);
  lua_newtable(L);
  if (mode != NULL) {
    lua_createtable(L, 0, 1);
    lua_pushstring(L, mode);
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
  }
  lua_pushlightuserdata(L, key);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}


void zvm__calls_start(lua_State *L, zvm__calls *calls, int session) {
  push_table(L, &known_key, "v");
  push_table(L, &held_key, NULL);
  lua_pushlightuserdata(L, calls);
  lua_pushvalue(L, session);
  lua_rawset(L, -4);
  lua_pushlightuserdata(L, calls);
  lua_pushboolean(L, 0);
  lua_rawset(L, -3);
  lua_pop(L, 2);
  calls->started = true;
}


/* Both tables are there: no memory is taken. */
void zvm__calls_end(lua_State *L, zvm__calls *calls) {
  char *const keys[] = {&known_key, &held_key};
  int i;
  for (i = 0; i < 2; i++) {
    lua_pushlightuserdata(L, keys[i]);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushlightuserdata(L, calls);
    lua_pushnil(L);
    lua_rawset(L, -3);
    lua_pop(L, 1);
  }
  calls->started = false;
}


/* -- Calling ------------------------------------------------------------- */

/* What one call is about, for the protected function. */
typedef struct request {
  zvm__call *call;
  const void *from;
  void *to;
  size_t size;
  size_t got;
} request;


static size_t take_rest(lua_State *T, zvm__call *c, void *to, size_t size) {
  size_t len;
  const char *s;
  lua_rawgeti(T, ANCHOR, c->rest);
  s = lua_tolstring(T, -1, &len);
  len -= c->at;
  if (len > size)
    len = size;
  memcpy(to, s + c->at, len);
  c->at += len;
  lua_pop(T, 1);
  return len;
}


/* Of the call: a request, and the anchor table. */
static int protected_get(lua_State *T) {
  request *r = lua_touserdata(T, 1);
  zvm__call *c = r->call;
  size_t len = 0;
  lua_rawgeti(T, 2, c->get);
  lua_pushnumber(T, (lua_Number)r->size);
  lua_call(T, 1, 1);
  if (lua_type(T, -1) == LUA_TSTRING)
    (void)lua_tolstring(T, -1, &len);
  else if (!lua_isnil(T, -1))
    return luaL_error(T, "%s: string or nil expected, got %s", c->get_place,
                      luaL_typename(T, -1));
  c->at = 0;
  c->len = len;
  lua_rawseti(T, 2, c->rest);
  return 0;
}


static int protected_put(lua_State *T) {
  request *r = lua_touserdata(T, 1);
  lua_rawgeti(T, 2, r->call->put);
  lua_pushlstring(T, r->from, r->size);
  lua_call(T, 1, 0);
  return 0;
}


/*
** What Lua says of a call that would yield does not say where. Memory may be
** short: then its own words have to do.
*/
static int explain_yield(lua_State *T) {
  const request *r = lua_touserdata(T, 1);
  lua_pushfstring(T, "%s: a function of a channel cannot yield",
                  r->from != NULL ? r->call->put_place : r->call->get_place);
  return 1;
}


static bool is_yield(lua_State *T) {
  const char *s = lua_type(T, -1) == LUA_TSTRING ? lua_tostring(T, -1) : NULL;
  return s != NULL && strstr(s, "attempt to yield") != NULL;
}


static void keep_error(lua_State *T, request *r) {
  zvm__calls *calls = r->call->calls;
  if (is_yield(T)) {
    lua_rawgeti(T, ANCHOR, calls->functions + EXPLAIN);
    lua_pushlightuserdata(T, r);
    if (lua_pcall(T, 1, 1, 0) == 0)
      lua_replace(T, -2);
    else
      lua_pop(T, 1);
  }
  lua_rawseti(T, ANCHOR, calls->error); /* there is room: no new memory */
  calls->failed = true;
}


/*
** The session of a call was started, and nobody need have it any more: it may
** not be collected while it is being served. A place for it is there. False:
** it is going to be finalized.
*/
static bool hold(zvm__calls *calls) {
  lua_State *T = calls->T;
  bool held;
  lua_pushlightuserdata(T, &held_key);
  lua_rawget(T, LUA_REGISTRYINDEX);
  lua_pushlightuserdata(T, &known_key);
  lua_rawget(T, LUA_REGISTRYINDEX);
  lua_pushlightuserdata(T, calls);
  lua_pushvalue(T, -1);
  lua_rawget(T, -3);
  held = lua_isuserdata(T, -1);
  if (held)
    lua_rawset(T, -4);
  lua_settop(T, ANCHOR);
  return held;
}


static void let_go(zvm__calls *calls) {
  lua_State *T = calls->T;
  lua_pushlightuserdata(T, &held_key);
  lua_rawget(T, LUA_REGISTRYINDEX);
  lua_pushlightuserdata(T, calls);
  lua_pushboolean(T, 0);
  lua_rawset(T, -3);
  lua_settop(T, ANCHOR);
}


/* 0, or ECANCELED. A call that has failed is not followed by another one. */
static int call(int f, request *r) {
  zvm__calls *calls = r->call->calls;
  lua_State *T = calls->T;
  int failed;
  if (calls->failed || (calls->started && !hold(calls)))
    return ECANCELED;
  calls->busy++;
  lua_rawgeti(T, ANCHOR, calls->functions + f);
  lua_pushlightuserdata(T, r);
  lua_pushvalue(T, ANCHOR);
  failed = lua_pcall(T, 2, 0, 0);
  calls->busy--;
  strayed = true;
  if (failed != 0)
    keep_error(T, r);
  if (calls->started)
    let_go(calls);
  return failed != 0 ? ECANCELED : 0;
}


static int call_get(void *ctx, void *to, size_t size, size_t *got) {
  zvm__call *c = ctx;
  request r = {c, NULL, to, size, 0};
  if (c->at == c->len) {
    int os = call(GET, &r);
    if (os != 0 || c->len == 0)
      return os;
  }
  *got = take_rest(c->calls->T, c, to, size);
  return 0;
}


static int call_put(void *ctx, const void *from, size_t size) {
  request r = {ctx, from, NULL, size, 0};
  return call(PUT, &r);
}


void zvm__calls_raise(lua_State *L, zvm__calls *calls) {
  if (calls == NULL || !calls->failed)
    return;
  lua_rawgeti(calls->T, ANCHOR, calls->error);
  lua_xmove(calls->T, L, 1);
  lua_error(L);
}
