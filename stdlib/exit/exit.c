/*
** exit.c - what a program does last: musl's exit(), and before all of it the
** destructors of the calling thread's thread_local objects. C++ wants them
** ahead of all that atexit() knows, whenever that was registered.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>

#include "libc.h"

static void nothing(void) {}
weak_alias(nothing, __funcs_on_exit);
weak_alias(nothing, __stdio_exit);
weak_alias(nothing, _fini);

/* Of thread/at_exit.c, in programs that have such objects. */
extern weak hidden void __zvm_thread_run_at_exit(void);

extern weak hidden void (*const __fini_array_start[])(void),
    (*const __fini_array_end[])(void);

static void run_destructors(void) {
  void (*const *f)(void) = __fini_array_end;
  while (f > __fini_array_start) (*--f)();
  _fini();
}
weak_alias(run_destructors, __libc_exit_fini);

/* Each function is off its list when it runs: one that calls exit() again
** goes on with those behind it. */
_Noreturn void exit(int code) {
  if (__zvm_thread_run_at_exit) __zvm_thread_run_at_exit();
  __funcs_on_exit();
  __libc_exit_fini();
  __stdio_exit();
  _Exit(code);
}
