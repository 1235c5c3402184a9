/*
** leave.S - guest to host and back: every trap, and the last way out.
**
** On arrival from a gate slot:
**   eax = slot   rdi rsi rdx rcx = arguments   rsp, r11 = anything
**
**   register        on return to the guest   why
**   rax             result
**   rbx rbp r12-15  as they were             callee-saved, by the C ABI
**   rsp             one word popped
**   r11             return address, masked   the guest's own
**   rcx rdx rsi rdi r8-r10, all vectors  0   the host's C code left things
**   mxcsr           as it was                rounding is the guest's choice;
**                                            nobody has touched it, see below
**   flags           constant
**
** MXCSR stays the guest's: to store and load it would take as long as all else
** here. What answers traps does not calculate with floating point; what is not
** ours, and may, is called with the host's MXCSR (trap/trap.c, trap/trace.c).
**
** The guest stack is hostile: rsp may point to anything up to 4 GiB + 8, so
** that the two accesses to it may fault; a fault with a pc on this page is
** the guest's.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "memory/layout.h"
#include "offsets.h"

#define CTX(field) \
  zvm__leave_copy + (ZVM__CONTEXT - ZVM__SPRING) + field(%rip)

/* Not executable here: gate.c copies it to the springboard. */
  .section zvm_leave, "a", @progbits
  .globl zvm__leave_copy, zvm__leave_copy_end, zvm__leave_copy_exit
  .hidden zvm__leave_copy, zvm__leave_copy_end, zvm__leave_copy_exit
  .p2align 6
zvm__leave_copy:
  /* No C code may run on a stack that the guest chose. */
  mov %rsp, CTX(ZVM__GUEST_RSP)
  mov CTX(ZVM__HOST_RSP), %rsp
  /* A guest cannot set DF; string instructions of the host rely on it. */
  cld
  mov %rcx, %r9
  mov %rdx, %r8
  mov %rsi, %rcx
  mov %rdi, %rdx
  mov %eax, %esi
  mov CTX(ZVM__OWNER), %rdi
  /* Dirty upper halves slow down every SSE instruction of the host. */
  cmpl $0, CTX(ZVM__HAS_AVX)
  je .Lsse_host
  vzeroupper
  call *CTX(ZVM__DISPATCH)
  /* Each is done when its register is renamed; vzeroall is microcode. */
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  vpxor %xmm\n, %xmm\n, %xmm\n
  .endr
  jmp .Lback
.Lsse_host:
  call *CTX(ZVM__DISPATCH)
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  pxor %xmm\n, %xmm\n
  .endr
.Lback:
  cmpl $0, CTX(ZVM__DONE)
  jne zvm__leave_copy_exit
  .irp r, ecx, edx, esi, edi, r8d, r9d, r10d
  xor %\r, %\r
  .endr
  mov CTX(ZVM__GUEST_RSP), %rsp
  /*
  ** The return address is whatever the guest left there: masked into the
  ** low 4 GiB and to a bundle start, it is as good as any indirect jump. In
  ** place, and with ret, so that the return predictor stays paired.
  */
  mov (%rsp), %r11d
  and $-32, %r11d
  mov %r11, (%rsp)
  cmp %esp, %esp
  ret

/*
** The last way out, from a trap, a fault or a signal, any registers, either
** stack. May be interrupted and started again at any instruction.
*/
zvm__leave_copy_exit:
  mov CTX(ZVM__HOST_RSP), %rsp
  cld
  ldmxcsr CTX(ZVM__HOST_MXCSR)
  fldcw CTX(ZVM__HOST_CW)
  cmpl $0, CTX(ZVM__HAS_AVX)
  je .Lout
  vzeroupper
.Lout:
  jmp *CTX(ZVM__OUT)
zvm__leave_copy_end:
  .section .note.GNU-stack, "", @progbits
