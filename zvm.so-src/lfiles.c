/*
** lfiles.c - `files` as an archive, and the archive that comes back as files.
**
** Archives are made and read by zvm.tar, in Lua: what a guest packed is
** hostile. That module is looked for when a run asks for it, before it
** begins.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <string.h>

#include "lrun.h"

/* -- The module ---------------------------------------------------------- */

/* name of a function */
static int find_function(lua_State *L) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "zvm.tar");
  lua_call(L, 1, 1);
  lua_pushvalue(L, 1);
  lua_gettable(L, -2);
  luaL_checktype(L, -1, LUA_TFUNCTION);
  return 1;
}


/* The first line of the error on top of the stack. */
static const char *first_line(lua_State *L) {
  const char *text = lua_tostring(L, -1), *end;
  if (text == NULL)
    return "an error that is no string";
  end = strchr(text, '\n');
  if (end == NULL)
    return text;
  lua_pushlstring(L, text, (size_t)(end - text));
  return lua_tostring(L, -1);
}


bool zvm__tar_push(zvm__options *o, const char *function) {
  lua_State *L = o->L;
  lua_pushcfunction(L, find_function);
  lua_pushstring(L, function);
  if (lua_pcall(L, 1, 1, 0) == 0)
    return true;
  return zvm__options_fail(o, "zvm.tar is needed, one of the Lua files that "
                           "belong to zvm: is its directory in "
                           "package.path? %s", first_line(L));
}


/* -- Files that come along ----------------------------------------------- */

static bool read_mode(zvm__options *o, int index, void *out) {
  return zvm__options_integer(o, index, 0, 07777, out);
}


static bool read_mtime(zvm__options *o, int index, void *out) {
  lua_Number n;
  if (lua_type(o->L, index) != LUA_TNUMBER)
    return zvm__options_mismatch(o, index, "number");
  n = lua_tonumber(o->L, index);
  if (!(n >= 0 && n <= (lua_Number)(ZVM_CLOCK_MAX / 1000000000)))
    return zvm__options_fail(o, "seconds since 1970 expected, got %f", n);
  *(lua_Number *)out = n;
  return true;
}


static bool read_string(zvm__options *o, int index, void *out) {
  (void)out;
  return lua_type(o->L, index) == LUA_TSTRING ||
         zvm__options_mismatch(o, index, "string");
}


static bool read_text(zvm__options *o, int index, void *out) {
  return zvm__options_text(o, index, out);
}


static bool read_flag(zvm__options *o, int index, void *out) {
  return zvm__options_flag(o, index, out);
}


/* Copy a field of the table at `index` to the entry on top of the stack. */
static void copy_field(lua_State *L, int index, const char *from,
                       const char *to) {
  lua_pushstring(L, from);
  lua_rawget(L, index);
  lua_setfield(L, -2, to);
}


/* The file that the table at `index` describes, to the entry on top. */
static bool read_description(zvm__options *o, int index) {
  static const char *const known[] = {"data", "directory", "link", "mode",
                                      "mtime", NULL};
  lua_State *L = o->L;
  int64_t mode = -1;
  lua_Number mtime = -1;
  const char *link = NULL;
  bool directory = false;
  size_t data = 0;
  if (!zvm__options_table(o, index, known) ||
      !zvm__options_read(o, index, "data", read_string, NULL) ||
      !zvm__options_read(o, index, "directory", read_flag, &directory) ||
      !zvm__options_read(o, index, "link", read_text, &link) ||
      !zvm__options_read(o, index, "mode", read_mode, &mode) ||
      !zvm__options_read(o, index, "mtime", read_mtime, &mtime))
    return false;
  lua_pushliteral(L, "data");
  lua_rawget(L, index);
  data = !lua_isnil(L, -1);
  lua_pop(L, 1);
  if (data + (link != NULL) + directory != 1)
    return zvm__options_fail(o, "one of data, link and directory expected");
  if (link != NULL && link[0] == '\0')
    return zvm__options_fail(o, "a link leads somewhere");
  copy_field(L, index, "data", "data");
  copy_field(L, index, "link", "target");
  copy_field(L, index, "mode", "mode");
  copy_field(L, index, "mtime", "mtime");
  lua_pushstring(L, link != NULL ? "symlink" : directory ? "directory"
                                                         : "file");
  lua_setfield(L, -2, "type");
  return true;
}


