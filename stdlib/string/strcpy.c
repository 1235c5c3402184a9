/*
** strcpy.c - strcpy, stpcpy: measure, then copy.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

char *__stpcpy(char *restrict to, const char *restrict from) {
  size_t len = strlen(from);
  memcpy(to, from, len + 1);
  return to + len;
}

__attribute__((__weak__)) char *strcpy(char *restrict to,
                                       const char *restrict from) {
  return memcpy(to, from, strlen(from) + 1);
}

extern __typeof(__stpcpy) stpcpy
    __attribute__((__weak__, __alias__("__stpcpy")));
