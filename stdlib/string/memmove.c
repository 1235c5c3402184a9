/*
** memmove.c - memcpy and memmove: one function, as every path of it reads
** before it writes.
**
** Up to eight vectors, all is in registers before the first store, so that
** ends may overlap. Above, the destination is aligned and four vectors move
** at a time; both ends are loaded before.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "vec.h"

/*
** From here on the processor's own copying is the fastest, if both sides are
** aligned alike. If not, it is the slowest on some.
*/
#define REP_MIN (VEC > 16 ? 32768 : 2048)

static inline void copy_tiny(char *d, const char *s, size_t n) {
  if (n >= 8) {
    uint64_t a = *(const u64u *)s, b = *(const u64u *)(s + n - 8);
    *(u64u *)d = a;
    *(u64u *)(d + n - 8) = b;
  } else if (n >= 4) {
    uint32_t a = *(const u32u *)s, b = *(const u32u *)(s + n - 4);
    *(u32u *)d = a;
    *(u32u *)(d + n - 4) = b;
  } else if (n >= 2) {
    uint16_t a = *(const u16u *)s, b = *(const u16u *)(s + n - 2);
    *(u16u *)d = a;
    *(u16u *)(d + n - 2) = b;
  } else if (n) {
    *d = *s;
  }
}

/* Upwards, for a destination that does not begin inside the source. */
static inline void copy_up(char *d, const char *s, size_t n) {
  vec head = LOAD(s, 0);
  vec t0 = LOAD(s, n - 4 * VEC), t1 = LOAD(s, n - 3 * VEC);
  vec t2 = LOAD(s, n - 2 * VEC), t3 = LOAD(s, n - VEC);
  char *first = d, *end = d + n;
  size_t skip = VEC - ((uintptr_t)d & (VEC - 1));
  d += skip;
  s += skip;
  /* A source may begin less than a vector above: first a load, then a store. */
  vec a = LOAD(s, 0), b = LOAD(s, VEC);
  vec c = LOAD(s, 2 * VEC), e = LOAD(s, 3 * VEC);
  STORE(first, 0, head);
  while (d < end - 8 * VEC) {
    STOREA(d, 0, a);
    STOREA(d, VEC, b);
    STOREA(d, 2 * VEC, c);
    STOREA(d, 3 * VEC, e);
    d += 4 * VEC;
    s += 4 * VEC;
    a = LOAD(s, 0);
    b = LOAD(s, VEC);
    c = LOAD(s, 2 * VEC);
    e = LOAD(s, 3 * VEC);
    FORGET(d);
  }
  STOREA(d, 0, a);
  STOREA(d, VEC, b);
  STOREA(d, 2 * VEC, c);
  STOREA(d, 3 * VEC, e);
  STORE(end, -4 * VEC, t0);
  STORE(end, -3 * VEC, t1);
  STORE(end, -2 * VEC, t2);
  STORE(end, -VEC, t3);
}

static inline void copy_down(char *d, const char *s, size_t n) {
  vec h0 = LOAD(s, 0), h1 = LOAD(s, VEC);
  vec h2 = LOAD(s, 2 * VEC), h3 = LOAD(s, 3 * VEC);
  vec tail = LOAD(s, n - VEC);
  char *last = d + n, *end = last;
  const char *from = s + n;
  size_t skip = (uintptr_t)end & (VEC - 1);
  end -= skip;
  from -= skip;
  while (end > d + 4 * VEC) {
    vec a = LOAD(from, -VEC), b = LOAD(from, -2 * VEC);
    vec c = LOAD(from, -3 * VEC), e = LOAD(from, -4 * VEC);
    STOREA(end, -VEC, a);
    STOREA(end, -2 * VEC, b);
    STOREA(end, -3 * VEC, c);
    STOREA(end, -4 * VEC, e);
    end -= 4 * VEC;
    from -= 4 * VEC;
  }
  STORE(last, -VEC, tail);
  STORE(d, 0, h0);
  STORE(d, VEC, h1);
  STORE(d, 2 * VEC, h2);
  STORE(d, 3 * VEC, h3);
}

/* Both sides aligned alike: up to a cache line, then in one instruction. */
static inline void copy_rep(char *d, const char *s, size_t n) {
  size_t skip = -(uintptr_t)d & 63;
  for (size_t i = 0; i < 64; i += VEC) STORE(d, i, LOAD(s, i));
  d += skip;
  s += skip;
  n -= skip;
  __asm__ __volatile__("rep movsb"
                       : "+D"(d), "+S"(s), "+c"(n)
                       :
                       : "memory");
}

/*
** The destination begins a little above the source, but for whole pages.
** Upwards, loads would be behind stores that agree with them in the 12 bits by
** which processors tell at first, and wait for these; so does glibc.
*/
static inline int looks_behind(const char *d, const char *s, size_t n) {
  return n >= 2048 && (((uintptr_t)d - (uintptr_t)s - 1) & 4095) < 255;
}

static __attribute__((__noinline__)) void *copy_long(void *to,
                                                     const void *from,
                                                     size_t n) {
  char *d = to;
  const char *s = from;
  int apart = (size_t)(d - s) >= n;
  if (apart && __builtin_expect(n >= REP_MIN, 0) &&
      !(((uintptr_t)d ^ (uintptr_t)s) & 63) && (size_t)(s - d) >= n)
    copy_rep(d, s, n);
  else if (apart && ((size_t)(s - d) < n || !looks_behind(d, s, n)))
    copy_up(d, s, n);
  else if (d != s)
    copy_down(d, s, n);
  return to;
}

__attribute__((__weak__)) void *memmove(void *to, const void *from, size_t n) {
  char *d = to;
  const char *s = from;
  if (n < 16) {
    copy_tiny(d, s, n);
    return to;
  }
  if (VEC > 16 && n < VEC) {
    vec16 a = LOAD16(s, 0), b = LOAD16(s, n - 16);
    STORE16(d, 0, a);
    STORE16(d, n - 16, b);
    return to;
  }
  if (n <= 2 * VEC) {
    vec a = LOAD(s, 0), b = LOAD(s, n - VEC);
    STORE(d, 0, a);
    STORE(d, n - VEC, b);
    return to;
  }
  if (n <= 4 * VEC) {
    vec a = LOAD(s, 0), b = LOAD(s, VEC);
    vec c = LOAD(s, n - 2 * VEC), e = LOAD(s, n - VEC);
    STORE(d, 0, a);
    STORE(d, VEC, b);
    STORE(d, n - 2 * VEC, c);
    STORE(d, n - VEC, e);
    return to;
  }
  if (n > 8 * VEC) return copy_long(to, from, n);
  vec a = LOAD(s, 0), b = LOAD(s, VEC);
  vec c = LOAD(s, 2 * VEC), e = LOAD(s, 3 * VEC);
  vec f = LOAD(s, n - 4 * VEC), g = LOAD(s, n - 3 * VEC);
  vec h = LOAD(s, n - 2 * VEC), i = LOAD(s, n - VEC);
  STORE(d, 0, a);
  STORE(d, VEC, b);
  STORE(d, 2 * VEC, c);
  STORE(d, 3 * VEC, e);
  STORE(d, n - 4 * VEC, f);
  STORE(d, n - 3 * VEC, g);
  STORE(d, n - 2 * VEC, h);
  STORE(d, n - VEC, i);
  return to;
}

extern __typeof(memmove) memcpy
    __attribute__((__weak__, __alias__("memmove")));
