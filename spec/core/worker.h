/*
** worker.h - find the worker processes of this program.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef WORKER_H
#define WORKER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS_MAX = 64 };

/* Is `pid` a worker, or the zygote, of `owner`? */
static inline bool belongs_to(int pid, int owner) {
  char path[32], line[64] = "", want[64];
  snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
  FILE *f = fopen(path, "r");
  if (f == NULL)
    return false;
  size_t n = fread(line, 1, sizeof line - 1, f);
  (void)fclose(f);
  int len = snprintf(want, sizeof want, "zvm-worker%c%d", 0, owner) + 1;
  return n == (size_t)len && memcmp(line, want, n) == 0;
}


/* Their ids, the zygote's first. */
static inline int find_workers(int owner, int pids[WORKERS_MAX]) {
  DIR *d = opendir("/proc");
  struct dirent *e;
  int n = 0;
  while ((e = readdir(d)) != NULL && n < WORKERS_MAX) {
    int pid = atoi(e->d_name);
    if (pid > 0 && belongs_to(pid, owner))
      pids[n++] = pid;
  }
  (void)closedir(d);
  for (int i = 1; i < n; i++)
    if (pids[i] < pids[0]) {
      int first = pids[i];
      pids[i] = pids[0];
      pids[0] = first;
    }
  return n;
}


/* Wait up to two seconds until none is left. */
static inline bool none_left(int owner) {
  int pids[WORKERS_MAX];
  for (int i = 0; i < 200; i++) {
    if (find_workers(owner, pids) == 0)
      return true;
    usleep(10000);
  }
  return false;
}

#endif
