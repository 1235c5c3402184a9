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

enum { SAME = 0xffffffff, NEXT_MOST = 4096, AT_ONCE = 64 * 1024 };

/* Of the environment. */
enum { HELD_LINK = 1, HELD_SUBJECT, HELD_TO, HELD_FROM, HELD_ENGINE, HELD };

static const char zeros[NEXT_MOST];


zvm__link *zvm__link_check(lua_State *L, int index) {
  return luaL_checkudata(L, index, ZVM__LINK_TYPE);
}


static zvm__link *check_self(lua_State *L) {
  return zvm__checkself(L, 1, ZVM__LINK_TYPE);
}


/* What is at `index` is held from now on by the environment of `holder`. */
static void hold(lua_State *L, int holder, int index, int held) {
  lua_getfenv(L, holder);
  lua_pushvalue(L, index);
  lua_rawseti(L, -2, held);
  lua_pop(L, 1);
}


/*** The way to an engine's instances; there is none yet.
@function zvm.host.link
@tparam table engine
@treturn zvm.re.link
*/
static int new_link(lua_State *L) {
  enum { ENGINE = 1, SELF };
  luaL_checktype(L, ENGINE, LUA_TTABLE);
  lua_settop(L, ENGINE);
  zvm__link *l = lua_newuserdata(L, sizeof *l);
  memset(l, 0, sizeof *l);
  luaL_getmetatable(L, ZVM__LINK_TYPE);
  lua_setmetatable(L, SELF);
  lua_createtable(L, HELD - 1, 0);
  lua_setfenv(L, SELF);
  hold(L, SELF, SELF, HELD_LINK);
  hold(L, SELF, ENGINE, HELD_ENGINE);
  return 1;
}


/*
** The string at `index` is what the other side has from now on, or nil: none.
** Whose environment it is: at `holder`.
*/
static void set_subject(lua_State *L, zvm__link *l, int holder, int index) {
  hold(L, holder, index, HELD_SUBJECT);
  l->subject = lua_tostring(L, index);
}


/* The pipes at 2 and 3, or nil, are those of its instance. */
static void connect(lua_State *L, zvm__link *l, const zvm__lpipe *to,
                    const zvm__lpipe *from) {
  enum { TO = 2, FROM, NOTHING };
  lua_settop(L, FROM);
  lua_pushnil(L);
  hold(L, 1, TO, HELD_TO);
  hold(L, 1, FROM, HELD_FROM);
  set_subject(L, l, 1, NOTHING);
  l->to = to;
  l->from = from;
  l->promised = 0;
  l->generation++;
}


/*** There is another instance, at the other ends of two pipes.
@function link:open
@tparam zvm.pipe to
@tparam zvm.pipe from
*/
static int link_open(lua_State *L) {
  zvm__link *l = check_self(L);
  const zvm__lpipe *to = luaL_checkudata(L, 2, ZVM__PIPE_TYPE);
  const zvm__lpipe *from = luaL_checkudata(L, 3, ZVM__PIPE_TYPE);
  connect(L, l, to, from);
  return 0;
}


/*** There is none any more.
@function link:shut
*/
static int link_shut(lua_State *L) {
  zvm__link *l = check_self(L);
  lua_settop(L, 1);
  connect(L, l, NULL, NULL);
  return 0;
}


/*** Which instance it is: another number each time.
@function link:generation
@treturn number
*/
static int link_generation(lua_State *L) {
  lua_pushnumber(L, check_self(L)->generation);
  return 1;
}


/*** A request is under way from now on.
@function link:take
@treturn boolean false: there was one already
*/
static int link_take(lua_State *L) {
  zvm__link *l = check_self(L);
  lua_pushboolean(L, !l->busy);
  l->busy = true;
  return 1;
}


/*** It is over.
@function link:release
*/
static int link_release(lua_State *L) {
  check_self(L)->busy = false;
  return 0;
}


/*** The other side will have that subject.
@function link:replace
@tparam ?string subject nil: it has none
@treturn boolean whether it has it already
*/
static int link_replace(lua_State *L) {
  zvm__link *l = check_self(L);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2))
    luaL_checktype(L, 2, LUA_TSTRING);
  lua_pushboolean(L, !lua_isnil(L, 2) && l->subject == lua_tostring(L, 2));
  set_subject(L, l, 1, 2);
  return 1;
}


