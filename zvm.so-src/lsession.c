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

static void drop_session(zvm_session **owner) {
  zvm_session *s = *owner;
  *owner = NULL;
  zvm_session_free(s);
}


static int session_gc(lua_State *L) {
  drop_session(luaL_checkudata(L, 1, ZVM__SESSION_TYPE));
  return 0;
}


void zvm__session_open(lua_State *L) {
  if (luaL_newmetatable(L, ZVM__SESSION_TYPE)) {
    lua_pushcfunction(L, session_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, ZVM__SESSION_TYPE);
    lua_setfield(L, -2, "__metatable");
  }
  lua_pop(L, 1);
}


static zvm_session **new_owner(lua_State *L) {
  zvm_session **owner = lua_newuserdata(L, sizeof *owner);
  *owner = NULL;
  luaL_getmetatable(L, ZVM__SESSION_TYPE);
  lua_setmetatable(L, -2);
  return owner;
}


/* Nothing is owned any more: a finalizer would cost the collector time. */
static void disown(lua_State *L, int index) {
  lua_pushnil(L);
  lua_setmetatable(L, index);
}


/* -- Arguments and environment ------------------------------------------- */

typedef struct job {
  const zvm__lmodule *program;
  const char *name;  /* or NULL: the module's                        */
  const char **args; /* args[0] is filled in when the name is known  */
  zvm_session_options options;
  zvm__channels channels;
  bool symbols; /* of a fault */
  bool keep_stops; /* on_stop = "report" */
} job;


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
** No Lua call in here: from the look at the module to the end of the run
** nothing can close it.
*/
static bool run_job(const job *j, zvm_session **owner, zvm_report *report,
                    zvm_error *err) {
  bool keeps;
  memset(err, 0, sizeof *err);
  memset(report, 0, sizeof *report);
  if (j->program->m == NULL) {
    err->status = ZVM_E_STATE;
    strcpy(err->text, "zvm.run: program: attempt to use a closed module");
    return false;
  }
  *owner = zvm_session_new(j->program->m, &j->options, err);
  if (*owner == NULL)
    return false;
  keeps = j->keep_stops && zvm__stop_begin(report);
  err->status = zvm_session_run(*owner, report, err);
  if (keeps)
    zvm__stop_end();
  return err->status == ZVM_OK;
}


/* Nothing the guest did is undone: only a session that never ran is tried
   again. */
static bool run_or_retry(lua_State *L, const job *j, zvm_session **owner,
                         zvm_report *report, zvm_error *err) {
  if (run_job(j, owner, report, err))
    return true;
  if (*owner != NULL || !zvm__is_shortage(err))
    return false;
  lua_gc(L, LUA_GCCOLLECT, 0);
  return run_job(j, owner, report, err);
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
  zvm__lmodule *own = NULL; /* loaded for this run only */
  zvm_session **owner;
  zvm_report report;
  zvm_error err;
  job j;
  int owned, module, pushed = 1;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  luaL_checkstack(L, 40, "zvm.run");
  zvm__options_start(&o, L, "zvm.run");
  owner = new_owner(L);
  owned = lua_gettop(L);
  memset(&j, 0, sizeof j);
  if (!read_job(&o, 1, &j))
    return zvm__failure_wrap(L, zvm_status_name(ZVM_E_OPTION));
  if (j.program == NULL) {
    pushed = zvm__module_load(L, lua_gettop(L), NULL);
    if (pushed != 1)
      return pushed;
    own = lua_touserdata(L, -1);
    j.program = own;
  }
  module = lua_gettop(L);
  j.args[0] = j.name != NULL ? j.name : j.program->name;
  if (run_or_retry(L, &j, owner, &report, &err)) {
    zvm__report_push(L, &report, name_of, j.options.memory_etag,
                     &j.channels);
    if (report.state == ZVM_STATE_FAULT && j.symbols)
      zvm__fault_locate(L, &report, module);
  } else {
    pushed = zvm__failure_push(L, &err, NULL);
  }
  drop_session(owner);
  disown(L, owned);
  if (own != NULL)
    zvm__module_drop(own);
  return pushed;
}
