/*
** vec.h - sixteen bytes at a time, for the string functions.
**
** Loads and stores through `vec` may be unaligned; an aligned one never
** leaves its page, so that reading past the end of a string inside one is
** safe.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_VEC_H
#define ZVM_VEC_H

#include <stddef.h>
#include <stdint.h>

#define VEC 16

typedef char vec
    __attribute__((__vector_size__(VEC), __aligned__(1), __may_alias__));
typedef unsigned char uvec __attribute__((__vector_size__(VEC)));
typedef char avec __attribute__((__vector_size__(VEC), __may_alias__));

typedef uint64_t u64u __attribute__((__aligned__(1), __may_alias__));
typedef uint32_t u32u __attribute__((__aligned__(1), __may_alias__));
typedef uint16_t u16u __attribute__((__aligned__(1), __may_alias__));

#define LOAD(p, off) (*(const vec *)((const char *)(p) + (off)))
#define LOADA(p, off) (*(const avec *)((const char *)(p) + (off)))
#define STORE(p, off, v) (*(vec *)((char *)(p) + (off)) = (v))

/* One bit a byte: the top bits. */
static inline unsigned mask_of(avec v) {
  return (unsigned)__builtin_ia32_pmovmskb128(v);
}

static inline avec min_of(avec a, avec b) {
  return (avec)__builtin_ia32_pminub128(a, b);
}

static inline avec splat(int c) {
  char b = (char)c;
  return (avec){ b, b, b, b, b, b, b, b, b, b, b, b, b, b, b, b };
}

static inline char *align_down(const void *p, uintptr_t to) {
  return (char *)((uintptr_t)p & -to);
}

/* Sixteen bytes from `p` lie in one page: an unaligned load is as safe. */
static inline int whole_vec(const void *p) {
  return ((uintptr_t)p & 4095) <= 4096 - VEC;
}

#endif
