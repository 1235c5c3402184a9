/*
** manifest.c - write the user manifest for its place in the guest.
**
**   zvm_abi_manifest | zvm_abi_channel[] | argv[] | envp[] | strings
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

enum {
  CHANNELS_AT = 64, /* behind the manifest */
  POINTER = 4,      /* bytes of a guest pointer                 */
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
  return ZVM_OK;
}


zvm_status zvm__manifest_make(zvm__manifest *out, zvm__map *map,
                              const zvm__channels *channels,
                              const zvm_session_options *opt,
                              zvm_error *err) {
  strings args = measure(opt->args);
  strings env = measure(opt->env);
  const char *directory = "/";
  size_t argv_at = CHANNELS_AT + channels->count * sizeof(zvm_abi_channel);
  size_t envp_at = argv_at + (args.count + 1) * POINTER;
  size_t text_at = envp_at + (env.count + 1) * POINTER;
  out->size = text_at + alias_bytes(channels) + args.bytes + env.bytes +
              strlen(directory) + 1;
  out->bytes = calloc(1, out->size);
  if (out->bytes == NULL)
    return zvm__fail(err, ZVM_E_NOMEM, "not enough memory for the manifest");

  zvm__map_plan_manifest(map, out->size + sizeof(uint32_t));
  writer w = {out->bytes, map->manifest_start, text_at};
  zvm_abi_manifest head = {
      .heap_ptr = map->heap_start,
      .heap_size = map->heap_end - map->heap_start,
      .stack_size = -map->stack_base, /* up to 4 GiB */
      .channels_count = (int32_t)channels->count,
      .channels = w.base + CHANNELS_AT,
      .abi_version = ZVM_ABI_VERSION,
      .argc = args.count,
      .argv = w.base + (uint32_t)argv_at,
      .envp = w.base + (uint32_t)envp_at,
      .clock = ZVM_CLOCK_START,
      .seed = ZVM_SEED,
  };
  head.directory = put_string(&w, directory);
  memcpy(w.bytes, &head, sizeof head);
  put_channels(&w, channels);
  put_list(&w, argv_at, opt->args, args.count);
  put_list(&w, envp_at, opt->env, env.count);
  ZVM_CHECK(w.text_at == out->size);
  return ZVM_OK;
}


void zvm__manifest_free(zvm__manifest *manifest) {
  free(manifest->bytes);
  *manifest = (zvm__manifest){0};
}
