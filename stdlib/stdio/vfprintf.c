/*
** vfprintf.c - vfprintf: text goes straight to the stream's buffer.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "format.h"
#include "stdio_impl.h"

/* An unbuffered stream has one here for the time of a call. */
enum { LENT = 256 };

/* The buffer is full: it is written, and the text behind it. */
static void flush(struct output *o, const char *s, size_t n) {
  FILE *f = o->target;
  if (f->flags & F_ERR) return;
  f->wpos = (unsigned char *)o->at;
  f->write(f, (const unsigned char *)s, n);
  o->at = (char *)f->wpos;
  o->end = (char *)f->wend;
}

/* Lines are written when they end: the stream knows how. */
static void pass_on(struct output *o, const char *s, size_t n) {
  FILE *f = o->target;
  if (!(f->flags & F_ERR)) __fwritex((const unsigned char *)s, n, f);
}

static int print(FILE *f, const char *format, va_list *list) {
  struct output o = { .more = flush, .target = f };
  int n;
  if (!f->wend && __towrite(f)) return -1;
  if (f->lbf >= 0) {
    o.more = pass_on;
    return __zvm_format(&o, format, list);
  }
  o.at = (char *)f->wpos;
  o.end = (char *)f->wend;
  n = __zvm_format(&o, format, list);
  if (!(f->flags & F_ERR)) f->wpos = (unsigned char *)o.at;
  return n;
}

static int print_unbuffered(FILE *f, const char *format, va_list *list) {
  unsigned char lent[LENT], *own = f->buf;
  int n;
  f->buf = lent;
  f->buf_size = sizeof(lent);
  f->wpos = f->wbase = f->wend = NULL;
  n = print(f, format, list);
  f->write(f, NULL, 0);
  if (!f->wpos) n = -1;
  f->buf = own;
  f->buf_size = 0;
  f->wpos = f->wbase = f->wend = NULL;
  return n;
}

int vfprintf(FILE *restrict f, const char *restrict format, va_list ap) {
  unsigned had_failed;
  va_list list;
  int n;
  va_copy(list, ap);
  FLOCK(f);
  had_failed = f->flags & F_ERR;
  if (f->mode < 1) f->flags &= ~(unsigned)F_ERR;
  n = f->buf_size ? print(f, format, &list)
                  : print_unbuffered(f, format, &list);
  if (f->flags & F_ERR) n = -1;
  f->flags |= had_failed;
  FUNLOCK(f);
  va_end(list);
  return n;
}
