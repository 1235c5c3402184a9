/*
** lsave.c - zvm.save: files of a guest's, below a directory of the host.
**
** Names are the guest's choice: no part of one may lead out of the directory,
** so none is followed that is a symbolic link, whoever made it. A file takes
** its name when it is whole.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lrun.h"

/* A file to be written. */
typedef struct entry {
  const char *path;
  const char *data; /* NULL: a directory */
  size_t size;
  mode_t mode;
} entry;


/* -- Reading the table --------------------------------------------------- */

static bool read_data(zvm__options *o, int index, void *out) {
  entry *e = out;
  return zvm__options_bytes(o, index, &e->data, &e->size);
}


static bool read_mode(zvm__options *o, int index, void *out) {
  int64_t mode;
  if (!zvm__options_integer(o, index, 0, 07777, &mode))
    return false;
  ((entry *)out)->mode = (mode_t)(mode & 0777);
  return true;
}


static bool read_directory(zvm__options *o, int index, void *out) {
  return zvm__options_flag(o, index, out);
}


static bool read_description(zvm__options *o, int index, entry *e) {
  static const char *const known[] = {"data", "directory", "mode", NULL};
  bool directory = false;
  if (!zvm__options_table(o, index, known) ||
      !zvm__options_read(o, index, "data", read_data, e) ||
      !zvm__options_read(o, index, "mode", read_mode, e) ||
      !zvm__options_read(o, index, "directory", read_directory, &directory))
    return false;
  return (e->data != NULL) != directory ||
         zvm__options_fail(o, "one of data and directory expected");
}


static bool read_entry(zvm__options *o, int index, void *out) {
  entry *e = out;
  const char *wrong = zvm_path_fault(e->path);
  if (wrong == NULL && e->path[1] == '\0')
    wrong = "the root is no file";
  if (wrong != NULL)
    return zvm__options_fail(o, "%s", wrong);
  if (lua_type(o->L, index) == LUA_TSTRING)
    return read_data(o, index, e);
  if (!lua_istable(o->L, index))
    return zvm__options_mismatch(o, index, "string or table");
  return read_description(o, index, e);
}


static int compare(const void *a, const void *b) {
  return strcmp(((const entry *)a)->path, ((const entry *)b)->path);
}


/* Sorted: what is written first does not vary. */
static bool read_entries(zvm__options *o, int index, entry **out,
                         size_t *count) {
  lua_State *L = o->L;
  size_t room = 0, n = 0, i;
  entry *list;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1))
    room++;
  list = zvm__options_alloc(o, room + 1, sizeof *list);
  for (lua_pushnil(L); n < room && lua_next(L, index) != 0; n++) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
      return zvm__options_fail(o, "a file without a path");
    if (!zvm__options_text(o, lua_gettop(L), &list[n].path))
      return false;
    list[n].mode = 0666;
  }
  qsort(list, n, sizeof *list, compare);
  for (i = 0; i < n; i++)
    if (!zvm__options_read(o, index, list[i].path, read_entry, &list[i]))
      return false;
  *out = list;
  *count = n;
  return true;
}


/* -- Writing ------------------------------------------------------------- */

enum { DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

/* A directory of `at`, made if it is missing; -1: see errno. */
static int enter(int at, const char *name) {
  int fd = openat(at, name, DIRECTORY | O_NOFOLLOW);
  if (fd >= 0 || errno != ENOENT)
    return fd;
  if (mkdirat(at, name, 0777) != 0 && errno != EEXIST)
    return -1;
  return openat(at, name, DIRECTORY | O_NOFOLLOW);
}


static bool put_all(int fd, const char *data, size_t size) {
  while (size > 0) {
    ssize_t n = write(fd, data, size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return false;
    data += n;
    size -= (size_t)n;
  }
  return true;
}


/* A file of `at` that nobody else has; its name goes to `name`. */
static int make_temporary(int at, char name[64], mode_t mode) {
  static unsigned counter;
  int fd = -1, tries;
  for (tries = 0; tries < 100 && fd < 0; tries++) {
    snprintf(name, 64, ".zvm-save.%ld.%u", (long)getpid(), counter++);
    fd = openat(at, name,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0 && errno != EEXIST)
      break;
  }
  return fd;
}


static int write_file(int at, const char *name, const entry *e) {
  char temporary[64];
  int os = 0, fd = make_temporary(at, temporary, e->mode);
  if (fd < 0)
    return errno;
  if (!put_all(fd, e->data, e->size))
    os = errno;
  if (close(fd) != 0 && os == 0)
    os = errno;
  if (os == 0 && renameat(at, temporary, at, name) != 0)
    os = errno;
  if (os != 0)
    (void)unlinkat(at, temporary, 0);
  return os;
}


/* Below `root`; 0 or an errno. `path` is a copy, which is cut into names. */
static int save_entry(int root, char *path, const entry *e) {
  int at = root, next, os = 0;
  char *name = path + 1;
  for (;;) {
    size_t n = strcspn(name, "/");
    bool more = name[n] == '/';
    if (!more && (e->data != NULL || n == 0))
      break;
    name[n] = '\0';
    next = enter(at, name);
    os = next < 0 ? errno : 0;
    if (at != root)
      (void)close(at);
    at = next;
    if (os != 0)
      break;
    name += more ? n + 1 : n;
  }
  if (os == 0 && e->data != NULL)
    os = write_file(at, name, e);
  if (at >= 0 && at != root)
    (void)close(at);
  return os;
}


static const char *reason(int os) {
  if (os == ELOOP || os == ENOTDIR)
    return "a part of the path is a symbolic link, or no directory";
  return strerror(os);
}


/***
Write files below a directory, as `report.files` has them.

The directory is made if it is missing, and so are those on the way to each
file; none of them may be a symbolic link. A file that is there is replaced,
and is the old one until the new one is whole. What was written before a
failure stays.

@function zvm.save
@tparam string directory
@tparam table files path, which begins with `/` → bytes, or a table with
 `data` or `directory = true`, and maybe `mode`
@treturn[1] boolean true
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code
@usage assert(zvm.save("results", report.files))
*/
int zvm__save(lua_State *L) {
  const char *directory = luaL_checkstring(L, 1);
  zvm__options o;
  entry *list = NULL;
  size_t count = 0, i;
  int root, os = 0;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  luaL_checkstack(L, 20, "zvm.save");
  zvm__options_start(&o, L, "zvm.save");
  if (!read_entries(&o, 2, &list, &count))
    return zvm__failure_wrap(L, zvm_status_name(ZVM_E_OPTION));
  if (mkdir(directory, 0777) != 0 && errno != EEXIST)
    os = errno;
  root = os == 0 ? open(directory, DIRECTORY) : -1;
  if (root < 0) {
    lua_pushfstring(L, "zvm.save: %s: %s", directory,
                    strerror(os != 0 ? os : errno));
    return zvm__failure_wrap(L, zvm_status_name(ZVM_E_SYSTEM));
  }
  for (i = 0; i < count && os == 0; i++) {
    char path[4096];
    memcpy(path, list[i].path, strlen(list[i].path) + 1);
    os = save_entry(root, path, &list[i]);
  }
  (void)close(root);
  if (os != 0) {
    lua_pushfstring(L, "zvm.save: %s%s: %s", directory, list[i - 1].path,
                    reason(os));
    return zvm__failure_wrap(L, zvm_status_name(ZVM_E_SYSTEM));
  }
  lua_pushboolean(L, 1);
  return 1;
}
