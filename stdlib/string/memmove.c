/*
** memmove.c - memcpy and memmove: one function, as every path of it reads
** before it writes.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "vec.h"

/* From here on the processor's own copying is the fastest. */
#define REP_MIN 1024

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

static inline void rep_movsb(char *d, const char *s, size_t n) {
  __asm__ __volatile__("rep movsb"
                       : "+D"(d), "+S"(s), "+c"(n)
                       :
                       : "memory");
}

/* Upwards, for a destination that does not begin inside the source. */
static inline void copy_up(char *d, const char *s, size_t n) {
  vec t0 = LOAD(s, n - 64), t1 = LOAD(s, n - 48);
  vec t2 = LOAD(s, n - 32), t3 = LOAD(s, n - 16);
  vec head = LOAD(s, 0);
  char *end = d + n;
  size_t skip = VEC - ((uintptr_t)d & (VEC - 1));
  char *first = d;
  d += skip;
  s += skip;
  /* The last 64 bytes, and the first 16, are in registers by now. */
  vec a = LOAD(s, 0), b = LOAD(s, 16), c = LOAD(s, 32), e = LOAD(s, 48);
  STORE(first, 0, head);
  while (d + 64 < end - 64) {
    *(avec *)d = a;
    *(avec *)(d + 16) = b;
    *(avec *)(d + 32) = c;
    *(avec *)(d + 48) = e;
    d += 64;
    s += 64;
    a = LOAD(s, 0);
    b = LOAD(s, 16);
    c = LOAD(s, 32);
    e = LOAD(s, 48);
  }
  *(avec *)d = a;
  *(avec *)(d + 16) = b;
  *(avec *)(d + 32) = c;
  *(avec *)(d + 48) = e;
  STORE(end, -64, t0);
  STORE(end, -48, t1);
  STORE(end, -32, t2);
  STORE(end, -16, t3);
}

static inline void copy_down(char *d, const char *s, size_t n) {
  vec h0 = LOAD(s, 0), h1 = LOAD(s, 16), h2 = LOAD(s, 32), h3 = LOAD(s, 48);
  vec tail = LOAD(s, n - 16);
  char *end = d + n;
  size_t skip = (uintptr_t)end & (VEC - 1);
  char *last = end;
  const char *from = s + n - skip;
  end -= skip;
  while (end > d + 64) {
    vec a = LOAD(from, -16), b = LOAD(from, -32);
    vec c = LOAD(from, -48), e = LOAD(from, -64);
    *(avec *)(end - 16) = a;
    *(avec *)(end - 32) = b;
    *(avec *)(end - 48) = c;
    *(avec *)(end - 64) = e;
    end -= 64;
    from -= 64;
  }
  STORE(last, -16, tail);
  STORE(d, 0, h0);
  STORE(d, 16, h1);
  STORE(d, 32, h2);
  STORE(d, 48, h3);
}

__attribute__((__weak__)) void *memmove(void *to, const void *from, size_t n) {
  char *d = to;
  const char *s = from;
  if (n < 16) {
    copy_tiny(d, s, n);
    return to;
  }
  if (n <= 32) {
    vec a = LOAD(s, 0), b = LOAD(s, n - 16);
    STORE(d, 0, a);
    STORE(d, n - 16, b);
    return to;
  }
  if (n <= 64) {
    vec a = LOAD(s, 0), b = LOAD(s, 16);
    vec c = LOAD(s, n - 32), e = LOAD(s, n - 16);
    STORE(d, 0, a);
    STORE(d, 16, b);
    STORE(d, n - 32, c);
    STORE(d, n - 16, e);
    return to;
  }
  if (n <= 128) {
    vec a = LOAD(s, 0), b = LOAD(s, 16), c = LOAD(s, 32), e = LOAD(s, 48);
    vec f = LOAD(s, n - 64), g = LOAD(s, n - 48);
    vec h = LOAD(s, n - 32), i = LOAD(s, n - 16);
    STORE(d, 0, a);
    STORE(d, 16, b);
    STORE(d, 32, c);
    STORE(d, 48, e);
    STORE(d, n - 64, f);
    STORE(d, n - 48, g);
    STORE(d, n - 32, h);
    STORE(d, n - 16, i);
    return to;
  }
  if ((size_t)(d - s) < n) {
    if (d != s) copy_down(d, s, n);
  } else if (n < REP_MIN || (size_t)(s - d) < 64) {
    copy_up(d, s, n);
  } else {
    rep_movsb(d, s, n);
  }
  return to;
}

extern __typeof(memmove) memcpy
    __attribute__((__weak__, __alias__("memmove")));
