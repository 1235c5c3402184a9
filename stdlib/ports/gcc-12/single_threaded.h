/*
** single_threaded.h - <sys/single_threaded.h>: what counts references asks
** whether it has to do so atomically. Threads take turns: never.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef _SYS_SINGLE_THREADED_H
#define _SYS_SINGLE_THREADED_H

static const char __libc_single_threaded = 1;

#endif
