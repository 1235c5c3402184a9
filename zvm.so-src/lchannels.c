/*
** lchannels.c - the `channels` table: names, aliases, and what is left out.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <string.h>

#include "lchannel.h"

/* -- Names --------------------------------------------------------------- */

typedef struct entry {
  const char *alias;
  const char *name;
} entry;


static int compare_entries(const void *a, const void *b) {
  const entry *x = a, *y = b;
  int c = strcmp(x->alias, y->alias);
  return c != 0 ? c : strcmp(x->name, y->name);
}


/* The key on top of the stack, popped, becomes an entry. */
static bool read_name(zvm__options *o, entry *out) {
  lua_State *L = o->L;
  const char *name;
  char shown[ZVM__SHOWN_MAX];
  if (lua_type(L, -1) != LUA_TSTRING)
    return zvm__options_fail(o, "a channel without a name");
  if (!zvm__options_text(o, lua_gettop(L), &name))
    return false;
  lua_pop(L, 1);
  out->name = name;
  out->alias = name;
  if (name[0] == '/')
    return true;
  if (name[0] == '\0' || strchr(name, '/') != NULL) {
    zvm__options_show(shown, name, strlen(name));
    return zvm__options_fail(o, "\"%s\" is neither a name without a slash "
                             "nor an absolute path", shown);
  }
  out->alias = lua_pushfstring(L, "/dev/%s", name);
  zvm__options_keep(o);
  return true;
}


static size_t count_keys(lua_State *L, int index) {
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1))
    n++;
  return n;
}


static bool has_alias(const entry *list, size_t n, const char *alias) {
  size_t i;
  for (i = 0; i < n; i++)
    if (strcmp(list[i].alias, alias) == 0)
      return true;
  return false;
}


static bool read_table_names(zvm__options *o, int index, size_t room,
                             entry *list, size_t *count) {
  lua_State *L = o->L;
  size_t n = 0;
  for (lua_pushnil(L); n < room && lua_next(L, index) != 0; n++) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    if (!read_name(o, &list[n]))
      return false;
  }
  *count = n;
  return true;
}


/*
** The entries of the table at `index`, or of none if that is 0, and the
** standard channels left out. Allocation may run finalizers, which may add
** keys: the room is what counts, not the table.
*/
static bool read_names(zvm__options *o, int index, entry **out,
                       size_t *count) {
  /* In the order of aliases, which is that of the list. */
  static const char *const standard[][2] = {
    {"/dev/stderr", "stderr"},
    {"/dev/stdin", "stdin"},
    {"/dev/stdout", "stdout"},
  };
  size_t room = index != 0 ? count_keys(o->L, index) : 0;
  size_t n = 0, i;
  entry *list = zvm__options_alloc(o, room + 3, sizeof *list);
  if (room > 0 && !read_table_names(o, index, room, list, &n))
    return false;
  for (i = 0; i < 3; i++)
    if (!has_alias(list, n, standard[i][0])) {
      list[n].alias = standard[i][0];
      list[n++].name = standard[i][1];
    }
  if (room > 0)
    qsort(list, n, sizeof *list, compare_entries);
  *out = list;
  *count = n;
  return true;
}


/* -- The table ----------------------------------------------------------- */

bool zvm__channels_read(zvm__options *o, int index, zvm__channels *out) {
  entry *entries;
  size_t i;
  if (index != 0 && !lua_istable(o->L, index))
    return zvm__options_mismatch(o, index, "table");
  if (!read_names(o, index, &entries, &out->count))
    return false;
  out->list = zvm__options_alloc(o, out->count, sizeof *out->list);
  out->names = zvm__options_alloc(o, out->count, sizeof *out->names);
  for (i = 0; i < out->count; i++) {
    if (i > 0 && strcmp(entries[i].alias, entries[i - 1].alias) == 0)
      return zvm__options_fail(o, "\"%s\" and \"%s\" are the same channel",
                               entries[i - 1].name, entries[i].name);
    out->names[i] = entries[i].name;
    out->list[i].alias = entries[i].alias;
    if (!zvm__channel_read(o, index, entries[i].name, &out->list[i]))
      return false;
  }
  return true;
}


void zvm__channels_grow(zvm__options *o, zvm__channels *chs, size_t count) {
  size_t room = chs->count + count;
  zvm_channel_options *list = zvm__options_alloc(o, room, sizeof *list);
  const char **names = zvm__options_alloc(o, room, sizeof *names);
  memcpy(list, chs->list, chs->count * sizeof *list);
  memcpy(names, chs->names, chs->count * sizeof *names);
  chs->list = list;
  chs->names = names;
}


bool zvm__channels_add(zvm__options *o, zvm__channels *chs,
                       const zvm_channel_options *ch, const char *name) {
  size_t i = chs->count, k;
  while (i > 0 && strcmp(chs->list[i - 1].alias, ch->alias) > 0)
    i--;
  if (i > 0 && strcmp(chs->list[i - 1].alias, ch->alias) == 0)
    return zvm__options_fail(o, "there is a channel \"%s\" already",
                             ch->alias);
  for (k = chs->count++; k > i; k--) {
    chs->list[k] = chs->list[k - 1];
    chs->names[k] = chs->names[k - 1];
  }
  chs->list[i] = *ch;
  chs->names[i] = name;
  return true;
}


size_t zvm__channels_find(const zvm__channels *chs, const char *alias) {
  size_t low = 0, high = chs->count;
  while (low + 1 < high) {
    size_t middle = (low + high) / 2;
    if (strcmp(chs->list[middle].alias, alias) <= 0)
      low = middle;
    else
      high = middle;
  }
  return low;
}
