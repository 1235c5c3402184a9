/*
** error.c - filling a zvm_error.
**
** The text is one line: control bytes that come in through a path or an
** alias are shown as '?', so that a message cannot forge a second line.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static void fill(zvm_error *err, zvm_status status, int os, const char *fmt,
                 va_list ap) {
  memset(err, 0, sizeof *err);
  err->status = status;
  err->os = os;
  (void)vsnprintf(err->text, sizeof err->text, fmt, ap);
  if (os != 0) {
    size_t used = strlen(err->text);
    char buf[96];
    (void)snprintf(err->text + used, sizeof err->text - used, ": %s",
                   strerror_r(os, buf, sizeof buf));
  }
  for (char *p = err->text; *p != '\0'; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7f)
      *p = '?';
}


zvm_status zvm__fail(zvm_error *err, zvm_status status, const char *fmt,
                     ...) {
  if (err != NULL) {
    va_list ap;
    va_start(ap, fmt);
    fill(err, status, 0, fmt, ap);
    va_end(ap);
  }
  return status;
}


zvm_status zvm__fail_os(zvm_error *err, zvm_status status, int os,
                        const char *fmt, ...) {
  if (err != NULL) {
    va_list ap;
    va_start(ap, fmt);
    fill(err, status, os, fmt, ap);
    va_end(ap);
  }
  return status;
}


void zvm__check_failed(const char *what, const char *file, int line) {
  fprintf(stderr, "zvm: %s:%d: broken invariant: %s\n", file, line, what);
  abort();
}
