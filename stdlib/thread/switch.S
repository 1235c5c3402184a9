/*
** switch.S - from one thread's stack to another's.
**
** Kept, from the stack pointer up: MXCSR, r15 r14 r13 r12 rbp rbx, pc.
** Everything else is lost at a call anyway. A pc is a return address, and
** the way back is a masked return: a stack that was tampered with leads to
** the start of a bundle at worst.
**
** SPDX-License-Identifier: Apache-2.0
*/
        .text

/* void __zvm_switch(uint32_t *save, uint32_t sp) */
        .globl  __zvm_switch
        .hidden __zvm_switch
        .type   __zvm_switch, @function
__zvm_switch:
        .cfi_startproc
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        subl    $8, %esp
        .cfi_adjust_cfa_offset 8
        stmxcsr (%rsp)
        movl    %esp, (%edi)
        movl    %esi, %esp
        ldmxcsr (%rsp)
        addl    $8, %esp
        .cfi_adjust_cfa_offset -8
        popq    %r15
        .cfi_adjust_cfa_offset -8
        popq    %r14
        .cfi_adjust_cfa_offset -8
        popq    %r13
        .cfi_adjust_cfa_offset -8
        popq    %r12
        .cfi_adjust_cfa_offset -8
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        ret
        .cfi_endproc
        .size   __zvm_switch, .-__zvm_switch

/* The first frame of a thread: a backtrace ends here. */
        .globl  __zvm_thread_entry
        .hidden __zvm_thread_entry
        .type   __zvm_thread_entry, @function
__zvm_thread_entry:
        .cfi_startproc
        .cfi_undefined rip
        xorl    %ebp, %ebp
        call    __zvm_thread_main
        hlt
        .cfi_endproc
        .size   __zvm_thread_entry, .-__zvm_thread_entry

        .section .note.GNU-stack, "", @progbits
