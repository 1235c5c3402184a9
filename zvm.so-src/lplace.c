/*
** lplace.c - zvm.host, the rest of it: directories of this user's own, what is
** at a path, how wide a terminal is.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "laux.h"

static int failed(lua_State *L, const char *path, const char *why,
                  const char *code) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", path, why);
  lua_pushstring(L, code);
  return 3;
}


/* A new directory is this user's, whatever the umask is. */
static int open_own(const char *path) {
  enum { HOW = O_RDONLY | O_DIRECTORY | O_CLOEXEC };
  int dir = open(path, HOW);
  if (dir < 0 && errno == ENOENT &&
      (mkdir(path, 0700) == 0 || errno == EEXIST)) /* another was faster */
    dir = open(path, HOW);
  return dir;
}


/*** Make sure that a directory is there that nobody but this user and root can
write: it is made if it is missing.
@function zvm.host.own
@tparam string path
@treturn[1] boolean true
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `"SYSTEM"`, or `"OPTION"` if others can write it
*/
static int own(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct stat st;
  int os = 0, dir = open_own(path);
  if (dir < 0)
    return failed(L, path, strerror(errno), "SYSTEM");
  if (fstat(dir, &st) != 0)
    os = errno;
  (void)close(dir);
  if (os != 0)
    return failed(L, path, strerror(os), "SYSTEM");
  if ((st.st_uid != geteuid() && st.st_uid != 0) ||
      (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return failed(L, path,
                  "others may write it; give it to this user, "
                  "mode 0700",
                  "OPTION");
  lua_pushboolean(L, 1);
  return 1;
}


/*** What is at a path, at the end of links.
@function zvm.host.kind
@tparam string path
@treturn[1] string `"file"`, `"directory"` or `"other"`
@treturn[1] number its size
@treturn[1] string what is another one when its content is, as far as the file
 system tells
@treturn[2] nil
@treturn[2] string message
*/
static int kind(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  char stamp[160];
  struct stat st;
  if (stat(path, &st) != 0)
    return failed(L, path, strerror(errno), "SYSTEM");
  lua_pushstring(L, S_ISREG(st.st_mode)   ? "file"
                    : S_ISDIR(st.st_mode) ? "directory"
                                          : "other");
  lua_pushnumber(L, (lua_Number)st.st_size);
  (void)snprintf(stamp, sizeof stamp, "%jx:%jx:%jd:%jd.%09ld:%jd.%09ld",
                 (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
                 (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
                 st.st_mtim.tv_nsec, (intmax_t)st.st_ctim.tv_sec,
                 st.st_ctim.tv_nsec);
  lua_pushstring(L, stamp);
  return 3;
}


/*** How many columns the terminal has that standard error goes to.
@function zvm.host.columns
@treturn ?number nil if it goes to none; 80 if it does not say
*/
static int columns(lua_State *L) {
  struct winsize size;
  if (!isatty(STDERR_FILENO))
    return 0;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    size.ws_col = 80;
  lua_pushnumber(L, size.ws_col);
  return 1;
}


static const luaL_Reg functions[] = {
  {"columns", columns},
  {"kind", kind},
  {"own", own},
  {NULL, NULL},
};


/* Into the table on top of the stack. */
void zvm__place_open(lua_State *L) {
  zvm__setfuncs(L, functions);
}
