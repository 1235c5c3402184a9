/*
** memchr.c - memchr.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scan.h"

void *memchr(const void *from, int c, size_t n) {
  const char *s = from, *end = s + n, *p;
  if (!n) return NULL;
  if (end < s) end = (const char *)UINTPTR_MAX; /* "as far as it takes" */
  p = scan(s, end, 1, stop_at_byte, splat(c));
  return p < end ? (void *)p : NULL;
}
