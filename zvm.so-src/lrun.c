/*
** lrun.c - the options of zvm.run and zvm.start, but for channels and limits.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lrun.h"

/* -- Arguments and environment ------------------------------------------- */
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


bool zvm__is_list(lua_State *L, int index) {
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
  if (!zvm__is_list(L, index))
    return zvm__options_fail(o, "list of strings expected, got holes or "
                             "names in it");
  n = lua_objlen(L, index);
  args = zvm__options_alloc(o, n + 2, sizeof *args);
  for (i = 1; i <= n; i++)
    if (!read_argument(o, index, i, &args[i]))
      return false;
  ((zvm__lrun *)out)->args = args;
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
  ((zvm__lrun *)out)->options.env = env;
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
  static const char *const words[] = {"raise", "report", NULL};
  int which;
  if (!zvm__options_choice(o, index, words, &which))
    return false;
  ((zvm__lrun *)out)->keep_stops = which == 1;
  return true;
}


static bool read_channels(zvm__options *o, int index, void *out) {
  return zvm__channels_read(o, index, out);
}


static bool is_program(zvm__options *o, int index, zvm__lrun *out) {
  out->program = zvm__testudata(o->L, index, ZVM__MODULE_TYPE);
  if (out->program == NULL && lua_type(o->L, index) != LUA_TSTRING)
    return zvm__options_mismatch(o, index, "zvm.module, path or bytes");
  return true;
}


static bool read_program(zvm__options *o, int index, zvm__lrun *out) {
  size_t mark = zvm__options_enter(o, "program");
  lua_pushliteral(o->L, "program");
  lua_rawget(o->L, index);
  if (!is_program(o, lua_gettop(o->L), out))
    return false;
  zvm__options_leave(o, mark);
  return true;
}


bool zvm__lrun_read(zvm__options *o, int index, zvm__lrun *out) {
  static const char *const known[] = {
    "program", "name", "args", "env", "memory", "stack", "channels", "on_stop",
    "isolation", "timeout", "cpu", "resident", "on_limit", "symbols",
    "trace", "memory_etag", "directory", "clock", "seed", "images", "files",
    "collect", "progress", NULL,
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
      !zvm__options_read(o, index, "progress", read_flag, &opt->progress) ||
      !zvm__options_read(o, index, "memory_etag", zvm__etag_read,
                         &opt->memory_etag) ||
      !zvm__options_read(o, index, "channels", read_channels,
                         &out->channels) ||
      (out->channels.count == 0 &&
       !zvm__channels_read(o, 0, &out->channels)) ||
      !zvm__beginning_read(o, index, opt) ||
      !zvm__mounts_read(o, index, out))
    return false;
  opt->args = out->args;
  opt->channels = out->channels.list;
  opt->channels_count = out->channels.count;
  return read_program(o, index, out);
}
