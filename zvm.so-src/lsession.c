/*
** lsession.c - zvm.run: one run of a module, from options to report.
**
** Everything is read into C structures first; then the core is called; then
** the report is made. The session belongs to a userdata meanwhile, so that
** a Lua error while the report is made loses nothing.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lchannel.h"
#include "lstop.h"

/* -- The owner ----------------------------------------------------------- */

typedef struct job job;

/*
** What zvm.run owns meanwhile, and what zvm.start gives. What a started one was
** read from is in its environment.
*/
typedef struct lsession {
  zvm_session *s; /* NULL: it is over        */
  bool started;
  bool waits;     /* somebody waits for it   */
  zvm__calls *calls;
  job *j;
} lsession;


static void drop_session(lua_State *L, lsession *ls) {
  zvm_session *s = ls->s;
  ls->s = NULL;
  zvm_session_free(s);
  if (ls->calls != NULL && ls->calls->started)
    zvm__calls_end(L, ls->calls);
}


static bool is_busy(const lsession *ls) {
  return ls->waits || (ls->calls != NULL && ls->calls->busy > 0);
}


/* None that is being served is collected: see lcall.c. */
static int session_gc(lua_State *L) {
  drop_session(L, luaL_checkudata(L, 1, ZVM__SESSION_TYPE));
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


/* -- Arguments and environment ------------------------------------------- */

struct job {
  const zvm__lmodule *program;
  const char *name;  /* or NULL: the module's                        */
  const char **args; /* args[0] is filled in when the name is known  */
  zvm_session_options options;
  zvm__channels channels;
  bool symbols; /* of a fault */
  bool keep_stops; /* on_stop = "report" */
};


static bool read_argument(zvm__options *o, int index, size_t i,
                          const char **out) {
  char place[24];
  size_t mark;
  bool ok;
  snprintf(place, sizeof place, "%zu", i);
  lua_rawgeti(o->L, index, (int)i);
  mark = zvm__options_enter(o, place);
  ok = zvm__options_text(o, lua_gettop(o->L), out);
  zvm__options_leave(o, mark);
  if (ok)
    lua_pop(o->L, 1);
  return ok;
}


static bool is_list(lua_State *L, int index) {
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1))
    n++;
  return n == lua_objlen(L, index);
}


static bool read_arguments(zvm__options *o, int index, void *out) {
  lua_State *L = o->L;
  size_t n, i;
  const char **args;
  if (!lua_istable(L, index))
    return zvm__options_mismatch(o, index, "table");
  if (!is_list(L, index))
    return zvm__options_fail(o, "list of strings expected, got holes or "
                             "names in it");
  n = lua_objlen(L, index);
  args = zvm__options_alloc(o, n + 2, sizeof *args);
  for (i = 1; i <= n; i++)
    if (!read_argument(o, index, i, &args[i]))
      return false;
  ((job *)out)->args = args;
  return true;
}


static bool is_variable_name(const char *name) {
  return name[0] != '\0' && strchr(name, '=') == NULL;
}


static bool read_value(zvm__options *o, int index, void *out) {
  return zvm__options_text(o, index, out);
}


/* "name=value" */
static bool read_variable(zvm__options *o, int index, const char *name,
                          const char **out) {
  char shown[ZVM__SHOWN_MAX];
  const char *value = "";
  if (!is_variable_name(name)) {
    zvm__options_show(shown, name, strlen(name));
    return zvm__options_fail(o, "\"%s\" cannot be the name of a variable",
                             shown);
  }
  if (!zvm__options_read(o, index, name, read_value, &value))
    return false;
  *out = lua_pushfstring(o->L, "%s=%s", name, value);
  zvm__options_keep(o);
  return true;
}


static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}


