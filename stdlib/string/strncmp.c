/*
** strncmp.c - strncmp.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "compare.h"

int strncmp(const char *left, const char *right, size_t n) {
  return n ? compare_from(left, right, n, 1) : 0;
}
