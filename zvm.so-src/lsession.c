/*
** lsession.c - zvm.run, zvm.start and sessions: from options to report.
**
** Everything is read into C structures first; then the core is called; then
** the report is made. The session belongs to a userdata meanwhile, so that
** a Lua error while the report is made loses nothing.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <string.h>

#include "lsession.h"
#include "lstop.h"

/* -- The owner ----------------------------------------------------------- */

static void drop_session(lua_State *L, lsession *ls) {
  zvm_session *s = ls->s;
  ls->s = NULL;
  zvm_session_free(s);
  if (ls->calls != NULL && ls->calls->started)
    zvm__calls_end(L, ls->calls);
}


/*
** None that is being served is collected: see lcall.c. But a function of its
** channels may close the Lua state, as os.exit can: then the process ends, and
** the run with it.
*/
static int session_gc(lua_State *L) {
  lsession *ls = luaL_checkudata(L, 1, ZVM__SESSION_TYPE);
  if (!zvm__session_is_busy(ls))
    drop_session(L, ls);
  return 0;
}


static lsession *new_owner(lua_State *L) {
  lsession *ls = lua_newuserdata(L, sizeof *ls);
  memset(ls, 0, sizeof *ls);
  luaL_getmetatable(L, ZVM__SESSION_TYPE);
  lua_setmetatable(L, -2);
  return ls;
}


/* Nothing is owned any more: a finalizer would cost the collector time. */
static void disown(lua_State *L, int index) {
  lua_pushnil(L);
  lua_setmetatable(L, index);
}


/* -- Run ----------------------------------------------------------------- */

/*
** No Lua call in here but those of channels: nothing can close the module
** before the session has it.
*/
static bool make_session(const zvm__options *o, const zvm__lrun *r,
                         lsession *ls, zvm_error *err) {
  memset(err, 0, sizeof *err);
  if (r->program == NULL || r->program->m == NULL) {
    err->status = ZVM_E_STATE;
    snprintf(err->text, sizeof err->text,
             "%s: program: attempt to use a closed module", o->function);
    return false;
  }
  ls->s = zvm_session_new(r->program->m, &r->options, err);
  return ls->s != NULL;
}


/*
** Nothing the guest did is undone: only a session that never ran is tried
** again.
*/
static bool make_or_retry(const zvm__options *o, const zvm__lrun *r,
                          lsession *ls, zvm_error *err) {
  if (make_session(o, r, ls, err))
    return true;
  if (!zvm__is_shortage(err))
    return false;
  lua_gc(o->L, LUA_GCCOLLECT, 0);
  return make_session(o, r, ls, err);
}


typedef zvm_status (*run_fn)(zvm_session *s, zvm_report *out,
                             zvm_error *err);

/* By zvm_session_run or _wait, with the signals that the report tells of. */
static void run(run_fn by, const zvm__lrun *r, const lsession *ls,
                zvm_report *report, zvm_error *err) {
  bool keeps = r->keep_stops && zvm__stop_begin(report);
  err->status = by(ls->s, report, err);
  if (keeps)
    zvm__stop_end();
}


/*
** Push what came of the run, and let the session go. `module`, `anchor`: stack
** indices. An error that a channel's function met is raised.
*/
static int push_result(lua_State *L, lsession *ls, const zvm__lrun *r,
                       zvm__calls *calls, const zvm_report *report,
                       const zvm_error *err, int module, int anchor) {
  int pushed = 1;
  if (calls != NULL && calls->failed) {
    drop_session(L, ls);
    zvm__calls_raise(L, calls);
  }
  if (err->status == ZVM_OK) {
    zvm__report_push(L, report, zvm__session_name, r->options.memory_etag,
                     &r->channels);
    if (report->state == ZVM_STATE_FAULT && r->symbols)
      zvm__fault_locate(L, report, module);
    zvm__files_collect(L, r, report, anchor);
  } else {
    pushed = zvm__failure_push(L, err, NULL);
  }
  drop_session(L, ls);
  return pushed;
}


