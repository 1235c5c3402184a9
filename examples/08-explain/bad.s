# bad.s - nine ways out of the sandbox, none of which works.
#
# Assembled by plain `as`: zvm-cc would refuse or repair most of this. Each
# function starts a bundle, so that each is judged by itself.
#
# SPDX-License-Identifier: Apache-2.0

.macro function name
  .p2align 5, 0xf4
  .type \name, @function
\name:
.endm
.macro done name
  .size \name, . - \name
.endm

  .text
  .globl _start
function _start
  nop
done _start

function read_host              # an address of 64 bits
  movabs $0x7fff00000000, %rdi
  mov (%rdi), %rax
done read_host

function open_file              # the kernel's open
  mov $2, %eax
  syscall
done open_file

function look_at_clock          # to measure what is in the cache
  rdtsc
done look_at_clock

function hide                   # the tail of this mov is a system call
  .skip 31, 0x90
  mov $0x050f, %eax
done hide

function call_pointer           # whatever %rax holds
  mov 8(%rsp), %rax
  call *%rax
done call_pointer

function skip_mask              # jump to the jump, past its mask
  mov $0x20001, %eax
  jmp 1f
  and $-32, %eax
1:jmp *%rax
done skip_mask

function return                 # to whatever the stack says
  add $8, %esp
  ret
done return

function move_stack             # then push into the host
  mov %rdi, %rsp
  push %rax
done move_stack

function jump_away              # to code of the host's own
  jmp . + 0x10000000
done jump_away
  .p2align 5, 0xf4
