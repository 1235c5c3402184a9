# good.s - the same kinds of things, done as the rules want them.
#
# SPDX-License-Identifier: Apache-2.0
  .set pwrite, 0x10040          # slots of the gate
  .set exit, 0x100a0

  .text
  .globl _start
_start:
  mov $message, %eax
  cmpb $0, (%eax)               # 32-bit address: prefix 67
  mov $write, %eax
  and $-32, %eax                # masked, in one bundle with its call
  call *%rax
  .p2align 5, 0xf4
  xor %edi, %edi
  .nops 25                      # a call ends its bundle
  call exit
  .p2align 5, 0xf4
write:
  mov $1, %edi
  mov $message, %esi
  mov $length, %edx
  xor %ecx, %ecx
  .nops 10
  call pwrite
  testq $0xffffffff8000001f, (%rsp)
  .byte 0x75, 1                 # jne over the ret
  ret
  hlt
  .p2align 5, 0xf4

  .section .rodata
message:
  .ascii "good\n"
  .set length, . - message
