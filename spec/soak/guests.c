/*
** guests.c - the programs of the trials.
**
** Assembled with `.bundle_align_mode`: each instruction is in one bundle.
** Traps go through `gate`, calls through `calls`.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "guests.h"

#include <stdio.h>

#include "../core/guest.h"

__asm__(".bundle_align_mode 5\n"
        ".macro calls to\n"
        ".p2align 5\n"
        ".nops 27\n"
        "call \\to\n"
        ".endm\n");

/* Exits with what it reads. */
GUEST(exits,
      "xor %edi, %edi\n mov $0x22000, %esi\n mov $4, %edx\n"
      "xor %ecx, %ecx\n gate 1\n"
      "mov $0x22000, %eax\n mov (%eax), %edi\n finish",
      "");
/* Copies in to out, each byte changed by all before it; exits with the sum. */
GUEST(mixes,
      "mov $0x9e3779b9, %ebx\n"
      "1: xor %edi, %edi\n mov $0x23000, %esi\n mov $8192, %edx\n"
      "xor %ecx, %ecx\n gate 1\n"
      "test %eax, %eax\n jle 3f\n mov %eax, %ebp\n xor %ecx, %ecx\n"
      "2: movzbl 0x23000(%ecx), %edx\n add %edx, %ebx\n"
      "imul $0x01000193, %ebx, %ebx\n mov %ebx, %edx\n shr $24, %edx\n"
      "mov %dl, 0x23000(%ecx)\n inc %ecx\n cmp %ebp, %ecx\n jb 2b\n"
      "mov $1, %edi\n mov $0x23000, %esi\n mov %ebp, %edx\n"
      "xor %ecx, %ecx\n gate 2\n jmp 1b\n"
      "3: mov %ebx, %edi\n finish",
      "");
GUEST(loops, "1: jmp 1b", "");
/* Gets, and exits with the result. */
GUEST(reads,
      "xor %edi, %edi\n mov $0x22000, %esi\n mov $4, %edx\n"
      "xor %ecx, %ecx\n gate 1\n mov %eax, %edi\n finish",
      "");
/* Puts until nothing more goes; exits with the errno. */
GUEST(puts_all,
      "1: mov $1, %edi\n mov $0x22000, %esi\n mov $1000, %edx\n"
      "xor %ecx, %ecx\n gate 2\n test %eax, %eax\n jg 1b\n"
      "neg %eax\n mov %eax, %edi\n finish",
      "");
GUEST(gets_all,
      "1: xor %edi, %edi\n mov $0x22000, %esi\n mov $1000, %edx\n"
      "xor %ecx, %ecx\n gate 1\n test %eax, %eax\n jg 1b\n"
      "neg %eax\n mov %eax, %edi\n finish",
      "");
/* Touches one page after the other, then loops. */
GUEST(touches,
      "mov $0x23000, %eax\n 1: mov %eax, (%eax)\n add $4096, %eax\n"
      "cmp $0x3000000, %eax\n jb 1b\n 2: jmp 2b",
      "");
/* Reads a number of pieces and a seed; puts so many pieces made of it. */
GUEST(floods,
      "xor %edi, %edi\n mov $0x22000, %esi\n mov $8, %edx\n"
      "xor %ecx, %ecx\n gate 1\n"
      "mov $0x22000, %eax\n mov (%eax), %ebx\n mov 4(%eax), %ebp\n"
      "1: xor %ecx, %ecx\n"
      "2: imul $1664525, %ebp, %ebp\n add $1013904223, %ebp\n"
      "mov %ebp, 0x23000(%ecx)\n add $4, %ecx\n cmp $65536, %ecx\n jb 2b\n"
      "mov $1, %edi\n mov $0x23000, %esi\n mov $65536, %edx\n"
      "xor %ecx, %ecx\n gate 2\n"
      "dec %ebx\n jnz 1b\n mov %eax, %edi\n finish",
      "");
/* A byte of each channel from 3 on, at its handle; exits with their hash. */
GUEST(gathers,
      "mov $3, %ebp\n xor %ebx, %ebx\n"
      "1: mov %ebp, %edi\n mov $0x22000, %esi\n mov $1, %edx\n"
      "mov %ebp, %ecx\n gate 1\n"
      "imul $31, %ebx, %ebx\n mov $0x22000, %eax\n movzbl (%eax), %edx\n"
      "add %edx, %ebx\n"
      "inc %ebp\n cmp $303, %ebp\n jb 1b\n mov %ebx, %edi\n finish",
      "");
GUEST(calls_kernel, "syscall", "");

/* Two calls deep, after a trap: `before`, then `code` at the label. */
#define FAULT(name, before, code)                                        \
  GUEST(name,                                                            \
        "gate 6\n calls 1f\n hlt\n .p2align 5\n"                         \
        "1: push %rbp\n mov %rsp, %rbp\n calls 2f\n hlt\n .p2align 5\n"  \
        "2: push %rbp\n mov %rsp, %rbp\n" before "\n .p2align 5\n"       \
        ".globl " #name "_at\n" #name "_at:\n" code,                     \
        "")

FAULT(reads_null, "xor %eax, %eax", "mov 8(%eax), %ecx");
FAULT(writes_text, "mov $0x20040, %eax", "mov %eax, (%eax)");
FAULT(runs_data, "mov $0x21000, %eax", "and $-32, %eax\n jmp *%rax");
FAULT(divides, "xor %ecx, %ecx\n xor %edx, %edx", "div %ecx");
FAULT(is_undefined, "", "ud2");
FAULT(halts, "", "hlt");
FAULT(breaks, "", "int3");
FAULT(misaligned, "mov $0x21001, %eax", "movaps (%eax), %xmm0");
FAULT(overflows, "", "3: push %rax\n jmp 3b");
__asm__(".bundle_align_mode 0\n");
