/*
** manifest.c - write the user manifest for its place in the guest.
**
**   zvm_abi_manifest | zvm_abi_channel[] | argv[] | envp[] |
**   zvm_abi_mount[] | strings
**
** It starts a page, so that the channels' 64-bit numbers are aligned, and
** it depends on nothing but the session's options and the module.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "mounts.h"

enum {
  CHANNELS_AT = 64, /* behind the manifest      */
  POINTER = 4,      /* bytes of a guest pointer */
};

_Static_assert(CHANNELS_AT >= sizeof(zvm_abi_manifest) &&
                   CHANNELS_AT % _Alignof(zvm_abi_channel) == 0,
               "place of the channel table");

typedef struct strings {
  uint32_t count;
  uint64_t bytes; /* terminators included */
} strings;

typedef struct writer {
  uint8_t *bytes;
  uint32_t base;  /* guest address of bytes[0] */
  size_t text_at; /* next string               */
} writer;


static strings measure(const char *const *list) {
  strings s = {0};
  for (; list != NULL && list[s.count] != NULL; s.count++)
    s.bytes += strlen(list[s.count]) + 1;
  return s;
}


static uint32_t put_string(writer *w, const char *s) {
  size_t len = strlen(s) + 1;
  memcpy(w->bytes + w->text_at, s, len);
  uint32_t addr = w->base + (uint32_t)w->text_at;
  w->text_at += len;
  return addr;
}


/* The list's terminator is there already: the block starts as zeros. */
static void put_list(writer *w, size_t at, const char *const *list,
                     uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t addr = put_string(w, list[i]);
    memcpy(w->bytes + at + i * POINTER, &addr, sizeof addr);
  }
}


static void put_channels(writer *w, const zvm__channels *channels) {
  for (unsigned i = 0; i < channels->count; i++) {
    const zvm__channel *ch = &channels->list[i];
    zvm_abi_channel out = {.type = (uint32_t)ch->type};
    memcpy(out.limits, ch->limits, sizeof out.limits);
    if (zvm__channel_gets_random(ch))
      out.size = ch->base_size;
    out.name = put_string(w, ch->alias);
    memcpy(w->bytes + CHANNELS_AT + i * sizeof out, &out, sizeof out);
  }
}


static uint64_t alias_bytes(const zvm__channels *channels) {
  uint64_t n = 0;
  for (unsigned i = 0; i < channels->count; i++)
    n += strlen(channels->list[i].alias) + 1;
  return n;
}


/* The handle of a channel that is there: zvm__mounts_check has seen to it. */
static uint32_t handle_of(const zvm__channels *channels, const char *alias) {
  unsigned i = 0;
  while (i < channels->count && strcmp(channels->list[i].alias, alias) != 0)
    i++;
  ZVM_CHECK(i < channels->count);
  return i;
}


static void put_mounts(writer *w, size_t at, const zvm__channels *channels,
                       const zvm_session_options *opt) {
  for (size_t i = 0; i < opt->mounts_count; i++) {
    zvm_abi_mount out = {
        .kind = (uint32_t)opt->mounts[i].kind,
        .channel = handle_of(channels, opt->mounts[i].channel),
        .path = put_string(w, opt->mounts[i].path),
    };
    memcpy(w->bytes + at + i * sizeof out, &out, sizeof out);
  }
}


static const char *directory_of(const zvm_session_options *opt) {
  return opt->directory != NULL ? opt->directory : "/";
}


static uint64_t mount_bytes(const zvm_session_options *opt) {
  uint64_t n = strlen(directory_of(opt)) + 1;
  for (size_t i = 0; i < opt->mounts_count; i++)
    n += strlen(opt->mounts[i].path) + 1;
  return n;
}


static int64_t clock_of(const zvm_session_options *opt) {
  if (opt->clock_ns == ZVM_CLOCK_1970)
    return 0;
  return opt->clock_ns != 0 ? opt->clock_ns : ZVM_CLOCK_START;
}


zvm_status zvm__manifest_check(const zvm_session_options *opt,
                               zvm_error *err) {
  strings args = measure(opt->args);
  strings env = measure(opt->env);
  /* Each string costs its pointer too, so that empty ones are bounded. */
  uint64_t vectors = ((uint64_t)args.count + env.count + 2) * POINTER;
  if (args.bytes + env.bytes + vectors > ZVM__STRINGS_MAX)
    return zvm__fail(err, ZVM_E_OPTION,
                     "args and env take %llu bytes; at most %d",
                     (unsigned long long)(args.bytes + env.bytes + vectors),
                     ZVM__STRINGS_MAX);
  return zvm__mounts_check(opt, err);
}


/* Where the parts lie, by which all is measured; text comes last. */
typedef struct places {
  size_t argv, envp, mounts, text;
} places;

static places plan(const zvm__channels *channels, uint32_t args,
                   uint32_t env, size_t mounts) {
  places p;
  p.argv = CHANNELS_AT + channels->count * sizeof(zvm_abi_channel);
  p.envp = p.argv + (args + 1) * POINTER;
  p.mounts = p.envp + (env + 1) * POINTER;
  p.text = p.mounts + mounts * sizeof(zvm_abi_mount);
  return p;
}


zvm_status zvm__manifest_make(zvm__manifest *out, zvm__map *map,
                              const zvm__channels *channels,
                              const zvm_session_options *opt,
                              zvm_error *err) {
  strings args = measure(opt->args);
  strings env = measure(opt->env);
  places at = plan(channels, args.count, env.count, opt->mounts_count);
  out->size = at.text + alias_bytes(channels) + args.bytes + env.bytes +
              mount_bytes(opt);
  out->bytes = calloc(1, out->size);
  if (out->bytes == NULL)
    return zvm__fail(err, ZVM_E_NOMEM, "not enough memory for the manifest");

  zvm__map_plan_manifest(map, out->size + sizeof(uint32_t));
  writer w = {out->bytes, map->manifest_start, at.text};
  zvm_abi_manifest head = {
      .heap_ptr = map->heap_start,
      .heap_size = map->heap_end - map->heap_start,
      .stack_size = -map->stack_base, /* up to 4 GiB */
      .channels_count = (int32_t)channels->count,
      .channels = w.base + CHANNELS_AT,
      .abi_version = ZVM_ABI_VERSION,
      .argc = args.count,
      .argv = w.base + (uint32_t)at.argv,
      .envp = w.base + (uint32_t)at.envp,
      .mounts_count = (uint32_t)opt->mounts_count,
      .mounts = w.base + (uint32_t)at.mounts,
      .clock = clock_of(opt),
      .seed = opt->seed != 0 ? opt->seed : ZVM_SEED,
  };
  head.directory = put_string(&w, directory_of(opt));
  memcpy(w.bytes, &head, sizeof head);
  put_channels(&w, channels);
  put_list(&w, at.argv, opt->args, args.count);
  put_list(&w, at.envp, opt->env, env.count);
  put_mounts(&w, at.mounts, channels, opt);
  ZVM_CHECK(w.text_at == out->size);
  return ZVM_OK;
}


void zvm__manifest_free(zvm__manifest *manifest) {
  free(manifest->bytes);
  *manifest = (zvm__manifest){0};
}
