/*
** mounts.c - check what the options say to the guest's library.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "mounts.h"

#include <string.h>

#include "channel/open.h"

enum { PATH_MOST = 4095, NAME_MOST = 255 };


const char *zvm_path_fault(const char *path) {
  if (strlen(path) > PATH_MOST)
    return "path is longer than 4095 bytes";
  if (path[0] != '/')
    return "path is not absolute";
  if (path[1] == '\0')
    return NULL;
  for (const char *p = path; *p == '/';) {
    size_t n = strcspn(p + 1, "/");
    if (n == 0)
      return "path has an empty part";
    if ((n == 1 && p[1] == '.') || (n == 2 && p[1] == '.' && p[2] == '.'))
      return "path has a part that is . or ..";
    if (n > NAME_MOST)
      return "path has a part of more than 255 bytes";
    p += 1 + n;
  }
  return NULL;
}


/* stdin, stdout and stderr are there without being asked for, as streams. */
static bool is_standard(const char *alias, zvm_channel_options *out) {
  bool in = strcmp(alias, "/dev/stdin") == 0;
  if (!in && strcmp(alias, "/dev/stdout") != 0 &&
      strcmp(alias, "/dev/stderr") != 0)
    return false;
  *out = (zvm_channel_options){.alias = alias};
  int first = in ? ZVM_LIMIT_GETS : ZVM_LIMIT_PUTS;
  out->limits[first] = out->limits[first + 1] = ZVM_UNLIMITED;
  return true;
}


static bool find_channel(const zvm_session_options *opt, const char *alias,
                         zvm_channel_options *out) {
  for (size_t i = 0; i < opt->channels_count; i++)
    if (opt->channels != NULL && opt->channels[i].alias != NULL &&
        strcmp(opt->channels[i].alias, alias) == 0) {
      *out = opt->channels[i];
      if (out->source == ZVM_SOURCE_URI)
        (void)zvm_uri_resolve(out, NULL); /* is refused when it is opened */
      return true;
    }
  return is_standard(alias, out);
}


/* NULL if a mount of that kind can use the channel, else why not. */
static const char *check_use(int kind, const zvm_channel_options *o) {
  zvm__rights r = zvm__channel_rights(o);
  switch (kind) {
  case ZVM_MOUNT_IMAGE:
    if (o->type != ZVM_TYPE_RGET_SPUT && o->type != ZVM_TYPE_RGET_RPUT)
      return "an image is read at random: its type must be 1 or 3";
    if (!r.get || o->limits[ZVM_LIMIT_GETS] == 0 ||
        o->limits[ZVM_LIMIT_GET_SIZE] == 0)
      return "an image must be readable";
    return NULL;
  case ZVM_MOUNT_EXPORT:
    if (!r.put || o->limits[ZVM_LIMIT_PUTS] == 0 ||
        o->limits[ZVM_LIMIT_PUT_SIZE] == 0)
      return "what is exported to must be writable";
    return NULL;
  default:
    return "unknown kind of mount";
  }
}


static zvm_status check_mount(const zvm_session_options *opt, size_t i,
                              zvm_error *err) {
  const zvm_mount_options *m = &opt->mounts[i];
  zvm_channel_options channel;
  if (m->channel == NULL || m->path == NULL)
    return zvm__fail(err, ZVM_E_OPTION, "mount %zu: no %s", i + 1,
                     m->channel == NULL ? "channel" : "path");
  const char *wrong = zvm_path_fault(m->path);
  if (wrong != NULL)
    return zvm__fail(err, ZVM_E_OPTION, "mount %zu: %s: \"%.80s\"", i + 1,
                     wrong, m->path);
  if (!find_channel(opt, m->channel, &channel))
    return zvm__fail(err, ZVM_E_OPTION,
                     "mount %zu: there is no channel %.80s", i + 1,
                     m->channel);
  wrong = check_use(m->kind, &channel);
  if (wrong != NULL)
    return zvm__fail(err, ZVM_E_OPTION, "mount %zu: channel %.80s: %s", i + 1,
                     m->channel, wrong);
  return ZVM_OK;
}


zvm_status zvm__mounts_check(const zvm_session_options *opt,
                             zvm_error *err) {
  const char *wrong =
      opt->directory != NULL ? zvm_path_fault(opt->directory) : NULL;
  if (wrong != NULL)
    return zvm__fail(err, ZVM_E_OPTION, "directory: %s: \"%.80s\"", wrong,
                     opt->directory);
  if (opt->clock_ns != ZVM_CLOCK_1970 &&
      (opt->clock_ns < 0 || opt->clock_ns > ZVM_CLOCK_MAX))
    return zvm__fail(err, ZVM_E_OPTION,
                     "clock: %lld ns since 1970; at least 0, at most %lld",
                     (long long)opt->clock_ns, (long long)ZVM_CLOCK_MAX);
  if (opt->mounts_count > ZVM_MOUNTS_MAX)
    return zvm__fail(err, ZVM_E_OPTION, "%zu mounts; at most %d",
                     opt->mounts_count, ZVM_MOUNTS_MAX);
  if (opt->mounts_count > 0 && opt->mounts == NULL)
    return zvm__fail(err, ZVM_E_OPTION, "mounts are missing");
  for (size_t i = 0; i < opt->mounts_count; i++) {
    zvm_status st = check_mount(opt, i, err);
    if (st != ZVM_OK)
      return st;
  }
  return ZVM_OK;
}
