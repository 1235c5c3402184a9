/*
** lmodule.c - zvm.module: a validated program, immutable.
**
** Born closed: the userdata exists before the core is asked, so that no
** failure in between can lose a module. The core counts references: a
** module may be closed while it is run.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "laux.h"

#define ELF_MAGIC_0 127 /* the first byte of every ELF file */

enum { SYMBOLS_MAX = 64 << 20 }; /* of a larger file there are no symbols */

/* -- Check --------------------------------------------------------------- */

static zvm__lmodule *check_module(lua_State *L) {
  zvm__lmodule *lm = luaL_checkudata(L, 1, ZVM__MODULE_TYPE);
  if (lm->m == NULL)
    luaL_error(L, "attempt to use a closed module");
  return lm;
}


/* -- Constructor --------------------------------------------------------- */

/* Nothing that a file system would hold as a path looks like this. */
static bool is_program(const char *s, size_t len) {
  return len == 0 || s[0] == ELF_MAGIC_0 || memchr(s, '\0', len) != NULL;
}


static void set_name(zvm__lmodule *lm, const char *path) {
  const char *slash = strrchr(path, '/');
  snprintf(lm->name, sizeof lm->name, "%s", slash ? slash + 1 : path);
}


/* From bytes, or from a file. */
static zvm_module *load(const char *s, size_t len, const char *cache,
                        zvm__findings *found, zvm_error *err) {
  const zvm_load_options opt = {
      .fn = zvm__findings_add, .ctx = found, .cache = cache};
  memset(err, 0, sizeof *err);
  found->count = 0;
  found->more = false;
  if (is_program(s, len))
    return zvm_module_load(s, len, &opt, err);
  return zvm_module_open(s, &opt, err);
}


/*
** The environment of a module: `source`, the string it was loaded from, for
** who wants its symbols.
*/
static void keep_source(lua_State *L, int index) {
  lua_createtable(L, 0, 2);
  lua_pushvalue(L, index);
  lua_setfield(L, -2, "source");
  lua_setfenv(L, -2);
}


int zvm__module_load(lua_State *L, int index, const char *cache) {
  size_t len;
  const char *s = lua_tolstring(L, index, &len);
  zvm__findings found;
  zvm_error err;
  zvm__lmodule *lm = lua_newuserdata(L, sizeof *lm);
  memset(lm, 0, sizeof *lm);
  set_name(lm, is_program(s, len) ? "guest" : s);
  luaL_getmetatable(L, ZVM__MODULE_TYPE);
  lua_setmetatable(L, -2);
  keep_source(L, index);
  lm->m = load(s, len, cache, &found, &err);
  if (lm->m == NULL && zvm__is_shortage(&err)) {
    lua_gc(L, LUA_GCCOLLECT, 0);
    lm->m = load(s, len, cache, &found, &err);
  }
  if (lm->m == NULL)
    return zvm__failure_push(L, &err, &found);
  return 1;
}


void zvm__module_drop(zvm__lmodule *lm) {
  zvm_module *m = lm->m;
  lm->m = NULL;
  zvm_module_free(m);
}


/* -- Symbols ------------------------------------------------------------- */

/*
** The whole file into `to`, which is `size` bytes. False if it is not that
** long any more; that it is another one is for the caller to find out.
*/
static bool read_whole(int fd, char *to, size_t size) {
  size_t have = 0;
  while (have < size) {
    ssize_t n = read(fd, to + have, size - have);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    have += (size_t)n;
  }
  return true;
}


/* Push the bytes of a file, or nil. No Lua error while it is open. */
static void push_file(lua_State *L, const char *path) {
  struct stat st;
  char *bytes;
  bool ok;
  int fd;
  if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
      st.st_size > SYMBOLS_MAX) {
    lua_pushnil(L);
    return;
  }
  bytes = lua_newuserdata(L, (size_t)st.st_size + 1);
  fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ok = fd >= 0 && read_whole(fd, bytes, (size_t)st.st_size);
  if (fd >= 0)
    (void)close(fd);
  if (ok)
    lua_pushlstring(L, bytes, (size_t)st.st_size);
  else
    lua_pushnil(L);
  lua_remove(L, -2);
}


