/*
** strnlen.c - strnlen.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scan.h"

size_t strnlen(const char *s, size_t n) {
  const char *end = s + n, *p;
  if (!n) return 0;
  if (end < s) end = (const char *)UINTPTR_MAX; /* "as far as it takes" */
  p = scan(s, end, 1, stop_at_end, (avec){ 0 });
  return p < end ? (size_t)(p - s) : n;
}
