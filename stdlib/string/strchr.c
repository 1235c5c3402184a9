/*
** strchr.c - strchr and strchrnul.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scan.h"

char *__strchrnul(const char *s, int c) {
  return (char *)scan(s, NULL, 0, stop_at_either, splat(c));
}

__attribute__((__weak__)) char *strchr(const char *s, int c) {
  const char *p = scan(s, NULL, 0, stop_at_either, splat(c));
  return *p == (char)c ? (char *)p : NULL;
}

extern __typeof(__strchrnul) strchrnul
    __attribute__((__weak__, __alias__("__strchrnul")));
extern __typeof(strchr) index __attribute__((__weak__, __alias__("strchr")));