/* The names in the table at `index`, sorted: an order a guest may rely on. */
static bool read_variable_names(zvm__options *o, int index,
                                const char ***out, size_t *count) {
  lua_State *L = o->L;
  size_t room = 0, n = 0;
  const char **names;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1))
    room++;
  names = zvm__options_alloc(o, room + 1, sizeof *names);
  for (lua_pushnil(L); n < room && lua_next(L, index) != 0; n++) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
      return zvm__options_fail(o, "a variable without a name");
    if (!zvm__options_text(o, lua_gettop(L), &names[n]))
      return false;
  }
  qsort(names, n, sizeof *names, compare_names);
  *out = names;
  *count = n;
  return true;
}


static bool read_environment(zvm__options *o, int index, void *out) {
  const char **names = NULL, **env;
  size_t n = 0, i;
  if (!lua_istable(o->L, index))
    return zvm__options_mismatch(o, index, "table");
  if (!read_variable_names(o, index, &names, &n))
    return false;
  env = zvm__options_alloc(o, n + 1, sizeof *env);
  for (i = 0; i < n; i++)
    if (!read_variable(o, index, names[i], &env[i]))
      return false;
  ((job *)out)->options.env = env;
  return true;
}


/* -- The other options --------------------------------------------------- */

static bool read_amount(zvm__options *o, int index, void *out) {
  uint64_t *n = out;
  if (!zvm__options_size(o, index, n))
    return false;
  if (*n == 0)
    return zvm__options_fail(o, "more than 0 bytes expected");
  return true;
}


static bool read_flag(zvm__options *o, int index, void *out) {
  return zvm__options_flag(o, index, out);
}


static bool read_on_stop(zvm__options *o, int index, void *out) {
  const char *text;
  char shown[ZVM__SHOWN_MAX];
  if (!zvm__options_text(o, index, &text))
    return false;
  ((job *)out)->keep_stops = strcmp(text, "report") == 0;
  if (((job *)out)->keep_stops || strcmp(text, "raise") == 0)
    return true;
  zvm__options_show(shown, text, strlen(text));
  return zvm__options_fail(o, "\"raise\" or \"report\" expected, "
                           "got \"%s\"", shown);
}


static bool read_channels(zvm__options *o, int index, void *out) {
  return zvm__channels_read(o, index, out);
}


static bool is_program(zvm__options *o, int index, job *out) {
  out->program = zvm__testudata(o->L, index, ZVM__MODULE_TYPE);
  if (out->program == NULL && lua_type(o->L, index) != LUA_TSTRING)
    return zvm__options_mismatch(o, index, "zvm.module, path or bytes");
  return true;
}


/*
** The program stays on top of the stack. If it is a string it is loaded
** later, when all else is known to be right.
*/
static bool read_program(zvm__options *o, int index, job *out) {
  size_t mark = zvm__options_enter(o, "program");
  lua_pushliteral(o->L, "program");
  lua_rawget(o->L, index);
  if (!is_program(o, lua_gettop(o->L), out))
    return false;
  zvm__options_leave(o, mark);
  return true;
}


static bool read_job(zvm__options *o, int index, job *out) {
  static const char *const known[] = {
    "program", "name", "args", "env", "memory", "stack", "channels", "on_stop",
    "isolation", "timeout", "cpu", "resident", "on_limit", "symbols",
    "trace", "memory_etag", NULL,
  };
  zvm_session_options *opt = &out->options;
  out->args = zvm__options_alloc(o, 2, sizeof *out->args);
  out->symbols = true;
  if (!zvm__options_table(o, index, known) ||
      !zvm__options_read(o, index, "name", read_value, &out->name) ||
      !zvm__options_read(o, index, "on_stop", read_on_stop, out) ||
      !zvm__options_read(o, index, "args", read_arguments, out) ||
      !zvm__options_read(o, index, "env", read_environment, out) ||
      !zvm__options_read(o, index, "memory", read_amount, &opt->memory) ||
      !zvm__options_read(o, index, "stack", read_amount, &opt->stack) ||
      !zvm__bounds_read(o, index, opt) ||
      !zvm__on_limit_read(o, index, &opt->on_limit) ||
      !zvm__options_read(o, index, "symbols", read_flag, &out->symbols) ||
      !zvm__options_read(o, index, "trace", read_value, &opt->trace) ||
      !zvm__options_read(o, index, "memory_etag", zvm__etag_read,
                         &opt->memory_etag) ||
      !zvm__options_read(o, index, "channels", read_channels,
                         &out->channels) ||
      (out->channels.count == 0 &&
       !zvm__channels_read(o, 0, &out->channels)))
    return false;
  opt->args = out->args;
  opt->channels = out->channels.list;
  opt->channels_count = out->channels.count;
  return read_program(o, index, out);
}


