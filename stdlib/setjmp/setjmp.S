/*
** setjmp.S - setjmp, sigsetjmp, longjmp, siglongjmp.
**
** The buffer: rbx 0, rbp 8, r12 16, r13 24, r14 32, r15 40, rsp 48, pc 56,
** then a long (64) that is not 0 if a signal mask is kept, and the mask
** (68). A saved pc is a return address and so the start of a bundle; an
** address that was tampered with is masked like any other on the way out.
**
** SPDX-License-Identifier: Apache-2.0
*/
        .text
        .globl  setjmp, _setjmp, __setjmp
        .type   setjmp, @function
        .type   _setjmp, @function
        .type   __setjmp, @function
setjmp:
_setjmp:
__setjmp:
        .cfi_startproc
        movl    $0, 64(%edi)
save:
        movq    %rbx, (%edi)
        movq    %rbp, 8(%edi)
        movq    %r12, 16(%edi)
        movq    %r13, 24(%edi)
        movq    %r14, 32(%edi)
        movq    %r15, 40(%edi)
        leaq    8(%rsp), %rdx   /* rsp as the caller will have it again */
        movq    %rdx, 48(%edi)
        movq    (%rsp), %rdx
        movq    %rdx, 56(%edi)
        xorl    %eax, %eax
        ret
        .cfi_endproc
        .size   setjmp, .-setjmp

/* int sigsetjmp(sigjmp_buf buf, int save_mask) */
        .globl  sigsetjmp, __sigsetjmp
        .type   sigsetjmp, @function
        .type   __sigsetjmp, @function
sigsetjmp:
__sigsetjmp:
        .cfi_startproc
        movl    %esi, 64(%edi)
        testl   %esi, %esi
        jz      save
        pushq   %rdi
        .cfi_def_cfa_offset 16
        leal    68(%edi), %edx
        xorl    %esi, %esi
        xorl    %edi, %edi
        call    sigprocmask
        popq    %rdi
        .cfi_def_cfa_offset 8
        jmp     save
        .cfi_endproc
        .size   sigsetjmp, .-sigsetjmp

/* _Noreturn void longjmp(jmp_buf buf, int value) */
        .globl  longjmp, _longjmp, siglongjmp
        .type   longjmp, @function
        .type   _longjmp, @function
        .type   siglongjmp, @function
longjmp:
_longjmp:
siglongjmp:
        .cfi_startproc
        cmpl    $0, 64(%edi)
        je      1f
        pushq   %rdi
        .cfi_def_cfa_offset 16
        pushq   %rsi
        .cfi_def_cfa_offset 24
        subl    $8, %esp
        .cfi_def_cfa_offset 32
        leal    68(%edi), %esi
        movl    $2, %edi        /* SIG_SETMASK */
        xorl    %edx, %edx
        call    sigprocmask
        addl    $8, %esp
        .cfi_def_cfa_offset 24
        popq    %rsi
        .cfi_def_cfa_offset 16
        popq    %rdi
        .cfi_def_cfa_offset 8
1:      cmpl    $1, %esi
        adcl    $0, %esi        /* a value of 0 comes back as 1 */
        movl    %esi, %eax
        movq    (%edi), %rbx
        movq    8(%edi), %rbp
        movq    16(%edi), %r12
        movq    24(%edi), %r13
        movq    32(%edi), %r14
        movq    40(%edi), %r15
        movl    48(%edi), %edx
        movl    56(%edi), %ecx
        movl    %edx, %esp
        jmp     *%rcx
        .cfi_endproc
        .size   longjmp, .-longjmp

        .section .note.GNU-stack, "", @progbits
