/*
** wide.c - printf: %ls and %lc.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <wchar.h>

#include "format.h"

/* Bytes of as many characters as fit into the precision; -1: no such one. */
static int measure(const struct spec *sp, const wchar_t *s) {
  size_t most = sp->precision < 0 ? INT_MAX : (size_t)sp->precision;
  size_t size = 0;
  char bytes[MB_LEN_MAX];
  for (; size < most && *s; s++) {
    int n = wctomb(bytes, *s);
    if (n < 0) return -1;
    if ((size_t)n > most - size) break;
    size += (size_t)n;
  }
  return (int)size;
}

int __zvm_format_wide(struct output *o, const struct spec *sp,
                      const wchar_t *s) {
  int size, done = 0;
  char bytes[MB_LEN_MAX];
  if (!s) s = L"(null)";
  if ((size = measure(sp, s)) < 0) return FAILED;
  if (!(sp->flags & MINUS)) pad(o, ' ', sp->width - size);
  while (done < size) {
    int n = wctomb(bytes, *s++);
    put(o, bytes, (size_t)n);
    done += n;
  }
  pad_right(o, sp, size);
  return larger(size, sp->width);
}
