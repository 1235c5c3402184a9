/*
** tap.h - the few lines of the Test Anything Protocol that we need, and
** counters of what a process holds.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef TAP_H
#define TAP_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_number;
static int tap_failed;

/* One test; `sentence` says what holds. */
static inline bool ok(bool passed, const char *sentence) {
  printf("%sok %d - %s\n", passed ? "" : "not ", ++tap_number, sentence);
  (void)fflush(stdout);
  tap_failed += !passed;
  return passed;
}


/* The same, and both numbers are shown when they differ. */
static inline bool is(long long got, long long want, const char *sentence) {
  if (!ok(got == want, sentence)) {
    printf("# got %lld (0x%llx), want %lld (0x%llx)\n", got, got, want,
           want);
    return false;
  }
  return true;
}


static inline int tap_done(void) {
  printf("1..%d\n", tap_number);
  return tap_failed != 0;
}


static inline int open_descriptors(void) {
  DIR *d = opendir("/proc/self/fd");
  int n = 0;
  while (readdir(d) != NULL)
    n++;
  (void)closedir(d);
  return n;
}


/* Mappings that begin below `limit`. */
static inline int mappings_below(unsigned long long limit) {
  FILE *f = fopen("/proc/self/maps", "r");
  char line[512];
  int n = 0;
  while (fgets(line, sizeof line, f) != NULL) {
    unsigned long long start;
    n += sscanf(line, "%llx-", &start) == 1 && start < limit;
  }
  (void)fclose(f);
  return n;
}

#endif
