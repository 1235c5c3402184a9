/*
** posix_spawn.c - no other process can be made: what fork would say.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>

int posix_spawn(pid_t *restrict pid, const char *restrict path,
                const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *restrict attr,
                char *const argv[restrict], char *const envp[restrict]) {
  (void)pid, (void)path, (void)actions, (void)attr, (void)argv, (void)envp;
  return EAGAIN;
}
