/*
** bare.h - large variables of functions that are not zeroed first.
**
** All others are, by -ftrivial-auto-var-init: what is forgotten there is never
** what somebody else left. That takes a microsecond for some ten KiB, so where
** only what was written is ever read, and calls are many, it is left out.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_BASE_BARE_H
#define ZVM_BASE_BARE_H

#ifdef __clang__
#define ZVM__BARE
#else
#define ZVM__BARE __attribute__((uninitialized))
#endif

#endif
