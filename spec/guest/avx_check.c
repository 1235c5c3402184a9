/*
** avx_check.c - built for x86-64-v3: 256-bit registers work, survive what
** they should, and carry nothing from the host, nor to where a fault leads.
**
** Prints a checksum of integer work that the compiler vectorises, then "ok".
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "zvm.h"

/* All sixteen, or'ed: not zero if any bit of any is set. */
static int any_bit_in_vectors(void) {
  uint32_t out[8];
  __asm__ volatile("vorps %%ymm1,%%ymm0,%%ymm0\n vorps %%ymm2,%%ymm0,%%ymm0\n"
                   "vorps %%ymm3,%%ymm0,%%ymm0\n vorps %%ymm4,%%ymm0,%%ymm0\n"
                   "vorps %%ymm5,%%ymm0,%%ymm0\n vorps %%ymm6,%%ymm0,%%ymm0\n"
                   "vorps %%ymm7,%%ymm0,%%ymm0\n vorps %%ymm8,%%ymm0,%%ymm0\n"
                   "vorps %%ymm9,%%ymm0,%%ymm0\n vorps %%ymm10,%%ymm0,%%ymm0\n"
                   "vorps %%ymm11,%%ymm0,%%ymm0\n vorps %%ymm12,%%ymm0,%%ymm0\n"
                   "vorps %%ymm13,%%ymm0,%%ymm0\n vorps %%ymm14,%%ymm0,%%ymm0\n"
                   "vorps %%ymm15,%%ymm0,%%ymm0\n vmovups %%ymm0,%0"
                   : "=m"(out)
                   :
                   : "xmm0");
  for (int i = 0; i < 8; i++)
    if (out[i] != 0)
      return 1;
  return 0;
}

static void fill_vectors(void) {
  __asm__ volatile("vpcmpeqd %%ymm0,%%ymm0,%%ymm0\n"
                   "vmovaps %%ymm0,%%ymm7\n vmovaps %%ymm0,%%ymm15" ::
                       : "xmm0", "xmm7", "xmm15");
}

/* -- At a fault ----------------------------------------------------------- */

static uint32_t answer;
static uint64_t stack[512] __attribute__((aligned(16)));
extern const char at_fault[];
__attribute__((used, aligned(8))) struct {
  uint32_t entry, stack; /* zvm_abi_faults of docs/abi.md */
  char rest[168];
} own_faults;

/* The first code of ours that runs after it. */
__asm__(".text\n.type at_fault, @function\nat_fault:\n"
        " subl $8, %esp\n call after_fault\n hlt\n"
        ".section .note.zvm, \"a\", @note\n.p2align 2\n.long 4, 8, 2\n"
        ".asciz \"zvm\"\n.long own_faults, 176\n.text\n");

__attribute__((used, noreturn)) static void after_fault(void) {
  int any = any_bit_in_vectors();
  if (any)
    puts("a fault leaves vectors behind");
  else
    printf("%08x ok\n", (unsigned)answer);
  fflush(stdout);
  fill_vectors(); /* for the next run of this module to find, if it could */
  zvm_exit(any);
}

int main(void) {
  static uint32_t a[1024], b[1024];
  uint32_t sum = 0;
  fill_vectors();
  zvm_pwrite(1, "", 0, 0);
  if (any_bit_in_vectors()) {
    puts("a trap leaves vectors behind");
    return 1;
  }
  for (uint32_t i = 0; i < 1024; i++) {
    a[i] = i * 2654435761u;
    b[i] = a[i] >> (i % 32);
  }
  for (int round = 0; round < 100; round++)
    for (int i = 0; i < 1024; i++)
      sum += (a[i] ^ b[i]) * (uint32_t)round + (a[i] > b[i] ? 3u : 5u);
  answer = sum;
  own_faults.stack = (uint32_t)(uintptr_t)(stack + 511);
  own_faults.entry = (uint32_t)(uintptr_t)at_fault;
  fill_vectors();
  *(volatile int *)64 = 1;
  return 1;
}
