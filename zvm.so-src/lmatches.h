/*
** lmatches.h - where matches of zvm.re are.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_LMATCHES_H
#define ZVM_LMATCHES_H

#include <string.h>

#include "laux.h"

#define ZVM__ABSENT UINT32_MAX

enum { ZVM__PAIRS_MOST = 65536 }; /* of a match */

/* Behind which byte a match or a group begins, and with which it ends. */
typedef struct zvm__span {
  uint32_t first, last;
} zvm__span;

/*
** Are so many bytes matches of a subject of that size? `pairs`: of each match,
** whose first one has to be there; 0: they are groups, and may all be absent.
*/
bool zvm__are_matches(const char *bytes, size_t length, size_t pairs,
                      size_t size);

/*
** Where the text, which is not empty, is for the first time; NULL: nowhere.
** Quick for short ones, as string.find is.
*/
static inline const char *zvm__text_find(const char *s, size_t size,
                                         const char *text, size_t length) {
  while (size >= length) {
    const char *found = memchr(s, text[0], size - length + 1);
    if (found == NULL || memcmp(found, text, length) == 0)
      return found;
    size -= (size_t)(found + 1 - s);
    s = found + 1;
  }
  return NULL;
}

#endif
