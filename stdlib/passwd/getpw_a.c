/*
** getpw_a.c - the one user, as if /etc/passwd had a line for it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "../pwf.h"

#define USER 1000 /* as sys/identity.c has it */

/* Name, password, comment, directory, shell; callers own the copy. */
static const char text[] = "guest\0x\0\0/home/guest\0";
enum { PASSWORD = 6, COMMENT = 8, DIRECTORY = 9, SHELL = 21 };

int __getpw_a(const char *name, uid_t uid, struct passwd *pw, char **buf,
              size_t *size, struct passwd **res) {
  char *line;
  *res = NULL;
  if (name ? strcmp(name, text) != 0 : uid != USER) return 0;
  if (!(line = realloc(*buf, sizeof text))) return errno = ENOMEM;
  memcpy(line, text, sizeof text);
  *buf = line;
  *size = sizeof text;
  *pw = (struct passwd){
    .pw_name = line,
    .pw_passwd = line + PASSWORD,
    .pw_uid = USER,
    .pw_gid = USER,
    .pw_gecos = line + COMMENT,
    .pw_dir = line + DIRECTORY,
    .pw_shell = line + SHELL,
  };
  *res = pw;
  return 0;
}
