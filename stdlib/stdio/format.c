/*
** format.c - printf: the format is read once, and what is ready is put.
**
** Literal text and each conversion go straight to the room that the output
** has. Numbered arguments (%2$s) are collected first: see spec.c.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "format.h"

#include <errno.h>
#include <wchar.h>

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

const char __zvm_pairs[200] =
    "00010203040506070809101112131415161718192021222324"
    "25262728293031323334353637383940414243444546474849"
    "50515253545556575859606162636465666768697071727374"
    "75767778798081828384858687888990919293949596979899";

void __zvm_format_pad(struct output *o, char c, size_t n) {
  char block[64];
  if (n <= (size_t)(o->end - o->at)) {
    memset(o->at, c, n);
    o->at += n;
    return;
  }
  memset(block, c, sizeof(block));
  for (; n > sizeof(block); n -= sizeof(block)) put(o, block, sizeof(block));
  put(o, block, n);
}

/* -- Integers -------------------------------------------------------------- */

static int64_t as_signed(uint64_t i, unsigned size) {
  switch (size) {
    case 1: return (int8_t)i;
    case 2: return (int16_t)i;
    case 8: return (int64_t)i;
    default: return (int32_t)i;
  }
}

static uint64_t as_unsigned(uint64_t i, unsigned size) {
  switch (size) {
    case 1: return (uint8_t)i;
    case 2: return (uint16_t)i;
    case 8: return i;
    default: return (uint32_t)i;
  }
}

/* Spaces, prefix, zeros, digits, spaces. */
static int put_number(struct output *o, const struct spec *sp,
                      const struct number *n) {
  int digits = larger((int)n->count, sp->precision);
  int size;
  if (__builtin_add_overflow(digits, (int)n->prefix_size, &size)) return -1;
  pad_left(o, sp, size);
  put(o, n->prefix, n->prefix_size);
  if (sp->flags & ZERO) pad(o, '0', sp->width - size);
  pad(o, '0', digits - (int)n->count);
  put(o, n->digits, n->count);
  pad_right(o, sp, size);
  return larger(size, sp->width);
}

static int put_decimal(struct output *o, struct spec *sp, uint64_t x,
                       char sign) {
  char text[24], *end = text + sizeof(text), *from = decimal_before(end, x);
  struct number n = { .prefix = { sign }, .prefix_size = sign != 0 };
  if (!x && sp->precision) *--from = '0';
  n.digits = from;
  n.count = (size_t)(end - from);
  if (likely(!sp->width && sp->precision < 0)) {
    if (sign) *--from = sign;
    put(o, from, (size_t)(end - from));
    return (int)(end - from);
  }
  if (sp->precision >= 0) sp->flags &= ~ZERO;
  return put_number(o, sp, &n);
}

static int put_binary(struct output *o, struct spec *sp, uint64_t x) {
  static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
  const char *digits = sp->flags & UPPER ? upper : lower;
  unsigned shift = sp->kind == 'o' ? 3 : 4, mask = (1u << shift) - 1;
  char text[24], *end = text + sizeof(text), *from = end;
  struct number n = { 0 };
  if (sp->precision >= 0) sp->flags &= ~ZERO;
  for (uint64_t rest = x; rest; rest >>= shift) *--from = digits[rest & mask];
  if (!x && sp->precision) *--from = '0';
  if (sp->flags & SHARP || sp->kind == 'p') {
    if (shift == 4 && x) {
      n.prefix[0] = '0';
      n.prefix[1] = sp->flags & UPPER ? 'X' : 'x';
      n.prefix_size = 2;
    } else if (shift == 3 && (from == end || *from != '0') &&
               sp->precision <= end - from) {
      *--from = '0';
    }
  }
  n.digits = from;
  n.count = (size_t)(end - from);
  return put_number(o, sp, &n);
}

static int put_integer(struct output *o, struct spec *sp, uint64_t i) {
  int64_t x;
  if (sp->kind == 'p') return put_binary(o, sp, (uint32_t)i);
  if (sp->kind == 'u') return put_decimal(o, sp, as_unsigned(i, sp->size), 0);
  if (sp->kind != 'd') return put_binary(o, sp, as_unsigned(i, sp->size));
  x = as_signed(i, sp->size);
  return put_decimal(o, sp, x < 0 ? -(uint64_t)x : (uint64_t)x,
                     sign_of(sp, x < 0));
}

/* -- Text ------------------------------------------------------------------ */

