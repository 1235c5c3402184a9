/*
** strcmp.c - strcmp.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "compare.h"

int strcmp(const char *left, const char *right) {
  return compare_from(left, right, 0, 0);
}
