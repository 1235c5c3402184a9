/*
** callers.c - fails in the way its argument names, with known callers.
**
** Each line that a backtrace names ends with a comment, by which
** spec/backtrace_spec.lua finds it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APART __attribute__((noinline, noclone))

static volatile int zero, depth = 5;
static char data[64] __attribute__((aligned(32)));
typedef int (*function)(int);


static APART int fault(int x) {
  return *(volatile int *)(uintptr_t)zero + x; /* fault */
}


static APART int recurse(int n) {
  char text[40];
  if (n == 0)
    return fault(n) + 1; /* recurse-fault */
  sprintf(text, "%d", n);
  return recurse(n - 1) + text[0]; /* recurse */
}


static function volatile table[] = {recurse, fault};

static APART int through_pointer(int n) {
  return table[n & 1](n - 1) + n; /* pointer */
}


static int compare(const void *a, const void *b) {
  if (*(const int *)a == 3 || *(const int *)b == 3)
    return fault(0) + 1; /* compare */
  return *(const int *)a - *(const int *)b;
}


static APART int in_callback(int n) {
  int list[] = {5, 4, 3, 2, 1, n};
  qsort(list, 6, sizeof list[0], compare); /* callback */
  return list[0];
}


static APART int in_libc(int n) {
  return (int)strlen((char *)(uintptr_t)zero) + n; /* libc */
}


static APART int in_longjmp(int n) {
  longjmp(*(jmp_buf *)(uintptr_t)zero, n); /* longjmp */
}


static APART int with_array(int n) {
  volatile char array[100000];
  array[n] = 1;
  return fault(n) + array[n + 1]; /* array */
}


static APART int with_large_array(int n) {
  volatile char array[1000000];
  array[n] = 1;
  return fault(n) + array[n + 1]; /* large-array */
}


/* Frames that gcc describes by rbp, and by expressions. */
static APART int with_room(int n) {
  volatile char *room = __builtin_alloca((size_t)n + 10);
  room[n] = 1;
  return fault(n) + room[n]; /* room */
}


static APART int aligned(int n) {
  volatile int list[16] __attribute__((aligned(64)));
  volatile char *room = __builtin_alloca((size_t)n + 10);
  list[n] = room[n] = 1;
  return with_room(n) + list[n + 1] + room[n]; /* aligned */
}


static APART int overflow(int n) {
  volatile char room[100];
  room[0] = (char)n;
  return overflow(n + 1) + room[0]; /* overflow */
}


static APART int call_zero(int n) {
  return ((function)(uintptr_t)zero)(n) + 1; /* zero */
}


static APART int call_data(int n) {
  return ((function)(uintptr_t)(data + zero))(n) + 1; /* data */
}


/* Returns to what it is told, in place of to its caller. */
static APART void smash(uint64_t word) {
  *(volatile uint64_t *)__builtin_frame_address(0) = 0;
  ((volatile uint64_t *)__builtin_frame_address(0))[1] = word;
}


/* The compiler does not know that this one does not come back. */
static APART void leave(int n) {
  fault(n); /* leave */
  exit(n);
}


/* Nothing is behind the call: the return address is the next function's. */
static APART __attribute__((noreturn)) void last_call(int n) {
  leave(n); /* last-call */
  __builtin_unreachable();
}


static APART int smash_and_fault(uint64_t word) {
  ((volatile uint64_t *)__builtin_frame_address(0))[1] = word;
  return fault(0) + 1; /* smashed */
}


int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "";
  int n = argc > 2 ? atoi(argv[2]) : depth;
#define HOW(name, call) if (strcmp(how, name) == 0) return call + 1
  HOW("fault", fault(n)); /* main-fault */
  HOW("recurse", recurse(n)); /* main-recurse */
  HOW("pointer", through_pointer(n | 1)); /* main-pointer */
  HOW("callback", in_callback(n)); /* main-callback */
  HOW("libc", in_libc(n)); /* main-libc */
  HOW("longjmp", in_longjmp(n)); /* main-longjmp */
  HOW("array", with_array(n)); /* main-array */
  HOW("large-array", with_large_array(n)); /* main-large-array */
  HOW("aligned", aligned(n)); /* main-aligned */
  HOW("overflow", overflow(n)); /* main-overflow */
  HOW("zero", call_zero(n)); /* main-zero */
  HOW("data", call_data(n)); /* main-data */
  HOW("smash-code", (smash(0x20021), 0)); /* main-smash-code */
  HOW("smash-data", (smash((uintptr_t)data), 0)); /* main-smash-data */
  HOW("smash-high", (smash(0xffffffff00020020), 0)); /* main-smash-high */
  HOW("smashed", smash_and_fault(0x20021)); /* main-smashed */
  if (strcmp(how, "last-call") == 0)
    last_call(n); /* main-last-call */
  return 0;
}
