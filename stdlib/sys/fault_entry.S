/*
** fault_entry.S - where the host sends a program that has faulted, and the note
** that tells it of that.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "zvm_abi.h"

/* On the fault stack, with every register zero. */
        .text
        .globl  __zvm_fault_entry
        .hidden __zvm_fault_entry
        .type   __zvm_fault_entry, @function
__zvm_fault_entry:
        .cfi_startproc
        .cfi_undefined rip      /* nobody called */
        subl    $8, %esp
        call    __zvm_fault_begin
        hlt                     /* it does not return */
        .cfi_endproc
        .size   __zvm_fault_entry, .-__zvm_fault_entry

/* _Noreturn void __zvm_fault_leave(uintptr_t top, void (*run)(void)) */
        .globl  __zvm_fault_leave
        .hidden __zvm_fault_leave
        .type   __zvm_fault_leave, @function
__zvm_fault_leave:
        .cfi_startproc
        .cfi_undefined rip      /* what was interrupted is not a caller */
        andl    $-16, %edi
        movl    %edi, %esp
        call    *%rsi
        hlt                     /* it does not return */
        .cfi_endproc
        .size   __zvm_fault_leave, .-__zvm_fault_leave

        .section .note.zvm, "a", @note
        .p2align 2
        .long   4               /* size of the name */
        .long   8               /* size of what it says */
        .long   ZVM_NOTE_FAULTS
        .asciz  "zvm"
        .long   __zvm_faults
        .long   ZVM_FAULTS_SIZE

        .section .note.GNU-stack, "", @progbits
