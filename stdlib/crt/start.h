/*
** start.h - what stands between the manifest and main().
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_CRT_START_H
#define ZVM_CRT_START_H

#include <stddef.h>

#include "sys.h"

typedef void run_fn(size_t argc, char **argv, char **envp);

/*
** Merge what the channel says with what is there, and go on with `run`,
** which does not return: what was made is on this function's stack.
*/
hidden _Noreturn void __zvm_nvram(int channel, size_t argc, char **argv,
                                  char **envp, run_fn *run);

#endif
