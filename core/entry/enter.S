/*
** enter.S - host to guest.
**
**   register      on entry to the guest     why
**   rax...r15     0, rsp excepted           nothing of the host leaks, and
**                                           every run starts alike
**   rsp           0xFFFFFFE8                a zero return address lies there;
**                                           for a fault that the guest
**                                           handles, what it asked for
**   xmm, ymm      0, upper halves too       the same; zmm16-31 and the masks
**                                           cannot be named by a guest
**   mxcsr         0x1F80                    rounding is part of the result
**   flags         those of cmp %eax, %eax   DF clear, all others constant
**
** zvm__enter returns when leave.S's exit path comes back to `out`: on the
** host's stack as saved here, callee-saved registers, MXCSR and x87 control
** word as they were.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "memory/layout.h"
#include "offsets.h"

/* The code of zvm_enter runs as a copy; its context is at a fixed distance. */
#define CTX(field) \
  zvm__enter_copy - ZVM__SPRING_ENTER + (ZVM__CONTEXT - ZVM__SPRING) \
      + field(%rip)

  .text
  .globl zvm__enter
  .hidden zvm__enter
  .type zvm__enter, @function
  .p2align 4
zvm__enter:
  .cfi_startproc
  push %rbp
  .cfi_adjust_cfa_offset 8
  push %rbx
  .cfi_adjust_cfa_offset 8
  push %r12
  .cfi_adjust_cfa_offset 8
  push %r13
  .cfi_adjust_cfa_offset 8
  push %r14
  .cfi_adjust_cfa_offset 8
  push %r15
  .cfi_adjust_cfa_offset 8
  sub $8, %rsp                  /* traps call C: 16-byte alignment */
  .cfi_adjust_cfa_offset 8
  stmxcsr ZVM__HOST_MXCSR(%rdi)
  fnstcw ZVM__HOST_CW(%rdi)
  lea .Lout(%rip), %rax
  mov %rax, ZVM__OUT(%rdi)
  mov %rsp, ZVM__HOST_RSP(%rdi)
  /* From here on the exit path works: signals may use it (zvm__gate_has). */
  jmp *ZVM__GO(%rdi)
.Lout:
  add $8, %rsp
  .cfi_adjust_cfa_offset -8
  pop %r15
  .cfi_adjust_cfa_offset -8
  pop %r14
  .cfi_adjust_cfa_offset -8
  pop %r13
  .cfi_adjust_cfa_offset -8
  pop %r12
  .cfi_adjust_cfa_offset -8
  pop %rbx
  .cfi_adjust_cfa_offset -8
  pop %rbp
  .cfi_adjust_cfa_offset -8
  ret
  .cfi_endproc
  .size zvm__enter, .-zvm__enter

/* Not executable here: gate.c copies it to the springboard. */
  .section zvm_enter, "a", @progbits
  .globl zvm__enter_copy, zvm__enter_copy_end
  .hidden zvm__enter_copy, zvm__enter_copy_end
  .p2align 6
zvm__enter_copy:
  /* A stop that came before we got here: its handler saw host code. */
  cmpl $0, CTX(ZVM__DONE)
  jne .Lnot_at_all
  ldmxcsr CTX(ZVM__GUEST_MXCSR)
  cmpl $0, CTX(ZVM__HAS_AVX)
  je .Lsse
  vzeroall
  jmp .Lgprs
.Lsse:
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  pxor %xmm\n, %xmm\n
  .endr
.Lgprs:
  .irp r, eax, ebx, ecx, edx, esi, edi, ebp, r8d, r9d, \
    r10d, r11d, r12d, r13d, r14d, r15d
  xor %\r, %\r
  .endr
  mov CTX(ZVM__ENTRY_ESP), %esp
  cmp %eax, %eax                /* every arithmetic flag is defined */
  jmp *CTX(ZVM__ENTRY)
.Lnot_at_all:
  jmp *CTX(ZVM__OUT)            /* still on the host's stack */
zvm__enter_copy_end:
  .section .note.GNU-stack, "", @progbits
