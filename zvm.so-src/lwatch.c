/*
** lwatch.c - runs that were started: their progress, and the first that ends.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>
#include <string.h>

#include "lsession.h"
#include "lstop.h"


bool zvm__session_is_busy(const lsession *ls) {
  return ls->waits || (ls->calls != NULL && ls->calls->busy > 0);
}


const char *zvm__session_name(const void *ctx, const char *alias,
                              bool *collected) {
  const zvm__channels *chs = ctx;
  size_t i = zvm__channels_find(chs, alias);
  *collected = chs->list[i].source == ZVM_SOURCE_BUFFER;
  return chs->names[i];
}


/* -- Progress ------------------------------------------------------------ */

static void set_bytes(lua_State *L, int64_t got, int64_t put) {
  lua_pushnumber(L, (lua_Number)got);
  lua_setfield(L, -2, "get_bytes");
  lua_pushnumber(L, (lua_Number)put);
  lua_setfield(L, -2, "put_bytes");
}


static const char *key_of(const lsession *ls, const char *alias) {
  bool collected;
  return zvm__session_name(&ls->run->channels, alias, &collected);
}


static void set_blocked(lua_State *L, const lsession *ls,
                        const zvm_progress *p) {
  lua_createtable(L, 0, 3);
  lua_pushstring(L, key_of(ls, p->wait_channel));
  lua_setfield(L, -2, "channel");
  lua_pushstring(L, p->wait_puts ? "put" : "get");
  lua_setfield(L, -2, "way");
  lua_pushnumber(L, (lua_Number)p->wait_turn);
  lua_setfield(L, -2, "turn");
  lua_setfield(L, -2, "blocked");
}


/***
What a run that was started has done so far, without waiting.

@function session:progress
@treturn[1] table `state` (`"waiting"`, `"running"` or `"ended"`), `get_bytes`,
 `put_bytes`, `channels` (by key, each with `get_bytes` and `put_bytes`), and
 `blocked` if it waits for the other side of a pipe: `channel`, its key, `way`
 (`"get"` or `"put"`) and `turn`, which is another number at each wait
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code
*/
int zvm__session_progress(lua_State *L) {
  static const char *const states[] = {"waiting", "running", "ended"};
  lsession *ls = luaL_checkudata(L, 1, ZVM__SESSION_TYPE);
  zvm_progress p;
  zvm_error err;
  size_t i;
  if (ls->s == NULL)
    return luaL_error(L, "attempt to use a closed session");
  memset(&err, 0, sizeof err);
  if (zvm_session_progress(ls->s, &p, &err) != ZVM_OK)
    return zvm__failure_push(L, &err, NULL);
  lua_createtable(L, 0, 5);
  lua_pushstring(L, states[p.state]);
  lua_setfield(L, -2, "state");
  set_bytes(L, p.got, p.put);
  lua_createtable(L, 0, (int)p.channels_count);
  for (i = 0; i < p.channels_count; i++) {
    lua_createtable(L, 0, 2);
    set_bytes(L, p.channels[i].got, p.channels[i].put);
    lua_setfield(L, -2, key_of(ls, p.channels[i].alias));
  }
  lua_setfield(L, -2, "channels");
  if (p.waits)
    set_blocked(L, ls, &p);
  return 1;
}


/* -- Wait for any -------------------------------------------------------- */

/* The list, whatever a function of a channel's makes of its table. */
typedef struct wait_list {
  size_t count;
  bool keep_stops; /* all of them do */
  lsession **all;
  zvm_session **sessions;
} wait_list;


/* Of the table at 1; pushes what keeps it alive. Raises what is wrong. */
static void read_list(lua_State *L, wait_list *w) {
  size_t i, n = lua_objlen(L, 1);
  w->count = n;
  w->keep_stops = n > 0;
  lua_createtable(L, (int)n + 2, 0);
  w->all = lua_newuserdata(L, (n + 1) * sizeof *w->all);
  lua_rawseti(L, -2, (int)n + 1);
  w->sessions = lua_newuserdata(L, (n + 1) * sizeof *w->sessions);
  lua_rawseti(L, -2, (int)n + 2);
  for (i = 0; i < n; i++) {
    lsession *ls;
    lua_rawgeti(L, 1, (int)i + 1);
    ls = zvm__testudata(L, -1, ZVM__SESSION_TYPE);
    if (ls == NULL)
      luaL_error(L, "zvm.wait: entry %d is no " ZVM__SESSION_TYPE,
                 (int)i + 1);
    if (ls->s == NULL || zvm__session_is_busy(ls))
      luaL_error(L, "zvm.wait: session %d of the list %s", (int)i + 1,
                 ls->s == NULL ? "is closed" : "is being waited for");
    w->keep_stops = w->keep_stops && ls->run->keep_stops;
    w->all[i] = ls;
    w->sessions[i] = ls->s;
    lua_rawseti(L, -2, (int)i + 1);
  }
}


static void mark_list(const wait_list *w, bool waits) {
  size_t i;
  for (i = 0; i < w->count; i++)
    w->all[i]->waits = waits;
}


/***
Wait until one of several runs that were started has ended.

@function zvm.wait
@tparam table list sessions
@tparam[opt] number seconds how long at most; as long as it takes if not given
@treturn[1] number index of the first in the list that has: its `wait()` gives
 the report at once
@treturn[2] nil
@treturn[2] string `"timeout"`, or a message
@treturn[2] string code, with a message
@usage local s = assert(zvm.start{program = "hello.zvm"})
 print(zvm.wait({ s }, 10))
*/
int zvm__wait_any(lua_State *L) {
  lua_Number seconds = luaL_optnumber(L, 2, HUGE_VAL);
  zvm_report report;
  zvm_error err;
  wait_list w;
  uint64_t ns = ZVM_FOR_EVER;
  size_t which = 0;
  zvm_status st;
  bool keeps;
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argcheck(L, seconds >= 0, 2, "number of seconds from 0 expected");
  if (seconds < 1e9)
    ns = (uint64_t)(seconds * 1e9);
  read_list(L, &w);
  memset(&err, 0, sizeof err);
  memset(&report, 0, sizeof report);
  report.state = ZVM_STATE_STOPPED;
  mark_list(&w, true);
  keeps = w.keep_stops && zvm__stop_begin(&report);
  st = zvm_session_wait_any(w.sessions, w.count, ns, &which, &report.signal,
                            &err);
  if (keeps)
    zvm__stop_end();
  zvm__calls_settle(L);
  mark_list(&w, false);
  zvm__let_hook(L);
  if (st != ZVM_OK)
    return zvm__failure_push(L, &err, NULL);
  if (which < w.count) {
    lua_pushnumber(L, (lua_Number)(which + 1));
    return 1;
  }
  lua_pushnil(L);
  lua_pushliteral(L, "timeout");
  return 2;
}
