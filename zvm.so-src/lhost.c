/*
** lhost.c - zvm.host: what the Lua files of zvm need of the host, and Lua
** lacks. Nothing here sees a guest.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "laux.h"

/* nil, "what: why": of the last system call. */
static int failed(lua_State *L, const char *what, int os) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", what, strerror(os));
  return 2;
}


/* -- Time and processors ------------------------------------------------- */

/*** Seconds since some moment, which only grow.
@function zvm.host.now
@treturn number
*/
static int now(lua_State *L) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_nsec / 1e9);
  return 1;
}


/*** How many processors this process may use.
@function zvm.host.processors
@treturn number
*/
static int processors(lua_State *L) {
  cpu_set_t set;
  int n = 1;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    n = CPU_COUNT(&set);
  lua_pushnumber(L, n);
  return 1;
}


/*** Sleep, or until a signal comes.
@function zvm.host.sleep
@tparam number seconds at most 60
*/
static int doze(lua_State *L) {
  lua_Number s = luaL_checknumber(L, 1);
  struct timespec t;
  luaL_argcheck(L, s >= 0 && s <= 60, 1, "0 to 60 seconds expected");
  t.tv_sec = (time_t)s;
  t.tv_nsec = (long)((s - (lua_Number)t.tv_sec) * 1e9);
  (void)nanosleep(&t, NULL);
  return 0;
}


/* -- Names --------------------------------------------------------------- */

static const char *kind_of(DIR *dir, const char *name) {
  struct stat st;
  if (fstatat(dirfd(dir), name, &st, 0) != 0)
    return "lost";
  return S_ISDIR(st.st_mode) ? "directory" : S_ISREG(st.st_mode) ? "file"
                                                                  : "other";
}


static int list_entries(lua_State *L) {
  DIR *dir = *(DIR **)lua_touserdata(L, 1);
  const struct dirent *e;
  lua_newtable(L);
  while ((e = readdir(dir)) != NULL) {
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
      continue;
    lua_pushstring(L, e->d_name);
    lua_pushstring(L, kind_of(dir, e->d_name));
    lua_rawset(L, -3);
  }
  return 1;
}


/*** What is in a directory.
@function zvm.host.entries
@tparam string path
@treturn[1] table name → `"file"`, `"directory"`, `"other"`, or `"lost"` of a
 link that leads nowhere
@treturn[2] nil
@treturn[2] string message
*/
static int entries(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  int wrong;
  DIR **dir;
  lua_pushcfunction(L, list_entries);
  dir = lua_newuserdata(L, sizeof(DIR *));
  *dir = opendir(path);
  if (*dir == NULL)
    return failed(L, path, errno);
  wrong = lua_pcall(L, 1, 1, 0);
  (void)closedir(*dir);
  return wrong != 0 ? lua_error(L) : 1;
}


static int compare(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}


