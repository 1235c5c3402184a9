/*
** path.c - what a path names.
**
** The working directory is always "/". The only files are the channels,
** each under its alias, and /dev/null; the only directories are those
** that an alias runs through.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <limits.h>
#include <string.h>

#include "sys.h"

/*
** Resolve ".", ".." and repeated slashes. Returns the length, 0 for "/".
** `out` holds PATH_MAX bytes.
*/
static int normalise(char *out, const char *path) {
  int len = 0;
  while (*path) {
    const char *end = path + strcspn(path, "/");
    int n = (int)(end - path);
    if (n == 2 && path[0] == '.' && path[1] == '.') {
      while (len && out[--len] != '/') continue;
    } else if (n && !(n == 1 && path[0] == '.')) {
      if (len + n + 2 > PATH_MAX) return -ENAMETOOLONG;
      out[len++] = '/';
      memcpy(out + len, path, n);
      len += n;
    }
    path = *end ? end + 1 : end;
  }
  out[len] = 0;
  return len;
}

int __zvm_resolve(const char *path) {
  const struct UserManifest *m = MANIFEST;
  char name[PATH_MAX];
  bool is_dir = false;
  int len;
  if (!*path) return PATH_MISSING;
  len = normalise(name, path);
  if (len < 0) return PATH_ERROR + len;
  if (len == 0) return PATH_DIR;
  for (int i = 0; i < m->channels_count; i++) {
    const char *alias = m->channels[i].name;
    if (strncmp(alias, name, len)) continue;
    if (!alias[len]) {
      bool slash = path[strlen(path) - 1] == '/';
      return slash ? PATH_ERROR - ENOTDIR : i;
    }
    if (alias[len] == '/') is_dir = true;
  }
  if (is_dir) return PATH_DIR;
  return strcmp(name, "/dev/null") ? PATH_MISSING : CHANNEL_NULL;
}