/*
** From the table at 1. Pushes the program, loaded; or what to return, whose
** count is the result. *own: loaded for this run only.
*/
static int prepare(zvm__options *o, zvm__lrun *r, zvm__lmodule **own) {
  lua_State *L = o->L;
  int pushed;
  if (!zvm__lrun_read(o, 1, r))
    return zvm__failure_wrap(L, zvm_status_name(ZVM_E_OPTION));
  if (r->program == NULL) {
    pushed = zvm__module_load(L, lua_gettop(L), NULL);
    if (pushed != 1)
      return pushed;
    *own = lua_touserdata(L, -1);
    r->program = *own;
  }
  r->args[0] = r->name != NULL ? r->name : r->program->name;
  return 0;
}


/***
Run a program to its end.

All options live in one table: `program` (a module, a path, or bytes, as for
`zvm.load`), `name`, `args`, `env`, `memory`, `stack`, `channels`,
`isolation`, `timeout`, `cpu`, `resident`, `on_limit`, `symbols`, `on_stop`,
`trace`, `memory_etag`, `directory`, `clock`, `seed`, `images`, `files`,
`collect`. See docs/lua.md.

@function zvm.run
@tparam table options
@treturn[1] table report
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code
@treturn[2] table findings, if the program was refused
@usage print(zvm.run{program = "hello.zvm"}.channels.stdout.data)
*/
int zvm__session_run(lua_State *L) {
  zvm__options o;
  zvm__lmodule *own = NULL;
  zvm__calls *calls;
  lsession *ls;
  zvm_report report;
  zvm_error err;
  zvm__lrun r;
  int owned, module, pushed;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  luaL_checkstack(L, 60, "zvm.run");
  zvm__options_start(&o, L, "zvm.run");
  ls = new_owner(L);
  owned = lua_gettop(L);
  memset(&r, 0, sizeof r);
  pushed = prepare(&o, &r, &own);
  if (pushed != 0)
    return pushed;
  module = lua_gettop(L);
  calls = zvm__calls_bind(&o, &r.channels);
  memset(&report, 0, sizeof report);
  if (make_or_retry(&o, &r, ls, &err)) {
    ls->waits = true;
    run(zvm_session_run, &r, ls, &report, &err);
    ls->waits = false;
  }
  zvm__calls_settle(L);
  pushed = push_result(L, ls, &r, calls, &report, &err, module, o.anchor);
  disown(L, owned);
  if (own != NULL)
    zvm__module_drop(own);
  return pushed;
}


/* -- Start and wait ------------------------------------------------------ */

/* The anchor table, the options and the module live as long as the session. */
static void keep_alive(lua_State *L, int owned, int anchor, int module) {
  lua_createtable(L, 0, 3);
  lua_pushvalue(L, anchor);
  lua_setfield(L, -2, "anchor");
  lua_pushvalue(L, module);
  lua_setfield(L, -2, "module");
  lua_setfenv(L, owned);
}