/* -- Run ----------------------------------------------------------------- */

static const char *name_of(const void *ctx, const char *alias,
                           bool *collected) {
  const zvm__channels *chs = ctx;
  size_t i = zvm__channels_find(chs, alias);
  *collected = chs->list[i].source == ZVM_SOURCE_BUFFER;
  return chs->names[i];
}


/*
** No Lua call in here but those of channels: nothing can close the module
** before the session has it.
*/
static bool make_session(const zvm__options *o, const job *j, lsession *ls,
                         zvm_error *err) {
  memset(err, 0, sizeof *err);
  if (j->program == NULL || j->program->m == NULL) {
    err->status = ZVM_E_STATE;
    snprintf(err->text, sizeof err->text,
             "%s: program: attempt to use a closed module", o->function);
    return false;
  }
  ls->s = zvm_session_new(j->program->m, &j->options, err);
  return ls->s != NULL;
}


/* Nothing the guest did is undone: only a session that never ran is tried
   again. */
static bool make_or_retry(const zvm__options *o, const job *j, lsession *ls,
                          zvm_error *err) {
  if (make_session(o, j, ls, err))
    return true;
  if (!zvm__is_shortage(err))
    return false;
  lua_gc(o->L, LUA_GCCOLLECT, 0);
  return make_session(o, j, ls, err);
}


/* With the signals that the report is to tell of, if it is. */
static void run(const job *j, const lsession *ls, zvm_report *report,
                zvm_error *err) {
  bool keeps = j->keep_stops && zvm__stop_begin(report);
  err->status = zvm_session_run(ls->s, report, err);
  if (keeps)
    zvm__stop_end();
}


/*
** From the table at 1. Pushes the program, loaded; or what to return, whose
** count is the result. *own: loaded for this run only.
*/
static int prepare(zvm__options *o, job *j, zvm__lmodule **own) {
  lua_State *L = o->L;
  int pushed;
  if (!read_job(o, 1, j))
    return zvm__failure_wrap(L, zvm_status_name(ZVM_E_OPTION));
  if (j->program == NULL) {
    pushed = zvm__module_load(L, lua_gettop(L), NULL);
    if (pushed != 1)
      return pushed;
    *own = lua_touserdata(L, -1);
    j->program = *own;
  }
  j->args[0] = j->name != NULL ? j->name : j->program->name;
  return 0;
}