static int put_text(struct output *o, const struct spec *sp, const char *s,
                    size_t n) {
  if (n > INT_MAX) return -1;
  if (!sp->width) {
    put(o, s, n);
    return (int)n;
  }
  if (!(sp->flags & MINUS)) pad(o, ' ', sp->width - (int)n);
  put(o, s, n);
  pad_right(o, sp, (int)n);
  return larger((int)n, sp->width);
}

static int put_string(struct output *o, const struct spec *sp, const char *s) {
  if (!s) s = "(null)";
  return put_text(o, sp, s, sp->precision < 0
                                ? strlen(s)
                                : strnlen(s, (size_t)sp->precision));
}

static int put_char(struct output *o, const struct spec *sp, int value) {
  char c = (char)value;
  return put_text(o, sp, &c, 1);
}

static int put_wide_char(struct output *o, struct spec *sp, wint_t c) {
  wchar_t text[2] = { (wchar_t)c, 0 };
  sp->precision = -1;
  if (!c) return put_char(o, sp, 0);
  return __zvm_format_wide(o, sp, text);
}

static void store_count(const struct spec *sp, void *to, int count) {
  switch (sp->size) {
    case 1: *(int8_t *)to = (int8_t)count; break;
    case 2: *(int16_t *)to = (int16_t)count; break;
    case 8: *(int64_t *)to = count; break;
    default: *(int32_t *)to = count;
  }
}

/* -- All of it ------------------------------------------------------------- */

static int put_argument(struct output *o, struct spec *sp, union value v,
                        int count) {
  switch (sp->kind) {
    case 'd':
    case 'u':
    case 'x':
    case 'o':
    case 'p': return put_integer(o, sp, v.i);
    case 's':
      if (sp->flags & WIDE) return __zvm_format_wide(o, sp, v.p);
      return put_string(o, sp, v.p);
    case 'c':
      if (sp->flags & WIDE) return put_wide_char(o, sp, (wint_t)v.i);
      return put_char(o, sp, (int)v.i);
    case 'm': return put_string(o, sp, strerror(errno));
    case 'n': store_count(sp, v.p, count); return 0;
    case 'a': return __zvm_format_hex(o, sp, v.f);
    default: return __zvm_format_float(o, sp, v.f);
  }
}

static inline union value next_argument(struct arguments *a,
                                        const struct spec *sp) {
  union value v = { 0 };
  if (a->numbered) return a->numbered->values[a->number];
  switch ((enum argument)sp->argument) {
    case ARG_NONE: break;
    case ARG_INT: v.i = va_arg(a->list, unsigned); break;
    case ARG_LONG_LONG: v.i = va_arg(a->list, unsigned long long); break;
    case ARG_DOUBLE: v.f = va_arg(a->list, double); break;
  }
  return v;
}

/* Most texts between conversions are short. */
static inline const char *end_of_text(const char *s) {
  for (int i = 0; i < 8; i++, s++)
    if (!*s || *s == '%') return s;
  return __strchrnul(s, '%');
}

/* Is the first conversion of a format a numbered one? */
static inline bool is_numbered(const char *s) {
  while ((unsigned)(*s - '0') < 10) s++;
  return *s == '$';
}

static int format_numbered(struct output *, const char *, struct arguments *,
                           int);

static int format_from(struct output *o, const char *s, struct arguments *a,
                       int count) {
  int n = 0;
  for (;;) {
    const char *text = s;
    struct spec sp;
    s = end_of_text(s);
    if (s - text > INT_MAX - count) goto overflow;
    put(o, text, (size_t)(s - text));
    count += (int)(s - text);
    if (!*s++) return count;
    if (*s == '%') {
      s++;
      put(o, "%", 1);
      n = 1;
    } else {
      if (unlikely(is_numbered(s)) && !a->numbered)
        return format_numbered(o, s - 1, a, count);
      if (!(s = __zvm_read_spec(s, &sp, a))) return -1;
      n = put_argument(o, &sp, next_argument(a, &sp), count);
      if (n == FAILED) return -1;
      if (n < 0) goto overflow;
    }
    if (n > INT_MAX - count) goto overflow;
    count += n;
  }
overflow:
  errno = EOVERFLOW;
  return -1;
}

/* Its table is no part of every printf's frame. */
static __attribute__((__noinline__)) int format_numbered(
    struct output *o, const char *s, struct arguments *a, int count) {
  struct numbered table = { 0 };
  a->numbered = &table;
  if (!__zvm_collect(s, a)) return -1;
  return format_from(o, s, a, count);
}

int __zvm_format(struct output *o, const char *format, va_list *list) {
  struct arguments a;
  int n;
  a.numbered = NULL;
  va_copy(a.list, *list);
  n = format_from(o, format, &a, 0);
  va_end(a.list);
  return n;
}