/*** What has to follow so many bytes of a request that promises none itself.
@function link:padding
@tparam number size
@treturn string
*/
static int link_padding(lua_State *L) {
  zvm__link *l = check_self(L);
  lua_Number size = luaL_checknumber(L, 2);
  size_t n = size >= 0 && size < l->promised ? l->promised - (size_t)size : 0;
  l->promised = 0;
  lua_pushlstring(L, zeros, n);
  return 1;
}


/*** Why a request by zvm.host.find, match or find_all has no answer.
@function link:failure
@treturn nil
@treturn string message
@treturn string code: `"END"`, `"TIMEOUT"`, `"STATE"`, `"CHANNEL"`, `"SYSTEM"`
*/
static int link_failure(lua_State *L) {
  return zvm__pipe_failure_push(L, &check_self(L)->err);
}


/* -- To ask -------------------------------------------------------------- */

bool zvm__link_is_ready(const zvm__link *l, size_t size) {
  return !l->busy && size < AT_ONCE && l->to != NULL && l->to->p != NULL &&
         l->from->p != NULL;
}


zvm__outcome zvm__link_ask(lua_State *L, zvm__link *l, int holder, int subject,
                           zvm__request q) {
  zvm__outcome o;
  size_t moved;
  const char *bytes = lua_tostring(L, subject);
  bool same = l->subject == bytes;
  uint32_t size = same ? 0 : q.size, ms = zvm__pipe_slice_ms(l->from);
  struct iovec parts[] = {
      {.iov_base = &q, .iov_len = sizeof q},
      {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size},
      {.iov_base = (void *)(uintptr_t)zeros,
       .iov_len = size < l->promised ? l->promised - size : 0}};
  if (!same)
    set_subject(L, l, holder, subject);
  q.size = same ? SAME : size;
  q.next = l->promised = size <= NEXT_MOST ? size : 0;
  l->err.status = ZVM_OK;
  bool asked = zvm_pipe_writev(l->to->p, parts, 3, ms, &moved, &l->err) ==
               ZVM_OK;
  o.heard = asked &&
            zvm_pipe_read(l->from->p, &o.a, sizeof o.a, ms, &moved, &l->err) ==
                ZVM_OK &&
            moved == sizeof o.a;
  o.waits = asked && moved == 0 && l->err.status == ZVM_E_TIMEOUT &&
            ms != l->from->timeout_ms;
  return o;
}


size_t zvm__link_read(zvm__link *l, void *to, size_t size) {
  size_t moved;
  (void)zvm_pipe_read(l->from->p, to, size, zvm__pipe_slice_ms(l->from), &moved,
                      &l->err);
  return moved;
}


int zvm__link_push(lua_State *L, const zvm__outcome *o) {
  if (!o->heard) {
    lua_pushnil(L);
    lua_pushboolean(L, o->waits);
    return 2;
  }
  lua_pushnumber(L, o->a.status);
  lua_pushnumber(L, o->a.count);
  lua_pushnumber(L, o->a.size);
  lua_pushnumber(L, o->a.first);
  lua_pushnumber(L, o->a.last);
  return 5;
}


void zvm__link_push_engine(lua_State *L, int holder) {
  lua_getfenv(L, holder);
  lua_rawgeti(L, -1, HELD_ENGINE);
  lua_remove(L, -2);
}


static const luaL_Reg methods[] = {
  {"failure", link_failure},
  {"generation", link_generation},
  {"open", link_open},
  {"padding", link_padding},
  {"release", link_release},
  {"replace", link_replace},
  {"shut", link_shut},
  {"take", link_take},
  {NULL, NULL},
};


void zvm__link_open(lua_State *L) {
  static const luaL_Reg metamethods[] = {{NULL, NULL}};
  zvm__type_open(L, ZVM__LINK_TYPE, methods, metamethods);
  lua_pushcfunction(L, new_link);
  lua_setfield(L, -2, "link");
  lua_pushnumber(L, ZVM__SLICE_MS / 1e3);
  lua_setfield(L, -2, "slice");
}
