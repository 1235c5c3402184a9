/*
** bits/setjmp.h - rbx rbp r12 r13 r14 r15 rsp pc; see setjmp/setjmp.S.
**
** SPDX-License-Identifier: Apache-2.0
*/
typedef unsigned long long __jmp_buf[8];
