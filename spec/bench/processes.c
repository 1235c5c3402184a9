/*
** processes.c - what the system takes for a process: a fork that exits, and a
** program started anew.
**
** usage: processes [<program> [<argument>...]]
**
** Prints microseconds, median and 99th percentile of each: until the child is
** reaped, and until all that the program wrote has been read as well.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 600, WARM = 20 };

extern char **environ;


static double now_us(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}


static int ascending(const void *a, const void *b) {
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}


static void reap(pid_t pid) {
  int status;
  if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
    fputs("processes: the child failed\n", stderr);
    exit(1);
  }
}


static void fork_one(char **argv) {
  (void)argv;
  pid_t pid = fork();
  if (pid == 0)
    _exit(0);
  reap(pid);
}


static void spawn_one(char **argv) {
  char bytes[4096];
  int ends[2];
  pid_t pid = -1;
  posix_spawn_file_actions_t actions;
  if (pipe(ends) != 0)
    exit(1);
  (void)posix_spawn_file_actions_init(&actions);
  (void)posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  (void)posix_spawn_file_actions_addclose(&actions, ends[0]);
  (void)posix_spawn_file_actions_addclose(&actions, ends[1]);
  if (posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) != 0)
    pid = -1;
  (void)posix_spawn_file_actions_destroy(&actions);
  (void)close(ends[1]);
  while (read(ends[0], bytes, sizeof bytes) > 0)
    ;
  (void)close(ends[0]);
  reap(pid);
}


static void measure(void (*one)(char **argv), char **argv) {
  static double t[RUNS];
  for (int i = -WARM; i < RUNS; i++) {
    double start = now_us();
    one(argv);
    if (i >= 0)
      t[i] = now_us() - start;
  }
  qsort(t, RUNS, sizeof t[0], ascending);
  printf("%.1f %.1f\n", t[RUNS / 2], t[RUNS * 99 / 100]);
}


int main(int argc, char **argv) {
  measure(fork_one, argv + 1);
  if (argc > 1)
    measure(spawn_one, argv + 1);
  return 0;
}
