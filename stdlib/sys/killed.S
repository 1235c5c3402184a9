/*
** killed.S - where a program ends that a signal kills, and stacks of handlers.
**
** Each signal has a halt of its own, so that the host's report, which names
** the place of a fault, names the signal.
**
** SPDX-License-Identifier: Apache-2.0
*/
        .macro  ends number, name
        cmpl    $\number, %edi
        je      killed_by_\name
        .endm

        .macro  halts name
killed_by_\name:
        hlt
        .endm

/* _Noreturn void __zvm_killed_by(int sig) */
        .text
        .globl  __zvm_killed_by
        .hidden __zvm_killed_by
__zvm_killed_by:
        .cfi_startproc
        ends    1, SIGHUP
        ends    2, SIGINT
        ends    3, SIGQUIT
        ends    4, SIGILL
        ends    5, SIGTRAP
        ends    6, SIGABRT
        ends    7, SIGBUS
        ends    8, SIGFPE
        ends    9, SIGKILL
        ends    10, SIGUSR1
        ends    11, SIGSEGV
        ends    12, SIGUSR2
        ends    13, SIGPIPE
        ends    14, SIGALRM
        ends    15, SIGTERM
        ends    16, SIGSTKFLT
        ends    24, SIGXCPU
        ends    25, SIGXFSZ
        ends    26, SIGVTALRM
        ends    27, SIGPROF
        ends    29, SIGIO
        ends    30, SIGPWR
        ends    31, SIGSYS
        halts   realtime_signal
        halts   SIGHUP
        halts   SIGINT
        halts   SIGQUIT
        halts   SIGILL
        halts   SIGTRAP
        halts   SIGABRT
        halts   SIGBUS
        halts   SIGFPE
        halts   SIGKILL
        halts   SIGUSR1
        halts   SIGSEGV
        halts   SIGUSR2
        halts   SIGPIPE
        halts   SIGALRM
        halts   SIGTERM
        halts   SIGSTKFLT
        halts   SIGXCPU
        halts   SIGXFSZ
        halts   SIGVTALRM
        halts   SIGPROF
        halts   SIGIO
        halts   SIGPWR
        halts   SIGSYS
        .cfi_endproc

/* void __zvm_call_on(uintptr_t top, void (*run)(void *), void *arg) */
        .globl  __zvm_call_on
        .hidden __zvm_call_on
        .type   __zvm_call_on, @function
__zvm_call_on:
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        movl    %esp, %ebp
        .cfi_def_cfa_register rbp
        andl    $-16, %edi
        movl    %edi, %esp
        movl    %edx, %edi
        call    *%rsi
        movl    %ebp, %esp
        popq    %rbp
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc
        .size   __zvm_call_on, .-__zvm_call_on

        .section .note.GNU-stack, "", @progbits
