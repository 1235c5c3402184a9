/*
** strlen.c - strlen.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "scan.h"

size_t strlen(const char *s) {
  return scan(s, NULL, 0, stop_at_end, (avec){ 0 }) - s;
}
