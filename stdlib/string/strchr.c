/*
** strchr.c - strchr and strchrnul.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "vec.h"

char *__strchrnul(const char *s, int c) {
  const avec zero = { 0 }, v = splat(c);
  unsigned shift = (uintptr_t)s & (VEC - 1);
  const char *p = s - shift;
  avec x = LOADA(p, 0);
  unsigned m = mask_of((x == v) | (x == zero)) >> shift;
  if (m) return (char *)s + __builtin_ctz(m);
  do {
    p += VEC;
    x = LOADA(p, 0);
    m = mask_of((x == v) | (x == zero));
  } while (!m);
  return (char *)p + __builtin_ctz(m);
}

__attribute__((__weak__)) char *strchr(const char *s, int c) {
  char *p = __strchrnul(s, c);
  return *p == (char)c ? p : NULL;
}

extern __typeof(__strchrnul) strchrnul
    __attribute__((__weak__, __alias__("__strchrnul")));
extern __typeof(strchr) index __attribute__((__weak__, __alias__("strchr")));