/* What stands at `path`, not itself, in the table of files. */
static bool is_directory(lua_State *L, int index, const char *path,
                         size_t len) {
  bool is;
  lua_pushlstring(L, path, len);
  lua_rawget(L, index);
  is = lua_isnil(L, -1);
  if (lua_istable(L, -1)) {
    lua_pushliteral(L, "directory");
    lua_rawget(L, -2);
    is = lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return is;
}


/* Nothing can lie below what is no directory. */
static bool check_parents(zvm__options *o, int index, const char *path) {
  size_t i;
  for (i = 1; path[i] != '\0'; i++)
    if (path[i] == '/' && !is_directory(o->L, index, path, i))
      return zvm__options_fail(o, "lies below a file");
  return true;
}


/* The entry of `path`, one of the table at `index`, is pushed. */
static bool read_file(zvm__options *o, int index, const char *path) {
  lua_State *L = o->L;
  const char *wrong = zvm_path_fault(path);
  size_t mark = zvm__options_enter(o, path);
  int value;
  if (wrong == NULL && path[1] == '\0')
    wrong = "the root is no file";
  if (wrong != NULL)
    return zvm__options_fail(o, "%s", wrong);
  if (!check_parents(o, index, path))
    return false;
  lua_pushstring(L, path);
  lua_rawget(L, index);
  value = lua_gettop(L);
  lua_createtable(L, 0, 4);
  lua_pushstring(L, path + 1);
  lua_setfield(L, -2, "name");
  if (lua_type(L, value) == LUA_TSTRING) {
    lua_pushvalue(L, value);
    lua_setfield(L, -2, "data");
  } else if (!lua_istable(L, value)) {
    return zvm__options_mismatch(o, value, "string or table");
  } else if (!read_description(o, value)) {
    return false;
  }
  lua_remove(L, value);
  zvm__options_leave(o, mark);
  return true;
}


static int compare_paths(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}


/* Sorted, so that a directory comes before what is in it. */
static bool read_paths(zvm__options *o, int index, const char ***out,
                       size_t *count) {
  lua_State *L = o->L;
  size_t room = 0, n = 0;
  const char **paths;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1))
    room++;
  paths = zvm__options_alloc(o, room + 1, sizeof *paths);
  for (lua_pushnil(L); n < room && lua_next(L, index) != 0; n++) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
      return zvm__options_fail(o, "a file without a path");
    if (!zvm__options_text(o, lua_gettop(L), &paths[n]))
      return false;
  }
  qsort(paths, n, sizeof *paths, compare_paths);
  *out = paths;
  *count = n;
  return true;
}


bool zvm__files_pack(zvm__options *o, int index, const char **bytes,
                     size_t *size) {
  lua_State *L = o->L;
  const char **paths = NULL;
  size_t n = 0, i;
  if (!lua_istable(L, index))
    return zvm__options_mismatch(o, index, "table");
  if (!read_paths(o, index, &paths, &n) || !zvm__tar_push(o, "pack"))
    return false;
  lua_createtable(L, (int)(n < INT32_MAX ? n : 0), 0);
  for (i = 0; i < n; i++) {
    if (!read_file(o, index, paths[i]))
      return false;
    lua_rawseti(L, -2, (int)i + 1);
  }
  if (lua_pcall(L, 1, 1, 0) != 0)
    return zvm__options_fail(o, "%s", first_line(L));
  if (!zvm__options_bytes(o, lua_gettop(L), bytes, size))
    return false;
  lua_pop(L, 1);
  return true;
}


/* -- Files that come back ------------------------------------------------ */

/* report, unpack: sets `files`, or pushes why not. */
static int unpack_files(lua_State *L) {
  size_t n, i;
  lua_getfield(L, 1, "channels");
  lua_getfield(L, -1, "collect");
  lua_pushvalue(L, 2);
  lua_getfield(L, -2, "data");
  lua_call(L, 1, 2);
  if (!lua_istable(L, -2))
    return 1; /* the message */
  lua_pop(L, 1);
  n = lua_objlen(L, -1);
  lua_createtable(L, 0, (int)n);
  for (i = 1; i <= n; i++) {
    lua_rawgeti(L, -2, (int)i);
    lua_getfield(L, -1, "data");
    if (!lua_isnil(L, -1)) {
      lua_pushliteral(L, "/");
      lua_getfield(L, -3, "name");
      lua_concat(L, 2);
      lua_insert(L, -2);
      lua_rawset(L, -4);
      lua_pop(L, 1);
    } else {
      lua_pop(L, 2);
    }
  }
  lua_setfield(L, 1, "files");
  return 0;
}


/* Of the report at `report`, whose run got so far that it could pack. */
static void unpack_into(lua_State *L, const zvm__lrun *r, int report,
                        int anchor) {
  lua_pushcfunction(L, unpack_files);
  lua_pushvalue(L, report);
  lua_rawgeti(L, anchor, r->unpack);
  if (lua_pcall(L, 2, 1, 0) != 0 && lua_type(L, -1) != LUA_TSTRING) {
    lua_pop(L, 1);
    lua_pushliteral(L, "an error that is no string");
  }
  if (!lua_isnil(L, -1))
    lua_setfield(L, report, "collect_error");
}


static bool has_archive(const zvm_report *report) {
  size_t i;
  for (i = 0; i < report->channels_count; i++)
    if (strcmp(report->channels[i].alias, "/dev/collect") == 0)
      return report->channels[i].size > 0;
  return false;
}


void zvm__files_collect(lua_State *L, const zvm__lrun *r,
                        const zvm_report *report, int anchor) {
  int top = lua_gettop(L);
  if (r->unpack == 0)
    return;
  if (report->state != ZVM_STATE_EXIT || !has_archive(report)) {
    lua_pushliteral(L, "the program ended without having packed anything");
    lua_setfield(L, top, "collect_error");
  } else {
    unpack_into(L, r, top, anchor);
  }
  lua_settop(L, top);
}
