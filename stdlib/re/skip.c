/*
** skip.c - many bytes at a time: over what no match begins with, and whether
** all are ASCII.
**
** Whether a byte is in a set is told by two tables of 16, one for each half of
** it: the sets that halves of bytes belong to have a byte in common. This is
** how Hyperscan finds characters ("truffle" and "shufti", by G. Langdale).
** Where a set is all bytes that agree with one in some bits, as a letter in
** both cases is, a comparison does.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "../string/vec.h"
#include "re.h"

#define ALWAYS inline __attribute__((__always_inline__))

typedef uint16_t words __attribute__((__vector_size__(VEC), __may_alias__));

static ALWAYS avec pick(avec table, avec at) {
#ifdef __AVX2__
  return (avec)__builtin_ia32_pshufb256(table, at);
#else
  return (avec)__builtin_ia32_pshufb128(table, at);
#endif
}


/* 16 bytes, in each half of a vector that has two. */
static ALWAYS avec twice(const uint8_t table[16]) {
  avec v;
  for (unsigned i = 0; i < VEC; i += 16)
    memcpy((char *)&v + i, table, 16);
  return v;
}


/* A set in registers. */
typedef struct set {
  avec low, high, mask, value;
} set;

static ALWAYS void load(set *r, const re_prefilter *f, int i) {
  const re_set *s = &f->set[i];
  *r = (set){twice(s->low), twice(s->high), splat(s->mask), splat(s->value)};
}


static ALWAYS avec in_tables(const set *s, avec v) {
  avec high = (avec)((words)v >> 4) & splat(15);
  return pick(s->low, v & splat(15)) & pick(s->high, high);
}


static ALWAYS avec in_bits(const set *s, avec v) {
  return (avec)((v & s->mask) == s->value);
}


static ALWAYS int is_in(const re_set *s, char c) {
  return (s->low[c & 15] & s->high[c >> 4 & 15]) != 0;
}


/* Which of VEC places from `s` on a match may begin at: a bit each. */
static ALWAYS unsigned places(const set *sets, const char *s, int from, int to,
                              int by_bits) {
  avec none = splat(0);
#pragma GCC unroll 4
  for (int i = from; i < to; i++) {
    avec v = LOAD(s, i - 1);
    avec in = by_bits && i > 0 ? in_bits(&sets[i], v) : in_tables(&sets[i], v);
    none |= (avec)(in == splat(0));
  }
  return ~mask_of(none) & VEC_ALL;
}


/*
** Sets from `from` to `to` - 1: 0 is that of the byte before. At the subject's
** ends, where some have no byte, only the first byte of a match counts.
*/
static ALWAYS size_t skip(const re_prefilter *f, const char *s, size_t size,
                          size_t at, int from, int to, int by_bits) {
  set sets[1 + RE_PREFIX];
  size_t more = (size_t)to - 2; /* bytes behind a place that count too */
  if (at == 0 && size > 0) {
    if (is_in(&f->set[1], s[0]))
      return 0;
    at = 1;
  }
#pragma GCC unroll 4
  for (int i = from; i < to; i++)
    load(&sets[i], f, i);
  if (size > VEC + more) {
    size_t last = size - more - VEC;
    for (; at <= last; at += VEC) {
      unsigned some = places(sets, s + at, from, to, by_bits);
      if (some != 0)
        return at + first_of(some);
    }
    if (at < last + VEC) { /* once more over some of it */
      unsigned some = places(sets, s + last, from, to, by_bits);
      some &= VEC_ALL << (at - last);
      if (some != 0)
        return last + first_of(some);
      at = last + VEC;
    }
  }
  while (at < size && !is_in(&f->set[1], s[at]))
    at++;
  return at;
}


static ALWAYS size_t skip_by(const re_prefilter *f, const char *s, size_t size,
                             size_t at, int from, int by_bits) {
  return f->width == 1   ? skip(f, s, size, at, from, 2, by_bits)
         : f->width == 2 ? skip(f, s, size, at, from, 3, by_bits)
                         : skip(f, s, size, at, from, 4, by_bits);
}


size_t re_prefilter_skip(const re_prefilter *f, const char *s, size_t size,
                         size_t at) {
  if (f->before)
    return f->by_bits ? skip_by(f, s, size, at, 0, 1)
                      : skip_by(f, s, size, at, 0, 0);
  return f->by_bits ? skip_by(f, s, size, at, 1, 1)
                    : skip_by(f, s, size, at, 1, 0);
}


int re_is_ascii(const char *s, size_t size) {
  size_t i = 0;
  avec any = splat(0);
  for (; i + VEC <= size; i += VEC)
    any |= LOAD(s, i);
  unsigned char rest = 0;
  for (; i < size; i++)
    rest |= (unsigned char)s[i];
  return mask_of(any) == 0 && rest < 0x80;
}
