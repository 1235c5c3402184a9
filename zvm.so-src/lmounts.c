/*
** lmounts.c - `images`, `files` and `collect`: each is a channel of its own,
** and what the guest's library does with it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <string.h>

#include "lrun.h"

#define COLLECT_BYTES ((int64_t)64 << 20)

/* What becomes of the three options while they are read. */
typedef struct draft {
  zvm__lrun *run;
  size_t images; /* how many there are, and paths: tables may change while */
  size_t paths;  /* others are read, and room is for these                 */
  zvm_mount_options *mounts;
  size_t count;
} draft;


/* Until here names and paths were only looked at: now they take effect. */
static bool add(zvm__options *o, draft *d, const zvm_channel_options *ch) {
  return zvm__channels_add(o, &d->run->channels, ch,
                           ch->alias + strlen("/dev/"));
}


static void mount(draft *d, int kind, const char *channel, const char *path) {
  zvm_mount_options *m = &d->mounts[d->count++];
  m->kind = kind;
  m->channel = channel;
  m->path = path;
}


/* -- Images -------------------------------------------------------------- */

static void set_image(zvm_channel_options *ch) {
  ch->type = ZVM_TYPE_RGET_SPUT;
  ch->mode = ZVM_MODE_READ;
  ch->limits[ZVM_LIMIT_GETS] = ZVM_UNLIMITED;
  ch->limits[ZVM_LIMIT_GET_SIZE] = ZVM_UNLIMITED;
}


static bool read_image(zvm__options *o, int index, draft *d,
                       const char *alias) {
  static const char *const known[] = {
    "path", "file", "data", "string", "fd", "uri", "at", "limits",
    "on_limit", "etag", NULL,
  };
  zvm_channel_options ch;
  const char *at = "/";
  memset(&ch, 0, sizeof ch);
  ch.alias = alias;
  set_image(&ch);
  if (lua_istable(o->L, index)) {
    if (!zvm__options_table(o, index, known) ||
        !zvm__image_source_read(o, index, &ch) ||
        !zvm__options_read(o, index, "at", zvm__path_read, &at) ||
        !zvm__limits_read(o, index, &ch) ||
        !zvm__options_read(o, index, "etag", zvm__etag_read, &ch.etag))
      return false;
  } else if (lua_type(o->L, index) == LUA_TSTRING) {
    if (!zvm__image_source_read(o, index, &ch))
      return false;
  } else {
    return zvm__options_mismatch(o, index, "path or table");
  }
  mount(d, ZVM_MOUNT_IMAGE, alias, at);
  return add(o, d, &ch);
}


static bool read_images(zvm__options *o, int index, void *out) {
  size_t i;
  for (i = 1; i <= ((draft *)out)->images; i++) {
    char place[24];
    const char *alias;
    size_t mark;
    snprintf(place, sizeof place, "%zu", i);
    alias = lua_pushfstring(o->L, "/dev/image-%s", place);
    zvm__options_keep(o);
    lua_rawgeti(o->L, index, (int)i);
    mark = zvm__options_enter(o, place);
    if (!read_image(o, lua_gettop(o->L), out, alias))
      return false;
    zvm__options_leave(o, mark);
    lua_pop(o->L, 1);
  }
  return true;
}


/* -- Files --------------------------------------------------------------- */

static bool read_files(zvm__options *o, int index, void *out) {
  const char *bytes;
  zvm_channel_options ch;
  memset(&ch, 0, sizeof ch);
  ch.alias = "/dev/files";
  ch.source = ZVM_SOURCE_MEMORY;
  set_image(&ch);
  if (!zvm__files_pack(o, index, &bytes, &ch.size))
    return false;
  ch.data = bytes;
  mount(out, ZVM_MOUNT_IMAGE, ch.alias, "/");
  return add(o, out, &ch);
}


/* -- Collect ------------------------------------------------------------- */

static bool read_limit(zvm__options *o, int index, void *out) {
  return zvm__options_limit(o, index, out);
}


