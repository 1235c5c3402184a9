/*
** pthread_arch.h - the thread pointer is the address of the only thread.
**
** SPDX-License-Identifier: Apache-2.0
*/

/* Defined and initialised in crt/start.c. */
extern struct __pthread __zvm_thread __attribute__((__visibility__("hidden")));

static inline uintptr_t __get_tp(void) { return (uintptr_t)&__zvm_thread; }

#define MC_PC gregs[REG_RIP]