/*** Strings without NUL bytes in the order of their bytes, whatever the locale.
@function zvm.host.sorted
@tparam table list
@treturn table another one
*/
static int sorted(lua_State *L) {
  size_t n, i;
  const char **list;
  luaL_checktype(L, 1, LUA_TTABLE);
  n = lua_objlen(L, 1);
  list = lua_newuserdata(L, (n + 1) * sizeof *list);
  for (i = 0; i < n; i++) { /* the strings stay in the table at 1 */
    lua_rawgeti(L, 1, (int)i + 1);
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 1, "strings expected");
    list[i] = lua_tostring(L, -1);
    lua_pop(L, 1);
  }
  qsort(list, n, sizeof *list, compare);
  lua_createtable(L, (int)n, 0);
  for (i = 0; i < n; i++) {
    lua_pushstring(L, list[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}


/* -- Files that get their names later ------------------------------------ */

/* The file that is at the end of all links of `path`; 0 or an errno. */
static int resolve(const char *path, char real[PATH_MAX], struct stat *st) {
  char link[32];
  int os = 0, fd = open(path, O_PATH | O_CLOEXEC);
  ssize_t n;
  if (fd < 0)
    return errno;
  (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  n = readlink(link, real, PATH_MAX - 1);
  if (n < 0 || fstat(fd, st) != 0)
    os = errno;
  real[n < 0 ? 0 : n] = '\0';
  (void)close(fd);
  return os;
}


/* The name of a new file in the directory of `real`. */
static int make_beside(lua_State *L, const char *real, mode_t mode) {
  static const char name[] = ".zvm-XXXXXX";
  char temporary[PATH_MAX];
  const char *slash = strrchr(real, '/');
  size_t dir = slash == NULL ? 0 : (size_t)(slash - real) + 1;
  int fd;
  if (dir + sizeof name > sizeof temporary)
    return failed(L, real, ENAMETOOLONG);
  memcpy(temporary, real, dir);
  memcpy(temporary + dir, name, sizeof name);
  fd = mkostemp(temporary, O_CLOEXEC);
  if (fd < 0)
    return failed(L, real, errno);
  (void)fchmod(fd, mode);
  (void)close(fd);
  lua_pushstring(L, real);
  lua_pushstring(L, temporary);
  return 2;
}


/*** Make an empty file beside another one, whose name it can be given.
@function zvm.host.beside
@tparam string path
@treturn[1] string where `path` leads to
@treturn[1] ?string the new file, of the same permissions; nil if `path` is
 there and no regular file
@treturn[2] nil
@treturn[2] string message
*/
static int beside(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  char real[PATH_MAX];
  struct stat st = {0}, link;
  int os = resolve(path, real, &st);
  mode_t mask;
  if (os == 0 && S_ISREG(st.st_mode))
    return make_beside(L, real, st.st_mode & 07777);
  if (os == 0) {
    if (S_ISDIR(st.st_mode))
      return failed(L, path, EISDIR);
    lua_pushstring(L, path);
    return 1;
  }
  if (os != ENOENT || lstat(path, &link) == 0)
    return failed(L, path, os); /* the link leads nowhere */
  mask = umask(0);
  (void)umask(mask);
  return make_beside(L, path, 0666 & ~mask);
}


/* -- Signals that stop runs ---------------------------------------------- */

static const int stops[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { STOPS = sizeof stops / sizeof stops[0] };

static struct {
  unsigned depth;
  volatile sig_atomic_t signal;
  struct sigaction before[STOPS];
} held;


static void keep(int sig) {
  held.signal = sig;
}


/*** Signals that stop runs do nothing to the host until release_stops.
@function zvm.host.hold_stops
*/
static int hold_stops(lua_State *L) {
  struct sigaction action = {.sa_handler = keep};
  (void)L;
  if (held.depth++ > 0)
    return 0;
  held.signal = 0;
  (void)sigemptyset(&action.sa_mask);
  for (int i = 0; i < STOPS; i++) {
    (void)sigaction(stops[i], NULL, &held.before[i]);
    if (held.before[i].sa_handler != SIG_IGN)
      (void)sigaction(stops[i], &action, NULL);
  }
  return 0;
}


/*** The signal that was held.
@function zvm.host.stopped
@treturn ?number
*/
static int stopped(lua_State *L) {
  if (held.depth == 0 || held.signal == 0)
    return 0;
  lua_pushnumber(L, held.signal);
  return 1;
}


/*** The host's again; one that was held comes now.
@function zvm.host.release_stops
*/
static int release_stops(lua_State *L) {
  (void)L;
  if (held.depth == 0 || --held.depth > 0)
    return 0;
  for (int i = 0; i < STOPS; i++)
    if (held.before[i].sa_handler != SIG_IGN)
      (void)sigaction(stops[i], &held.before[i], NULL);
  if (held.signal != 0)
    (void)raise(held.signal);
  return 0;
}


static const luaL_Reg functions[] = {
  {"beside", beside},
  {"entries", entries},
  {"hold_stops", hold_stops},
  {"now", now},
  {"processors", processors},
  {"release_stops", release_stops},
  {"sleep", doze},
  {"sorted", sorted},
  {"stopped", stopped},
  {NULL, NULL},
};


void zvm__host_open(lua_State *L) {
  lua_createtable(L, 0, 24);
  zvm__setfuncs(L, functions);
  zvm__place_open(L);
  zvm__scratch_open(L);
  zvm__digester_open(L);
  zvm__matches_open(L);
  zvm__link_open(L);
  zvm__find_open(L);
}