/* A list of `n`, which may have `put_bytes` as well. */
static bool check_list(zvm__options *o, int index, size_t n) {
  lua_State *L = o->L;
  size_t keys = 0;
  char shown[ZVM__SHOWN_MAX];
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    size_t len;
    const char *key;
    if (lua_type(L, -2) != LUA_TSTRING) {
      keys++;
      continue;
    }
    key = lua_tolstring(L, -2, &len);
    if (strcmp(key, "put_bytes") == 0 && len == strlen("put_bytes"))
      continue;
    zvm__options_show(shown, key, len);
    return zvm__options_fail(o, "unknown option \"%s\"; did you mean "
                             "\"put_bytes\"?", shown);
  }
  return (n > 0 && keys == n) ||
         zvm__options_fail(o, "list of paths expected, got %s",
                           keys == 0 ? "none" : "holes in it");
}


static bool read_collected(zvm__options *o, int index, draft *d, size_t i) {
  size_t first = d->count - (i - 1), k, mark;
  char place[24];
  const char *path;
  snprintf(place, sizeof place, "%zu", i);
  lua_rawgeti(o->L, index, (int)i);
  mark = zvm__options_enter(o, place);
  if (!zvm__path_read(o, lua_gettop(o->L), &path))
    return false;
  for (k = first; k < d->count; k++)
    if (strcmp(d->mounts[k].path, path) == 0)
      return zvm__options_fail(o, "path is given twice");
  zvm__options_leave(o, mark);
  lua_pop(o->L, 1);
  mount(d, ZVM_MOUNT_EXPORT, "/dev/collect", path);
  return true;
}


static bool read_collect(zvm__options *o, int index, void *out) {
  draft *d = out;
  size_t i;
  zvm_channel_options ch;
  memset(&ch, 0, sizeof ch);
  ch.alias = "/dev/collect";
  ch.source = ZVM_SOURCE_BUFFER;
  ch.mode = ZVM_MODE_WRITE;
  ch.limits[ZVM_LIMIT_PUTS] = ZVM_UNLIMITED;
  ch.limits[ZVM_LIMIT_PUT_SIZE] = COLLECT_BYTES;
  if (!zvm__options_read(o, index, "put_bytes", read_limit,
                         &ch.limits[ZVM_LIMIT_PUT_SIZE]) ||
      !check_list(o, index, d->paths))
    return false;
  for (i = 1; i <= d->paths; i++)
    if (!read_collected(o, index, d, i))
      return false;
  if (!zvm__tar_push(o, "unpack"))
    return false;
  zvm__options_keep(o);
  d->run->unpack = o->kept;
  return add(o, d, &ch);
}


/* -- All of them --------------------------------------------------------- */

static bool count_list(zvm__options *o, int index, void *out) {
  if (!lua_istable(o->L, index))
    return zvm__options_mismatch(o, index, "table");
  *(size_t *)out = lua_objlen(o->L, index);
  if (*(size_t *)out > ZVM_MOUNTS_MAX)
    return zvm__options_fail(o, "at most %d expected", ZVM_MOUNTS_MAX);
  return true;
}


static bool count_images(zvm__options *o, int index, void *out) {
  if (!count_list(o, index, out))
    return false;
  return zvm__is_list(o->L, index) ||
         zvm__options_fail(o, "list of images expected, got holes or names "
                           "in it");
}


bool zvm__mounts_read(zvm__options *o, int index, zvm__lrun *out) {
  draft d = {out, 0, 0, NULL, 0};
  if (!zvm__options_given(o, index, "images") &&
      !zvm__options_given(o, index, "files") &&
      !zvm__options_given(o, index, "collect"))
    return true;
  if (!zvm__options_read(o, index, "images", count_images, &d.images) ||
      !zvm__options_read(o, index, "collect", count_list, &d.paths))
    return false;
  zvm__channels_grow(o, &out->channels, d.images + 2);
  d.mounts = zvm__options_alloc(o, d.images + 1 + d.paths, sizeof *d.mounts);
  if (!zvm__options_read(o, index, "images", read_images, &d) ||
      !zvm__options_read(o, index, "files", read_files, &d) ||
      !zvm__options_read(o, index, "collect", read_collect, &d))
    return false;
  out->options.mounts = d.mounts;
  out->options.mounts_count = d.count;
  return true;
}
