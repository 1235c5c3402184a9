/*
** error.h - filling a zvm_error.
**
** The only printf-like functions of the core. Each returns the status it
** was given, so that a failing function can end in `return zvm__fail(...)`.
** A NULL error is fine everywhere.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_BASE_ERROR_H
#define ZVM_BASE_ERROR_H

#include "zvm.h"

/* Sets status and text; os, rule and offset become 0. */
zvm_status zvm__fail(zvm_error *err, zvm_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, and ": <strerror(os)>" is appended. */
zvm_status zvm__fail_os(zvm_error *err, zvm_status status, int os,
                        const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/*
** Our own bugs end the process, in every build. Never for what a guest or
** a caller can bring about.
*/
#define ZVM_CHECK(cond)                                                  \
  ((cond) ? (void)0 : zvm__check_failed(#cond, __FILE__, __LINE__))

_Noreturn void zvm__check_failed(const char *what, const char *file,
                                 int line);

#endif
