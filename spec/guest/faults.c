/*
** faults.c - fails in the way its argument names.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char data[64] __attribute__((aligned(32)));
static const char constant[64] = "constant";
static volatile int zero, seven = 7;
static volatile uintptr_t text;      /* gcc must not know what is where */
static volatile uintptr_t data_addr;


static int __attribute__((noinline)) recurse(int depth) {
  volatile char frame[512];
  if (depth < 0)
    return 0;
  frame[0] = (char)depth;
  return recurse(depth + 1) + frame[0];
}


static int fail_by(const char *how) {
  if (strcmp(how, "null-read") == 0)
    return *(volatile int *)zero;
  if (strcmp(how, "null-write") == 0)
    *(volatile int *)zero = 1;
  if (strcmp(how, "text-write") == 0)
    *(volatile int *)text = 1;
  if (strcmp(how, "constant-write") == 0)
    *(volatile char *)constant = 1;
  if (strcmp(how, "gate-write") == 0)
    *(volatile int *)0x10000 = 1;
  if (strcmp(how, "manifest-write") == 0)
    *(volatile int *)0xFEFFFFFC = 1;
  if (strcmp(how, "divide") == 0)
    return seven / zero;
  if (strcmp(how, "data-jump") == 0)
    ((void (*)(void))data_addr)();
  if (strcmp(how, "null-call") == 0)
    ((void (*)(void))zero)();
  if (strcmp(how, "overflow") == 0)
    return recurse(0);
  if (strcmp(how, "trap") == 0)
    __builtin_trap();
  if (strcmp(how, "hlt") == 0)
    __asm__ volatile("hlt");
  if (strcmp(how, "int3") == 0)
    __asm__ volatile("int3");
  if (strcmp(how, "abort") == 0)
    abort();
  return 1;
}


int main(int argc, char **argv) {
  text = (uintptr_t)main;
  data_addr = (uintptr_t)data;
  printf("before\n");
  fflush(stdout);
  return fail_by(argc > 1 ? argv[1] : "");
}
