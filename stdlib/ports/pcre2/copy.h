/*
** copy.h - memcpy as PCRE2 is built with it, for the frames of a match.
**
** Each step of a match copies the frame before it, from the field on that says
** where in the subject it is: 28 bytes, and 8 for each group. That field has
** just been written, 4 bytes. A load of 16 that has them among others waits
** until they are in the cache, so they are moved by themselves. A fifth less
** for a match that goes back often.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_PCRE2_COPY_H
#define ZVM_PCRE2_COPY_H

#include <stdint.h>
#include <string.h>

typedef uint32_t zvm__unaligned4 __attribute__((__aligned__(1), __may_alias__));
typedef uint64_t zvm__unaligned8 __attribute__((__aligned__(1), __may_alias__));
typedef char zvm__unaligned16
    __attribute__((__vector_size__(16), __aligned__(1), __may_alias__));

#define ZVM_MOVE(type, to, from, at)                                           \
  (*(type *)((char *)(to) + (at)) =                                            \
       *(const type *)((const char *)(from) + (at)))

static inline __attribute__((__always_inline__)) void *
zvm__copy(void *to, const void *from, size_t n) {
  if (__builtin_constant_p(n) || n < 4 || n > 128 || n % 4 != 0)
    return memcpy(to, from, n);
  size_t i = 4;
  ZVM_MOVE(zvm__unaligned4, to, from, 0);
  for (; i + 16 <= n; i += 16) {
    ZVM_MOVE(zvm__unaligned16, to, from, i);
    __asm__ volatile(""); /* it stays a loop, and is not made a memcpy */
  }
  if (i + 8 <= n) {
    ZVM_MOVE(zvm__unaligned8, to, from, i);
    i += 8;
  }
  if (i < n)
    ZVM_MOVE(zvm__unaligned4, to, from, i);
  return to;
}

#define memcpy(to, from, n) zvm__copy(to, from, n)

#endif
