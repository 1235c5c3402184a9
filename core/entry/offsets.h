/*
** offsets.h - where the fields of a zvm__context are, for assembly.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_ENTRY_OFFSETS_H
#define ZVM_ENTRY_OFFSETS_H

#define ZVM__HOST_RSP 0
#define ZVM__GUEST_RSP 8
#define ZVM__DISPATCH 16
#define ZVM__OWNER 24
#define ZVM__GO 32
#define ZVM__OUT 40
#define ZVM__ENTRY 48
#define ZVM__DONE 56
#define ZVM__HAS_AVX 60
#define ZVM__HOST_MXCSR 64
#define ZVM__GUEST_MXCSR 68
#define ZVM__HOST_CW 72
#define ZVM__ENTRY_ESP 76

/* MXCSR at entry: all exceptions masked, round to nearest, no FTZ or DAZ. */
#define ZVM__MXCSR_DEFAULT 0x1F80

#endif
