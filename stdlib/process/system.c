/*
** system.c - there is no command processor: C has an answer for that. POSIX has
** one for a process that cannot be made.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <stdlib.h>

int system(const char *command) {
  if (!command) return 0;
  errno = EAGAIN;
  return -1;
}