/* Is the string at `index` the file that `m` was loaded from? */
static bool is_same(lua_State *L, int index, const zvm_module *m) {
  size_t len;
  const char *bytes = lua_tolstring(L, index, &len);
  zvm_module *other = bytes != NULL ? zvm_module_load(bytes, len, NULL, NULL)
                                    : NULL;
  bool same = other != NULL &&
              memcmp(zvm_module_about(other)->digest,
                     zvm_module_about(m)->digest, 32) == 0;
  zvm_module_free(other);
  return same;
}


void zvm__module_bytes(lua_State *L, int index) {
  const zvm__lmodule *lm = lua_touserdata(L, index);
  size_t len;
  const char *s;
  lua_getfenv(L, index);
  lua_getfield(L, -1, "source");
  lua_remove(L, -2);
  s = lua_tolstring(L, -1, &len);
  if (s == NULL || is_program(s, len))
    return;
  push_file(L, s);
  lua_remove(L, -2);
  if (lm->m == NULL || !is_same(L, lua_gettop(L), lm->m)) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
}


/* -- Methods ------------------------------------------------------------- */

/***
Digest of the file the module was loaded from.

@function module:digest
@treturn string SHA-256 in hex
*/
static int module_digest(lua_State *L) {
  const zvm_module_facts *facts = zvm_module_about(check_module(L)->m);
  zvm__hex_push(L, facts->digest, sizeof facts->digest);
  return 1;
}


static void set_number(lua_State *L, const char *name, lua_Number n) {
  lua_pushnumber(L, n);
  lua_setfield(L, -2, name);
}


/***
What is known of the module.

@function module:about
@treturn table `digest`, `name`, `entry`, `text_addr`, `text_size`,
 `data_end`, `write_size`, `level`, and `verdict`, how it is known that
 the module is accepted: `"reached"`, `"remembered"` by this process, or
 `"stored"` in the cache
@usage print(zvm.load("hello.zvm"):about().text_size)
*/
static int module_about(lua_State *L) {
  static const char *const verdicts[] = {"reached", "remembered", "stored"};
  const zvm__lmodule *lm = check_module(L);
  const zvm_module_facts *facts = zvm_module_about(lm->m);
  lua_createtable(L, 0, 9);
  zvm__hex_push(L, facts->digest, sizeof facts->digest);
  lua_setfield(L, -2, "digest");
  lua_pushstring(L, lm->name);
  lua_setfield(L, -2, "name");
  set_number(L, "entry", facts->entry);
  set_number(L, "text_addr", facts->text_addr);
  set_number(L, "text_size", facts->text_size);
  set_number(L, "data_end", facts->data_end);
  set_number(L, "write_size", facts->write_size);
  set_number(L, "level", facts->level);
  lua_pushstring(L, verdicts[facts->verdict]);
  lua_setfield(L, -2, "verdict");
  return 1;
}


/***
Give the module back. Closing twice is fine; a closed module is of no
further use.

@function module:close
@treturn boolean true
*/
static int module_close(lua_State *L) {
  zvm__module_drop(luaL_checkudata(L, 1, ZVM__MODULE_TYPE));
  lua_pushboolean(L, 1);
  return 1;
}


static int module_tostring(lua_State *L) {
  const zvm__lmodule *lm = luaL_checkudata(L, 1, ZVM__MODULE_TYPE);
  if (lm->m == NULL)
    lua_pushliteral(L, ZVM__MODULE_TYPE " (closed)");
  else
    lua_pushfstring(L, ZVM__MODULE_TYPE " (%s): %p", lm->name,
                    (const void *)lm);
  return 1;
}


/* -- Type ---------------------------------------------------------------- */

static const luaL_Reg methods[] = {
  {"about", module_about},
  {"close", module_close},
  {"digest", module_digest},
  {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
  {"__close", module_close},
  {"__gc", module_close},
  {"__tostring", module_tostring},
  {NULL, NULL},
};


void zvm__module_open(lua_State *L) {
  zvm__type_open(L, ZVM__MODULE_TYPE, methods, metamethods);
}
