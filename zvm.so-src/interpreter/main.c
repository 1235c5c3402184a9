/*
** main.c - the executable `zvm`: an interpreter with the sandbox inside.
**
** LuaJIT without its FFI, the module zvm, and all of zvm's Lua, which lies in
** the executable (zvm__embedded). What a script can reach of C is the standard
** library and zvm: there is no package.loadlib and no search for C modules, and
** text is all that is loaded, for LuaJIT trusts bytecode. zvm.interpreter does
** the rest, given a table of what is here.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lua.h>

#include <lauxlib.h>
#include <lualib.h>

#include "interpreter.h"

/* One module of zvm's: its name and its text. The last one has no name. */
typedef struct embedded {
  const char *name;
  const char *begin;
  const char *end;
} embedded;

extern const embedded zvm__embedded[];

int luaopen_zvm(lua_State *L);

static lua_State *running; /* whom SIGINT interrupts */


/* -- Signals ------------------------------------------------------------- */

static void interrupt(lua_State *L, lua_Debug *where) {
  (void)where;
  lua_sethook(L, NULL, 0, 0);
  luaL_error(L, "interrupted!");
}


/* A second one, if the first is not heard, ends the process. */
static void on_interrupt(int number) {
  (void)signal(number, SIG_DFL);
  lua_sethook(running, interrupt,
              LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}


/* catch(on): whether SIGINT interrupts the script, or ends the process. */
static int catch_interrupts(lua_State *L) {
  (void)signal(SIGINT, lua_toboolean(L, 1) ? on_interrupt : SIG_DFL);
  return 0;
}


/* -- What is in here ----------------------------------------------------- */

/* find(name): the text of a module of zvm's, or nil. */
static int find(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  for (const embedded *e = zvm__embedded; e->name != NULL; e++) {
    if (strcmp(e->name, name) == 0) {
      lua_pushlstring(L, e->begin, (size_t)(e->end - e->begin));
      return 1;
    }
  }
  lua_pushnil(L);
  return 1;
}


/* The folder of the executable; nil if /proc is not there to tell. */
static void push_folder(lua_State *L) {
  char path[4096];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  path[n > 0 ? n : 0] = '\0';
  char *slash = strrchr(path, '/');
  if (slash != NULL)
    lua_pushlstring(L, path, (size_t)(slash - path));
  else
    lua_pushnil(L);
}


/* person(fd): whether a descriptor is a terminal. */
static int person(lua_State *L) {
  lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
  return 1;
}


/* LuaSocket, which is the system's: for zvm.nodes alone. */
static int open_socket(lua_State *L) {
  static const char *const files[] = {
      "/usr/local/lib/lua/5.1/socket/core.so",
      "/usr/lib/x86_64-linux-gnu/lua/5.1/socket/core.so",
      "/usr/lib/lua/5.1/socket/core.so",
      "/usr/lib64/lua/5.1/socket/core.so",
  };
  lua_CFunction opener = NULL;
  for (size_t i = 0; i < sizeof files / sizeof files[0] && !opener; i++) {
    void *library = dlopen(files[i], RTLD_NOW | RTLD_LOCAL);
    if (library != NULL)
      *(void **)&opener = dlsym(library, "luaopen_socket_core");
  }
  if (opener == NULL) {
    lua_pushliteral(L, "LuaSocket is not there: install lua-socket");
    return lua_error(L);
  }
  return opener(L);
}


/*
** C that zvm's own modules need, and scripts do not get: by name, what opens
** it.
*/
static void push_own(lua_State *L) {
  static const luaL_Reg own[] = {
      {"cjson", luaopen_cjson},
      {"socket.core", open_socket},
      {"zvm.disasm", luaopen_zvm_disasm},
      {"zvm.line", zvm__line_open},
      {"zvm.step", zvm__step_open},
      {NULL, NULL},
  };
  lua_newtable(L);
  for (const luaL_Reg *r = own; r->name != NULL; r++) {
    lua_pushcfunction(L, r->func);
    lua_setfield(L, -2, r->name);
  }
}


static void open_libraries(lua_State *L) {
  static const luaL_Reg all[] = {
      {"", luaopen_base},
      {LUA_LOADLIBNAME, luaopen_package},
      {LUA_TABLIBNAME, luaopen_table},
      {LUA_IOLIBNAME, luaopen_io},
      {LUA_OSLIBNAME, luaopen_os},
      {LUA_STRLIBNAME, luaopen_string},
      {LUA_MATHLIBNAME, luaopen_math},
      {LUA_DBLIBNAME, luaopen_debug},
      {"bit", luaopen_bit},
      {"jit", luaopen_jit},
  };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    lua_pushcfunction(L, all[i].func);
    lua_pushstring(L, all[i].name);
    lua_call(L, 1, 0);
  }
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_zvm);
  lua_setfield(L, -2, "zvm");
  lua_pop(L, 2);
}


/* -- The whole ----------------------------------------------------------- */

typedef struct command_line {
  int count;
  char **words;
  int code; /* what the process is to end with */
} command_line;


/* Called with a command_line. */
static int start(lua_State *L) {
  command_line *line = lua_touserdata(L, 1);
  open_libraries(L);
  lua_pushcfunction(L, find);
  lua_pushliteral(L, "zvm.interpreter");
  lua_call(L, 1, 1);
  size_t size;
  const char *text = luaL_checklstring(L, -1, &size);
  if (luaL_loadbuffer(L, text, size, "=zvm.interpreter") != 0)
    return lua_error(L);
  lua_newtable(L);
  lua_pushcfunction(L, find);
  lua_setfield(L, -2, "find");
  lua_pushcfunction(L, person);
  lua_setfield(L, -2, "person");
  lua_pushcfunction(L, catch_interrupts);
  lua_setfield(L, -2, "catch");
  push_own(L);
  lua_setfield(L, -2, "own");
  push_folder(L);
  lua_setfield(L, -2, "folder");
  lua_createtable(L, line->count, 0);
  for (int i = 0; i < line->count; i++) {
    lua_pushstring(L, line->words[i]);
    lua_rawseti(L, -2, i);
  }
  lua_setfield(L, -2, "words");
  lua_call(L, 1, 1);
  line->code = (int)lua_tointeger(L, -1);
  return 0;
}


/* A stream that is closed would be the first file that is opened. */
static void open_streams(void) {
  struct stat st;
  for (int fd = 0; fd < 3; fd++)
    if (fstat(fd, &st) != 0 && errno == EBADF)
      (void)open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
}


int main(int argc, char **argv) {
  open_streams();
  lua_State *L = luaL_newstate();
  if (L == NULL) {
    fputs("zvm: not enough memory\n", stderr);
    return 125;
  }
  running = L;
  command_line line = {argc, argv, 0};
  if (lua_cpcall(L, start, &line) != 0) {
    fprintf(stderr, "zvm: %s\n", lua_tostring(L, -1));
    line.code = 125;
  }
  lua_close(L);
  if (fflush(stdout) != 0 && line.code == 0) {
    fprintf(stderr, "zvm: standard output: %s\n", strerror(errno));
    return 2;
  }
  return line.code;
}
