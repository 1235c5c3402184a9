/*
** pointer.c - how far the running thread's variables are from where the
** linker put them: what is left of %fs (lua/zvm/toolchain/mem.lua).
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>

uint64_t __zvm_tp; /* read as 4 or 8 bytes */
