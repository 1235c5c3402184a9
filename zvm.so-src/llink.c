/*
** llink.c - zvm.re.link: the way to an instance of zvm.re's guest and back.
**
** stdlib/re/re.h has the protocol. Most requests are Lua's, which writes them
** to the pipe (lua/zvm/re/engine.lua); lfind.c asks by zvm__link_ask.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "llink.h"

enum { SAME = 0xffffffff, NEXT_MOST = 4096 };
enum { AT_ONCE = 64 * 1024, SLICE_MS = 50 };

/* Of the environment. */
enum { HELD_LINK = 1, HELD_SUBJECT, HELD_TO, HELD_FROM, HELD_ENGINE, HELD };

static const char zeros[NEXT_MOST];


zvm__link *zvm__link_check(lua_State *L, int index) {
  return luaL_checkudata(L, index, ZVM__LINK_TYPE);
}


static zvm__link *check_self(lua_State *L) {
  return zvm__checkself(L, 1, ZVM__LINK_TYPE);
}


static const zvm__lpipe *hold_pipe(lua_State *L, int index, int env, int held) {
  const zvm__lpipe *lp = luaL_checkudata(L, index, ZVM__PIPE_TYPE);
  lua_pushvalue(L, index);
  lua_rawseti(L, env, held);
  return lp;
}


/*** The way to an instance; it is busy at first.
@function zvm.host.link
@tparam[opt] zvm.pipe to without it, there is no instance, and it is not busy
@tparam[opt] zvm.pipe from
@tparam[opt] table engine
@treturn zvm.re.link
*/
static int new_link(lua_State *L) {
  enum { ENGINE = 3, ENV, SELF };
  lua_settop(L, ENGINE);
  lua_createtable(L, HELD - 1, 0);
  zvm__link *l = lua_newuserdata(L, sizeof *l);
  memset(l, 0, sizeof *l);
  luaL_getmetatable(L, ZVM__LINK_TYPE);
  lua_setmetatable(L, SELF);
  if (!lua_isnil(L, 1)) {
    const zvm__lpipe *to = hold_pipe(L, 1, ENV, HELD_TO);
    l->from = hold_pipe(L, 2, ENV, HELD_FROM);
    l->to = to;
    l->busy = true;
  }
  lua_pushvalue(L, ENGINE);
  lua_rawseti(L, ENV, HELD_ENGINE);
  lua_pushvalue(L, SELF);
  lua_rawseti(L, ENV, HELD_LINK);
  lua_pushvalue(L, ENV);
  lua_setfenv(L, SELF);
  return 1;
}


/*** Whether a request is under way, or none may be any more.
@function link:is_busy
@treturn boolean
*/
static int is_busy(lua_State *L) {
  lua_pushboolean(L, check_self(L)->busy);
  return 1;
}


/***
@function link:set_busy
@tparam boolean busy
*/
static int set_busy(lua_State *L) {
  check_self(L)->busy = lua_toboolean(L, 2);
  return 0;
}


/*
** The string at `index` is what the other side has from now on, or nil: none.
** Whose environment it is: at `holder`.
*/
static void hold_subject(lua_State *L, zvm__link *l, int index, int holder) {
  lua_getfenv(L, holder);
  lua_pushvalue(L, index);
  lua_rawseti(L, -2, HELD_SUBJECT);
  lua_pop(L, 1);
  l->subject = lua_tostring(L, index);
}


/*** Whether the other side has that subject. If not, it will.
@function link:has
@tparam ?string subject nil: it has none
@treturn boolean
*/
static int has(lua_State *L) {
  zvm__link *l = check_self(L);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2))
    luaL_checktype(L, 2, LUA_TSTRING);
  lua_pushboolean(L, !lua_isnil(L, 2) && l->subject == lua_tostring(L, 2));
  hold_subject(L, l, 2, 1);
  return 1;
}


/*** What has to follow so many bytes of a request that promises none itself.
@function link:padding
@tparam number size
@treturn string
*/
static int padding(lua_State *L) {
  zvm__link *l = check_self(L);
  lua_Number size = luaL_checknumber(L, 2);
  size_t n = size >= 0 && size < l->promised ? l->promised - (size_t)size : 0;
  l->promised = 0;
  lua_pushlstring(L, zeros, n);
  return 1;
}


/* -- To ask -------------------------------------------------------------- */

bool zvm__link_is_ready(const zvm__link *l, size_t size) {
  return !l->busy && size < AT_ONCE && l->to != NULL && l->to->p != NULL &&
         l->from->p != NULL;
}


static uint32_t slice_ms(const zvm__link *l) {
  uint32_t ms = l->from->timeout_ms;
  return ms != 0 && ms < SLICE_MS ? ms : SLICE_MS;
}


void zvm__link_ask(lua_State *L, zvm__link *l, int holder, int subject,
                   zvm__request q, zvm__outcome *out) {
  size_t moved;
  const char *bytes = lua_tostring(L, subject);
  bool same = l->subject == bytes;
  uint32_t size = same ? 0 : q.size, ms = slice_ms(l);
  struct iovec parts[] = {
      {.iov_base = &q, .iov_len = sizeof q},
      {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size},
      {.iov_base = (void *)(uintptr_t)zeros,
       .iov_len = size < l->promised ? l->promised - size : 0}};
  if (!same)
    hold_subject(L, l, subject, holder);
  q.size = same ? SAME : size;
  q.next = l->promised = size <= NEXT_MOST ? size : 0;
  out->err.status = ZVM_OK;
  bool asked = zvm_pipe_writev(l->to->p, parts, 3, ms, &moved, &out->err) ==
               ZVM_OK;
  out->heard = asked &&
               zvm_pipe_read(l->from->p, &out->a, sizeof out->a, ms, &moved,
                             &out->err) == ZVM_OK &&
               moved == sizeof out->a;
  out->waits = asked && moved == 0 && out->err.status == ZVM_E_TIMEOUT &&
               ms == SLICE_MS;
}


size_t zvm__link_read(const zvm__link *l, void *to, size_t size) {
  zvm_error err;
  size_t moved;
  (void)zvm_pipe_read(l->from->p, to, size, slice_ms(l), &moved, &err);
  return moved;
}


static int push_answer(lua_State *L, const zvm__answer *a) {
  lua_pushnumber(L, a->status);
  lua_pushnumber(L, a->count);
  lua_pushnumber(L, a->size);
  lua_pushnumber(L, a->first);
  lua_pushnumber(L, a->last);
  return 5;
}


int zvm__link_push(lua_State *L, const zvm__outcome *o) {
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


void zvm__link_push_engine(lua_State *L, int holder) {
  lua_getfenv(L, holder);
  lua_rawgeti(L, -1, HELD_ENGINE);
  lua_remove(L, -2);
}


static const luaL_Reg methods[] = {
  {"has", has},
  {"is_busy", is_busy},
  {"padding", padding},
  {"set_busy", set_busy},
  {NULL, NULL},
};


void zvm__link_open(lua_State *L) {
  static const luaL_Reg metamethods[] = {{NULL, NULL}};
  zvm__type_open(L, ZVM__LINK_TYPE, methods, metamethods);
  lua_pushcfunction(L, new_link);
  lua_setfield(L, -2, "link");
}
