/*
** blocking.S - a system call that cannot sleep through a stop.
**
**   long zvm__blocking_call(stop, number, a, b, c)
**        rdi = stop, rsi = number, rdx rcx r8 = arguments -> rax
**
** A signal that arrives before `begin` is seen by the test; one that
** arrives inside the call makes the kernel answer -EINTR, as our handlers
** are not SA_RESTART; one in between is taken to `stopped` by the handler
** (trap/signals.c), which compares the pc with these labels.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <asm/errno.h>

  .text
  .globl zvm__blocking_call, zvm__blocking_begin
  .globl zvm__blocking_end, zvm__blocking_stopped
  .hidden zvm__blocking_call, zvm__blocking_begin
  .hidden zvm__blocking_end, zvm__blocking_stopped
  .type zvm__blocking_call, @function
  .p2align 4
zvm__blocking_call:
  .cfi_startproc
  mov %rdi, %r9
  mov %rsi, %rax
  mov %rdx, %rdi
  mov %rcx, %rsi
  mov %r8, %rdx
zvm__blocking_begin:
  cmpl $0, (%r9)
  jne zvm__blocking_stopped
  syscall
zvm__blocking_end:
  ret
zvm__blocking_stopped:
  mov $-EINTR, %rax
  ret
  .cfi_endproc
  .size zvm__blocking_call, .-zvm__blocking_call
  .section .note.GNU-stack, "", @progbits
