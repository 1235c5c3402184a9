/*
** format.h - what the parts of printf have in common; see format.c.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_FORMAT_H
#define ZVM_FORMAT_H

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define hidden __attribute__((__visibility__("hidden")))

/*
** Where text goes: the room from `at` to `end`. What finds no room goes to
** `more`, which makes some or drops the text.
*/
struct output {
  char *at, *end;
  void (*more)(struct output *, const char *, size_t);
  void *target;
};

enum {
  MINUS = 1,
  PLUS = 2,
  SPACE = 4,
  SHARP = 8,
  ZERO = 16,
  UPPER = 32, /* the letter was E, F, G, A or X */
  WIDE = 64,  /* %lc, %ls */
};

/* What a conversion takes. Pointers are integers of four bytes. */
enum argument { ARG_NONE, ARG_INT, ARG_LONG_LONG, ARG_DOUBLE };

/* One conversion. A precision of -1: none was given. */
struct spec {
  unsigned flags;
  int width, precision;
  char kind;    /* the letter, i as d, upper case as lower */
  uint8_t size; /* of an integer, in bytes                 */
  uint8_t argument;
};

union value {
  uint64_t i;
  double f;
  void *p;
};

/* Arguments in turn; or by number, after a first pass that finds types. */
enum { NUMBERS = 64 };

struct numbered {
  bool collecting;
  int last;
  uint8_t types[NUMBERS + 1];
  union value values[NUMBERS + 1];
};

struct arguments {
  va_list list;
  struct numbered *numbered;
  int number; /* of the conversion, if numbered */
};

/* Digits and what is around them: see put_number. */
struct number {
  const char *digits;
  size_t count; /* of the digits */
  char prefix[4];
  unsigned prefix_size;
};

/* Format all; the count of characters, or -1 and errno. */
hidden int __zvm_format(struct output *, const char *format, va_list *);

/* Read a conversion from behind its %; NULL and errno if it is wrong. */
hidden const char *__zvm_read_spec(const char *, struct spec *,
                                   struct arguments *);
/* Find all numbered arguments, from a % on; false and errno. */
hidden bool __zvm_collect(const char *, struct arguments *);

/*
** One conversion each; the count, or -1 if it would be above INT_MAX, or
** FAILED and errno.
*/
#define FAILED (-2)
hidden int __zvm_format_float(struct output *, const struct spec *, double);
hidden int __zvm_format_hex(struct output *, const struct spec *, double);
hidden int __zvm_format_wide(struct output *, const struct spec *,
                             const wchar_t *);

static inline void put(struct output *o, const char *s, size_t n) {
  if (n <= (size_t)(o->end - o->at)) {
    memcpy(o->at, s, n);
    o->at += n;
  } else {
    o->more(o, s, n);
  }
}

hidden void __zvm_format_pad(struct output *, char, size_t);

static inline void pad(struct output *o, char c, int n) {
  if (n > 0) __zvm_format_pad(o, c, (size_t)n);
}

/* Spaces before and behind `size` characters; zeros are the caller's. */
static inline void pad_left(struct output *o, const struct spec *sp,
                            int size) {
  if (!(sp->flags & (MINUS | ZERO))) pad(o, ' ', sp->width - size);
}

static inline void pad_right(struct output *o, const struct spec *sp,
                             int size) {
  if (sp->flags & MINUS) pad(o, ' ', sp->width - size);
}

static inline int larger(int a, int b) { return a > b ? a : b; }

/* The sign of a number that is not negative is what the flags say. */
static inline char sign_of(const struct spec *sp, bool negative) {
  if (negative) return '-';
  return sp->flags & PLUS ? '+' : sp->flags & SPACE ? ' ' : 0;
}

extern hidden const char __zvm_pairs[200]; /* "00" to "99" */

/* Write x so that it ends before `end`; returns where it begins. 0: "". */
static inline char *decimal_before(char *end, uint64_t x) {
  uint32_t low;
  for (; x > UINT32_MAX; x /= 100) {
    end -= 2;
    memcpy(end, &__zvm_pairs[x % 100 * 2], 2);
  }
  for (low = (uint32_t)x; low >= 10; low /= 100) {
    end -= 2;
    memcpy(end, &__zvm_pairs[low % 100 * 2], 2);
  }
  if (low) *--end = (char)('0' + low);
  return end;
}

#endif
