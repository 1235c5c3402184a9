/*
** start.S - the first instructions of a program, and its note.
**
** LEVEL is the CPU level that the note declares; the same source makes
** crt1-v2.o and crt1-v3.o.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "zvm_abi.h"

        .text
        .globl  _start
        .type   _start, @function
_start:
        .cfi_startproc
        .cfi_undefined rip      /* nobody called: a backtrace ends here */
        xorl    %ebp, %ebp      /* no frame above this one */
        subl    $8, %esp        /* as if called: a call follows */
        call    __zvm_start
        hlt                     /* it does not return */
        .cfi_endproc
        .size   _start, .-_start

        .section .note.zvm, "a", @note
        .p2align 2
        .long   4               /* size of the name */
        .long   8               /* size of what it says */
        .long   ZVM_NOTE_MODULE
        .asciz  "zvm"
        .long   ZVM_ABI_VERSION
        .long   LEVEL

        .section .note.GNU-stack, "", @progbits
