/*
** single_threaded.h - <sys/single_threaded.h>: whether a thread was ever
** created.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef _SYS_SINGLE_THREADED_H
#define _SYS_SINGLE_THREADED_H

#ifdef __cplusplus
extern "C"
#else
extern
#endif
    char __libc_single_threaded;

#endif
