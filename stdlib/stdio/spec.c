/*
** spec.c - printf: one conversion of a format is read.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>

#include "format.h"

_Static_assert(sizeof(long) == 4 && sizeof(size_t) == 4 &&
                   sizeof(void *) == 4 && sizeof(ptrdiff_t) == 4 &&
                   sizeof(intmax_t) == 8,
               "sizes of integers are those of x32");

static int read_number(const char **s) {
  int n = 0;
  for (unsigned digit; (digit = (unsigned)(**s - '0')) < 10; ++*s) {
    if (n < 0 || __builtin_mul_overflow(n, 10, &n) ||
        __builtin_add_overflow(n, (int)digit, &n))
      n = -1;
  }
  return n;
}

/* -- Numbered arguments ---------------------------------------------------- */

/* Read `n$` and note, in the first pass, what type the argument has. */
static bool read_place(const char **s, struct numbered *t, int *place) {
  *place = read_number(s);
  if (**s != '$' || *place < 1 || *place > NUMBERS) return false;
  ++*s;
  return true;
}

static bool note_type(struct numbered *t, int place, uint8_t type) {
  if (!t->collecting) return true;
  if (t->types[place] && t->types[place] != type) return false;
  t->types[place] = type;
  if (place > t->last) t->last = place;
  return true;
}

static bool take_values(struct arguments *a) {
  struct numbered *t = a->numbered;
  for (int i = 1; i <= t->last; i++) {
    switch ((enum argument)t->types[i]) {
      case ARG_NONE: return false; /* its size is not known */
      case ARG_INT: t->values[i].i = va_arg(a->list, unsigned); break;
      case ARG_LONG_LONG:
        t->values[i].i = va_arg(a->list, unsigned long long);
        break;
      case ARG_DOUBLE: t->values[i].f = va_arg(a->list, double); break;
    }
  }
  return true;
}

bool __zvm_collect(const char *s, struct arguments *a) {
  a->numbered->collecting = true;
  for (;;) {
    struct spec sp;
    while (*s && *s != '%') s++;
    if (!*s) break;
    if (*++s == '%') {
      s++;
    } else if (!(s = __zvm_read_spec(s, &sp, a))) {
      return false;
    }
  }
  a->numbered->collecting = false;
  if (take_values(a)) return true;
  errno = EINVAL;
  return false;
}

/* -- The parts of a conversion --------------------------------------------- */

static inline unsigned flag_of(char c) {
  switch (c) {
    case '-': return MINUS;
    case '+': return PLUS;
    case ' ': return SPACE;
    case '#': return SHARP;
    case '0': return ZERO;
    default: return 0;
  }
}

/* A width or precision of `*` or `*n$`; false where that is not allowed. */
static bool read_star(const char **s, struct arguments *a, int *value) {
  int place;
  if (!a->numbered) {
    *value = va_arg(a->list, int);
    return true;
  }
  if (!read_place(s, a->numbered, &place) ||
      !note_type(a->numbered, place, ARG_INT))
    return false;
  *value = (int)a->numbered->values[place].i;
  return true;
}

/* Flags, width and precision. 0, or the errno of what is wrong. */
static int read_layout(const char **s, struct spec *sp, struct arguments *a) {
  for (unsigned flag; (flag = flag_of(**s)) || **s == '\''; ++*s)
    sp->flags |= flag;
  if (**s == '*') {
    ++*s;
    if (!read_star(s, a, &sp->width)) return EINVAL;
    if (sp->width < 0) {
      sp->flags |= MINUS;
      if (sp->width == INT_MIN) return EOVERFLOW;
      sp->width = -sp->width;
    }
  } else if ((sp->width = read_number(s)) < 0) {
    return EOVERFLOW;
  }
  if (**s == '.') {
    ++*s;
    if (**s == '*') {
      ++*s;
      if (!read_star(s, a, &sp->precision)) return EINVAL;
      if (sp->precision < 0) sp->precision = -1;
    } else if ((sp->precision = read_number(s)) < 0) {
      return EOVERFLOW;
    }
  }
  if (sp->flags & MINUS) sp->flags &= ~(unsigned)ZERO;
  return 0;
}

/* How many bytes an integer has, by the letters before the last one. */
static void read_size(const char **s, struct spec *sp) {
  switch (**s) {
    case 'h':
      sp->size = 2;
      if (*++*s != 'h') return;
      sp->size = 1;
      break;
    case 'l':
      if (*++*s != 'l') {
        sp->flags |= WIDE;
        return;
      }
      sp->size = 8;
      break;
    case 'j':
    case 'L': sp->size = 8; break;
    case 'z':
    case 't': break;
    default: return;
  }
  ++*s;
}

static bool read_kind(struct spec *sp, char c) {
  sp->kind = c;
  sp->argument = ARG_INT;
  switch (c) {
    case 'X':
      sp->kind = 'x';
      sp->flags |= UPPER;
      break;
    case 'i': sp->kind = 'd'; break;
    case 'd':
    case 'u':
    case 'o':
    case 'x': break;
    case 'C':
    case 'S':
      sp->kind = (char)(c | 32);
      sp->flags |= WIDE; /* fall through */
    case 'c':
    case 's':
    case 'p':
    case 'n': return true;
    case 'E':
    case 'F':
    case 'G':
    case 'A':
      sp->kind = (char)(c | 32);
      sp->flags |= UPPER; /* fall through */
    case 'e':
    case 'f':
    case 'g':
    case 'a': sp->argument = ARG_DOUBLE; return true;
    case 'm': sp->argument = ARG_NONE; return true;
    default: return false;
  }
  if (sp->size == 8) sp->argument = ARG_LONG_LONG;
  return true;
}

const char *__zvm_read_spec(const char *s, struct spec *sp,
                            struct arguments *a) {
  int error = EINVAL;
  *sp = (struct spec){ .precision = -1, .size = 4 };
  if (a->numbered && *s != 'm' &&
      !read_place(&s, a->numbered, &a->number))
    goto fail;
  if ((unsigned char)*s < 'A' && (error = read_layout(&s, sp, a)))
    goto fail;
  error = EINVAL;
  read_size(&s, sp);
  if (!read_kind(sp, *s)) goto fail;
  if (a->numbered && sp->argument &&
      !note_type(a->numbered, a->number, sp->argument))
    goto fail;
  return s + 1;
fail:
  errno = error;
  return NULL;
}
