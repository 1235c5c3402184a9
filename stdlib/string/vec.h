/*
** vec.h - many bytes at a time, for the string functions.
**
** VEC is 16, or 32 where the level has AVX2: the same sources are built for
** both. Loads and stores through `vec` may be unaligned; an aligned one never
** leaves its page, so that reading past the end of a string inside one is
** safe.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_VEC_H
#define ZVM_VEC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __AVX2__
#define VEC 32
#define VEC_ALL 0xffffffffu /* mask_of, when every byte's top bit is set */
#else
#define VEC 16
#define VEC_ALL 0xffffu
#endif

typedef char vec
    __attribute__((__vector_size__(VEC), __aligned__(1), __may_alias__));
typedef char avec __attribute__((__vector_size__(VEC), __may_alias__));
typedef char vec16
    __attribute__((__vector_size__(16), __aligned__(1), __may_alias__));

typedef uint64_t u64u __attribute__((__aligned__(1), __may_alias__));
typedef uint32_t u32u __attribute__((__aligned__(1), __may_alias__));
typedef uint16_t u16u __attribute__((__aligned__(1), __may_alias__));

#define LOAD(p, off) (*(const vec *)((const char *)(p) + (off)))
#define LOADA(p, off) (*(const avec *)((const char *)(p) + (off)))
#define STORE(p, off, v) (*(vec *)((char *)(p) + (off)) = (v))
#define STOREA(p, off, v) (*(avec *)((char *)(p) + (off)) = (v))
#define LOAD16(p, off) (*(const vec16 *)((const char *)(p) + (off)))
#define STORE16(p, off, v) (*(vec16 *)((char *)(p) + (off)) = (v))

/* The compiler takes a pointer for a new one, and loads again through it. */
#define FORGET(p) __asm__("" : "+r"(p))

/* One bit a byte: the top bits. */
static inline unsigned mask_of(avec v) {
#ifdef __AVX2__
  return (unsigned)__builtin_ia32_pmovmskb256(v);
#else
  return (unsigned)__builtin_ia32_pmovmskb128(v);
#endif
}

/*
** The lowest bit of a mask that is not 0. Some processors take ten times as
** long for bsf, all that level v2 has, as for this.
*/
static inline unsigned first_of(uint64_t m) {
#ifdef __BMI__
  return (unsigned)__builtin_ctzll(m);
#else
  return (unsigned)__builtin_popcountll(m ^ (m - 1)) - 1;
#endif
}

static inline avec min_of(avec a, avec b) {
#ifdef __AVX2__
  return (avec)__builtin_ia32_pminub256(a, b);
#else
  return (avec)__builtin_ia32_pminub128(a, b);
#endif
}

static inline avec splat(int c) { return (avec){ 0 } + (char)c; }

static inline char *align_down(const void *p, uintptr_t to) {
  return (char *)((uintptr_t)p & -to);
}

/* VEC bytes from `p` lie in one page: an unaligned load is as safe. */
static inline int whole_vec(const void *p) {
  return ((uintptr_t)p & 4095) <= 4096 - VEC;
}

#endif
