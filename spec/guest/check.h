/*
** check.h - for guests that test the C library from inside.
**
** Each prints a line for what is wrong, then "N checks, M failed", and
** exits with 0 if all is well.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

static unsigned checks_made, checks_failed;

#define CHECK(cond) check_that(!!(cond), #cond, __FILE__, __LINE__)

static inline int check_that(int ok, const char *text, const char *file,
                             int line) {
  checks_made++;
  if (ok) return 1;
  if (checks_failed++ < 50) printf("%s:%d: %s\n", file, line, text);
  return 0;
}

static inline int check_end(void) {
  printf("%u checks, %u failed\n", checks_made, checks_failed);
  return checks_failed != 0;
}

#endif
