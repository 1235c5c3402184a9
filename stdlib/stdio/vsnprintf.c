/*
** vsnprintf.c - vsnprintf: text goes straight to where it is wanted.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <stdio.h>

#include "format.h"

/* What fits of the last piece; the rest counts, and is dropped. */
static void fill(struct output *o, const char *s, size_t n) {
  size_t room = (size_t)(o->end - o->at);
  if (n > room) n = room;
  memcpy(o->at, s, n);
  o->at += n;
}

int vsnprintf(char *restrict s, size_t n, const char *restrict format,
              va_list ap) {
  char none[1];
  struct output o = { .at = s, .more = fill };
  va_list list;
  int count;
  if (n > INT_MAX) {
    errno = EOVERFLOW;
    return -1;
  }
  if (!n) {
    o.at = none;
    n = 1;
  }
  o.end = o.at + (n - 1);
  if (o.end < o.at) o.end = (char *)UINTPTR_MAX; /* sprintf, high up */
  va_copy(list, ap);
  count = __zvm_format(&o, format, &list);
  va_end(list);
  *o.at = 0;
  return count;
}