/***
Begin a run, and go on.

Options as for `zvm.run`, but only with `isolation = "process"`. Connections
and functions of channels are served while this script is in `zvm.run` or
`session:wait`.

@function zvm.start
@tparam table options
@treturn[1] zvm.session
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code
@treturn[2] table findings, if the program was refused
@usage local s = assert(zvm.start{program = "hello.zvm"})
 print(s:wait().channels.stdout.data)
*/
int zvm__session_start(lua_State *L) {
  struct {
    zvm__options o;
    zvm__lrun run;
  } *kept;
  zvm__lmodule *own = NULL;
  lsession *ls;
  zvm_error err;
  int owned, pushed;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  luaL_checkstack(L, 60, "zvm.start");
  kept = lua_newuserdata(L, sizeof *kept);
  memset(&kept->run, 0, sizeof kept->run);
  zvm__options_start(&kept->o, L, "zvm.start");
  lua_pushvalue(L, 2);
  zvm__options_keep(&kept->o);
  ls = new_owner(L);
  owned = lua_gettop(L);
  ls->run = &kept->run;
  pushed = prepare(&kept->o, ls->run, &own);
  if (pushed != 0)
    return pushed;
  if (ls->run->options.isolation == ZVM_ISOLATION_INLINE) {
    lua_pushliteral(L, "zvm.start: isolation: \"process\" expected: inline, "
                       "a run cannot be started, only run");
    return zvm__failure_wrap(L, zvm_status_name(ZVM_E_OPTION));
  }
  keep_alive(L, owned, kept->o.anchor, lua_gettop(L));
  ls->calls = zvm__calls_bind(&kept->o, &ls->run->channels);
  if (ls->calls != NULL)
    zvm__calls_start(L, ls->calls, owned);
  if (!make_or_retry(&kept->o, ls->run, ls, &err) ||
      (err.status = zvm_session_start(ls->s, &err)) != ZVM_OK) {
    pushed = zvm__failure_push(L, &err, NULL);
    drop_session(L, ls);
    return pushed;
  }
  ls->started = true;
  lua_pushvalue(L, owned);
  return 1;
}


static lsession *check_session(lua_State *L) {
  lsession *ls = luaL_checkudata(L, 1, ZVM__SESSION_TYPE);
  if (ls->s == NULL)
    luaL_error(L, ls->started ? "attempt to use a closed session"
                              : "the session has been waited for");
  if (zvm__session_is_busy(ls))
    luaL_error(L, ls->waits ? "the session is being waited for"
                            : "the session cannot be waited for, or closed, "
                              "by a function of its own channels");
  return ls;
}


/***
Wait for the end of a run that was started. Once: then the session is closed.

@function session:wait
@treturn[1] table report, as of `zvm.run`
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code
*/
static int session_wait(lua_State *L) {
  lsession *ls = check_session(L);
  zvm_report report;
  zvm_error err;
  lua_settop(L, 1);
  luaL_checkstack(L, 60, "session:wait");
  lua_getfenv(L, 1);
  lua_getfield(L, 2, "module");
  lua_getfield(L, 2, "anchor");
  memset(&err, 0, sizeof err);
  memset(&report, 0, sizeof report);
  ls->waits = true;
  run(zvm_session_wait, ls->run, ls, &report, &err);
  zvm__calls_settle(L);
  ls->waits = false;
  ls->started = false;
  return push_result(L, ls, ls->run, ls->calls, &report, &err, 3, 4);
}


/***
Give the session up: a run that is still going is killed, and what it did to
its channels stays done. Twice is fine.

@function session:close
@treturn boolean true
*/
static int session_close(lua_State *L) {
  lsession *ls = luaL_checkudata(L, 1, ZVM__SESSION_TYPE);
  if (ls->s != NULL)
    drop_session(L, check_session(L));
  lua_pushboolean(L, 1);
  return 1;
}


static int session_tostring(lua_State *L) {
  const lsession *ls = luaL_checkudata(L, 1, ZVM__SESSION_TYPE);
  if (ls->s == NULL)
    lua_pushliteral(L, ZVM__SESSION_TYPE " (closed)");
  else
    lua_pushfstring(L, ZVM__SESSION_TYPE " (running): %p", (const void *)ls);
  return 1;
}


/* -- Type ---------------------------------------------------------------- */

static const luaL_Reg methods[] = {
  {"close", session_close},
  {"progress", zvm__session_progress},
  {"wait", session_wait},
  {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
  {"__close", session_close},
  {"__gc", session_gc},
  {"__tostring", session_tostring},
  {NULL, NULL},
};


void zvm__session_open(lua_State *L) {
  zvm__type_open(L, ZVM__SESSION_TYPE, methods, metamethods);
}
