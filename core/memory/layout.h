/*
** layout.h - the map: where everything of an instance lies.
**
**   0x0_0000_0000  null guard    never mapped
**   0x0_0001_0000  gate page     r-x, one for all runs, constant content
**   0x0_0002_0000  module        text r-x, rodata r--, data and bss rw-
**   (data_end)     heap          rw-, up to the session's memory limit
**        ...       unmapped      ends at ZVM_MODULE_END or above
**   (below)        manifest      r--, last word at ZVM_MANIFEST_PTR
**   0x0_FF00_0000  stack guard   at least one page, the rest of the 16 MiB
**   (stack_base)   stack         rw-, ends at 4 GiB
**   0x1_0000_0000  guard region  4 GiB, never mapped
**   0x2_0000_0000  springboard   r-x: the way in and the way out
**   0x2_0000_1000  context       rw-: registers of host and guest meanwhile
**   0x2_0000_2000  end of what we reserve
**
** Why the guard region is sound: a guest's addresses are 32-bit, and reach
** at most 4 GiB + 63 with the widest operand; or they are rsp, itself at
** most 4 GiB + 8, plus a displacement of less than 2 GiB, which ends below
** 6 GiB + 72. Neither reaches the springboard. A negative displacement from
** a small rsp wraps to the top of the address space, where only the kernel
** lives.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_MEMORY_LAYOUT_H
#define ZVM_MEMORY_LAYOUT_H

#include "zvm_abi.h"

#define ZVM__GUEST_END 0x100000000
#define ZVM__GUARD_END 0x200000000
#define ZVM__SPRING 0x200000000
#define ZVM__SPRING_ENTER 0x800 /* of the way in, within the page */
#define ZVM__CONTEXT 0x200001000
#define ZVM__RESERVED_END 0x200002000

/* rsp at entry: 16 n + 8, as after a call, with a zero return address. */
#define ZVM__ENTRY_RSP 0xFFFFFFE8

#endif
