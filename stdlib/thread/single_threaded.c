/*
** single_threaded.c - no thread was created yet. C++ asks before it waits for
** another one: for a static object that is being made, a callback that runs.
**
** SPDX-License-Identifier: Apache-2.0
*/
extern char __libc_single_threaded;
char __libc_single_threaded = 1;
