/*
** held.c - what this process, its zygote and its workers hold.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "soak.h"

enum { LINE = 512, QUIET_MS = 3000 };


/* -- Processes ----------------------------------------------------------- */

/* The program's own name for its processes; a zombie has only its parent. */
static bool is_owned(int pid) {
  char path[64], line[64] = "", want[64];
  (void)snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
  FILE *f = fopen(path, "re");
  if (f == NULL)
    return false;
  size_t n = fread(line, 1, sizeof line - 1, f);
  (void)fclose(f);
  int len = snprintf(want, sizeof want, "zvm-worker%c%d", 0, getpid()) + 1;
  return n == (size_t)len && memcmp(line, want, n) == 0;
}


static bool read_proc(int pid, proc *p) {
  char path[64], name[32] = "";
  (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *f = fopen(path, "re");
  if (f == NULL)
    return false;
  int n = fscanf(f, "%*d (%31[^)]) %c %d", name, &p->state, &p->parent);
  (void)fclose(f);
  p->pid = pid;
  return n == 3 && strcmp(name, "zvm-worker") == 0;
}


static bool has_child(const proc *list, int n, int pid) {
  for (int i = 0; i < n; i++)
    if (list[i].parent == pid)
      return true;
  return false;
}


int procs_find(proc list[PROCS_MOST]) {
  proc dead[PROCS_MOST];
  DIR *d = opendir("/proc");
  const struct dirent *e;
  int n = 0, deads = 0;
  while (d != NULL && (e = readdir(d)) != NULL && n < PROCS_MOST) {
    proc p;
    int pid = atoi(e->d_name);
    if (pid <= 0 || !read_proc(pid, &p))
      continue;
    if (p.state == 'Z' && deads < PROCS_MOST)
      dead[deads++] = p;
    else if (is_owned(pid))
      list[n++] = p;
  }
  if (d != NULL)
    (void)closedir(d);
  for (int i = 1; i < n; i++)
    if (has_child(list, n, list[i].pid)) {
      proc first = list[i];
      list[i] = list[0];
      list[0] = first;
      break;
    }
  int alive = n;
  for (int i = 0; i < deads && n < PROCS_MOST; i++)
    for (int k = 0; k < alive; k++)
      if (dead[i].parent == list[k].pid) {
        list[n++] = dead[i];
        break;
      }
  return n;
}


/* -- One process --------------------------------------------------------- */

/* Entries of a folder, of which `links` begin so. -1: not permitted. */
static long count_fds(int pid, long *memfds) {
  char path[64], to[LINE];
  (void)snprintf(path, sizeof path, "/proc/%d/fd", pid);
  DIR *d = opendir(path);
  const struct dirent *e;
  long n = 0;
  *memfds = 0;
  if (d == NULL)
    return -1;
  while ((e = readdir(d)) != NULL) {
    if (e->d_name[0] == '.')
      continue;
    ssize_t len = readlinkat(dirfd(d), e->d_name, to, sizeof to - 1);
    *memfds += len > 7 && memcmp(to, "/memfd:", 7) == 0;
    n++;
  }
  (void)closedir(d);
  return pid == getpid() ? n - 1 : n;
}


static long count_lines(int pid) {
  char path[64];
  (void)snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE *f = fopen(path, "re");
  long n = 0;
  int c;
  if (f == NULL)
    return -1;
  while ((c = getc(f)) != EOF)
    n += c == '\n';
  (void)fclose(f);
  return n > 0 ? n : -1;
}


/* "Pss:   12 kB" */
static long read_kib(int pid, const char *file, const char *field) {
  char path[64], line[LINE];
  long kib = -1;
  (void)snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  FILE *f = fopen(path, "re");
  if (f == NULL)
    return -1;
  while (kib < 0 && fgets(line, sizeof line, f) != NULL)
    if (strncmp(line, field, strlen(field)) == 0)
      kib = atol(line + strlen(field));
  (void)fclose(f);
  return kib;
}


/* -- All ----------------------------------------------------------------- */

/* Workers that have had their run are reaped, others wait in their place. */
static int wait_until_quiet(proc list[PROCS_MOST]) {
  int last = -1, same = 0, n = 0;
  for (int ms = 0; ms < QUIET_MS && same < 5; ms += 20) {
    (void)usleep(20000);
    n = procs_find(list);
    int zombies = 0;
    for (int i = 0; i < n; i++)
      zombies += list[i].state == 'Z';
    same = n == last && zombies == 0 ? same + 1 : 0;
    last = n;
  }
  return n;
}


held held_now(void) {
  proc list[PROCS_MOST];
  held h = {0};
  int n = wait_until_quiet(list);
  int self = getpid();
  long unused;
  (void)malloc_trim(0);
  struct mallinfo2 heap = mallinfo2();
  h.heap = (long)(heap.uordblks + heap.hblkhd);
  h.fds = count_fds(self, &h.memfds);
  h.maps = count_lines(self);
  h.rss = read_kib(self, "status", "VmRSS:");
  h.pss = read_kib(self, "smaps_rollup", "Pss:");
  for (int i = 1; i < n; i++)
    if (list[i].state == 'Z')
      h.zombies++;
    else
      h.workers++;
  int zygote = n > 0 ? list[0].pid : 0;
  h.zygote_fds = count_fds(zygote, &unused);
  h.zygote_maps = count_lines(zygote);
  h.zygote_rss = read_kib(zygote, "status", "VmRSS:");
  h.zygote_pss = read_kib(zygote, "smaps_rollup", "Pss:");
  return h;
}
