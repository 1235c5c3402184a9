/*
** restorer.S - the way out of a signal handler.
**
** These two instructions, in these bytes, are what debuggers and unwinders
** know the frame of a signal by: no frame information may say otherwise.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <asm/unistd_64.h>

  .text
  .globl zvm__restorer
  .hidden zvm__restorer
  .type zvm__restorer, @function
  .p2align 4
  nop /* they look one byte before it, as if it were a return address */
zvm__restorer:
  mov $__NR_rt_sigreturn, %rax
  syscall
  .size zvm__restorer, .-zvm__restorer
  .section .note.GNU-stack, "", @progbits