/***
Run a program to its end.

All options live in one table: `program` (a module, a path, or bytes, as for
`zvm.load`), `name`, `args`, `env`, `memory`, `stack`, `channels`,
`isolation`, `timeout`, `cpu`, `resident`, `on_limit`, `symbols`, `on_stop`,
`trace`, `memory_etag`. See docs/lua.md.

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
  job j;
  int owned, module, pushed;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  luaL_checkstack(L, 40, "zvm.run");
  zvm__options_start(&o, L, "zvm.run");
  ls = new_owner(L);
  owned = lua_gettop(L);
  memset(&j, 0, sizeof j);
  pushed = prepare(&o, &j, &own);
  if (pushed != 0)
    return pushed;
  module = lua_gettop(L);
  calls = zvm__calls_bind(&o, &j.channels);
  memset(&report, 0, sizeof report);
  if (make_or_retry(&o, &j, ls, &err))
    run(&j, ls, &report, &err);
  zvm__calls_settle(L);
  if (calls != NULL && calls->failed) {
    drop_session(L, ls);
    zvm__calls_raise(L, calls);
  }
  if (ls->s != NULL && err.status == ZVM_OK) {
    zvm__report_push(L, &report, name_of, j.options.memory_etag,
                     &j.channels);
    if (report.state == ZVM_STATE_FAULT && j.symbols)
      zvm__fault_locate(L, &report, module);
    pushed = 1;
  } else {
    pushed = zvm__failure_push(L, &err, NULL);
  }
  drop_session(L, ls);
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
    job j;
  } *kept;
  zvm__lmodule *own = NULL;
  lsession *ls;
  zvm_error err;
  int owned, pushed;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  luaL_checkstack(L, 40, "zvm.start");
  kept = lua_newuserdata(L, sizeof *kept);
  memset(&kept->j, 0, sizeof kept->j);
  zvm__options_start(&kept->o, L, "zvm.start");
  lua_pushvalue(L, 2);
  zvm__options_keep(&kept->o);
  ls = new_owner(L);
  owned = lua_gettop(L);
  ls->j = &kept->j;
  pushed = prepare(&kept->o, ls->j, &own);
  if (pushed != 0)
    return pushed;
  if (ls->j->options.isolation == ZVM_ISOLATION_INLINE) {
    lua_pushliteral(L, "zvm.start: isolation: \"process\" expected: inline, "
                       "a run cannot be started, only run");
    return zvm__failure_wrap(L, zvm_status_name(ZVM_E_OPTION));
  }
  keep_alive(L, owned, kept->o.anchor, lua_gettop(L));
  ls->calls = zvm__calls_bind(&kept->o, &ls->j->channels);
  if (ls->calls != NULL)
    zvm__calls_start(L, ls->calls, owned);
  if (!make_or_retry(&kept->o, ls->j, ls, &err) ||
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
  if (is_busy(ls))
    luaL_error(L, ls->waits ? "the session is being waited for"
                            : "the session cannot be waited for, or closed, "
                              "by a function of its own channels");
  return ls;
}


/* The report, on top of the stack. */
static int push_waited(lua_State *L, const lsession *ls,
                       const zvm_report *report) {
  zvm__report_push(L, report, name_of, ls->j->options.memory_etag,
                   &ls->j->channels);
  if (report->state == ZVM_STATE_FAULT && ls->j->symbols) {
    lua_getfenv(L, 1);
    lua_getfield(L, -1, "module");
    lua_replace(L, -2);
    lua_insert(L, -2);
    zvm__fault_locate(L, report, lua_gettop(L) - 1);
  }
  return 1;
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
  bool keeps;
  int pushed;
  lua_settop(L, 1);
  luaL_checkstack(L, 40, "session:wait");
  memset(&err, 0, sizeof err);
  memset(&report, 0, sizeof report);
  ls->waits = true;
  keeps = ls->j->keep_stops && zvm__stop_begin(&report);
  err.status = zvm_session_wait(ls->s, &report, &err);
  if (keeps)
    zvm__stop_end();
  zvm__calls_settle(L);
  ls->waits = false;
  ls->started = false;
  if (ls->calls != NULL && ls->calls->failed) {
    drop_session(L, ls);
    zvm__calls_raise(L, ls->calls);
  }
  pushed = err.status == ZVM_OK ? push_waited(L, ls, &report)
                                : zvm__failure_push(L, &err, NULL);
  drop_session(L, ls);
  return pushed;
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
  if (luaL_newmetatable(L, ZVM__SESSION_TYPE)) {
    zvm__setfuncs(L, metamethods);
    lua_createtable(L, 0, 2);
    zvm__setfuncs(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, ZVM__SESSION_TYPE);
    lua_setfield(L, -2, "__name");
    lua_pushliteral(L, ZVM__SESSION_TYPE);
    lua_setfield(L, -2, "__metatable");
  }
  lua_pop(L, 1);
}
