/*
** jump.c - computed goto, switches, setjmp, tail calls, nested functions.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include "../check.h"

#define FAR __attribute__((noinline, noclone))

/* A small machine: + - * 0-9 and end, dispatched by labels. */
FAR static int machine(const char *code) {
  static const void *const labels[] = {&&end,  &&digit, &&plus,
                                       &&minus, &&times};
  static const int offset[] = {0, 1, 2, 3, 4};
  int stack[8], n = 0;
#define NEXT                                                               \
  goto *labels[offset[*code == 0     ? 0                                   \
                      : *code >= '0' ? 1                                   \
                      : *code == '+' ? 2                                   \
                      : *code == '-' ? 3                                   \
                                     : 4]]
  NEXT;
digit:
  stack[n++] = *code++ - '0';
  NEXT;
plus:
  n--, code++;
  stack[n - 1] += stack[n];
  NEXT;
minus:
  n--, code++;
  stack[n - 1] -= stack[n];
  NEXT;
times:
  n--, code++;
  stack[n - 1] *= stack[n];
  NEXT;
end:
  return stack[0];
}

/* Differences of labels are data as well. */
FAR static int relative(int i) {
  static const int at[] = {&&zero - &&zero, &&one - &&zero, &&two - &&zero};
  goto *(&&zero + at[i]);
zero:
  return 10;
one:
  return 11;
two:
  return 12;
}

FAR static int dense(int x) {
  switch (x) {
  case 0: return 5;
  case 1: return rand() & 0;
  case 2: return x * 7;
  case 3: return x ^ 9;
  case 4: abort();
  case 5: return -x;
  case 6: x += 3; /* fallthrough */
  case 7: return x;
  case 9: return 1;
  default: return 100;
  }
}

FAR static int sparse(int64_t x) {
  switch (x) {
  case -5000000000: return 1;
  case -1: return 2;
  case 10 ... 20: return 3;
  case 1000: return 4;
  case 1000000: return 5;
  case 0x7fffffffffffffff: return 6;
  }
  return 0;
}

static jmp_buf back;
static int depth;

FAR static void dive(int n) {
  volatile char room[64];
  room[0] = (char)n;
  if (n == 0)
    longjmp(back, 42);
  depth++;
  dive(n - 1);
  room[1] = room[0];
}

FAR static int jumps(void) {
  volatile int tries = 0;
  double kept = 1.5;
  int got = setjmp(back);
  if (got == 0)
    dive(20);
  tries++;
  if (tries < 3)
    longjmp(back, 0);
  return got == 1 && tries == 3 && kept == 1.5;
}

static void *buffer[5];
FAR static void leap(void) { __builtin_longjmp(buffer, 1); }
FAR static int builtin_jumps(void) {
  volatile int n = 0;
  if (__builtin_setjmp(buffer) == 0) {
    n = 1;
    leap();
    n = 2;
  }
  return n;
}

/* Calls that are the last thing done take no stack, but at -O0. */
#ifdef __OPTIMIZE__
#define DEEP 3000000
#define LAST FAR __attribute__((optimize("optimize-sibling-calls")))
#else
#define DEEP 3000
#define LAST FAR
#endif
static int odd(int n);
LAST static int even(int n) { return n == 0 ? 1 : odd(n - 1); }
LAST static int odd(int n) { return n == 0 ? 0 : even(n - 1); }
static int (*volatile hop)(int) = even;
LAST static int through(int n) { return hop(n); }

/* A function that may be missing, called last. */
extern void missing(void) __attribute__((weak));
FAR static void maybe(void) {
  if (missing)
    missing();
}

FAR static int nested(int n) {
  __label__ out;
  int total = 0;
  void add(int k) {
    total += k;
    if (total > 20)
      goto out;
  }
  for (int i = 0; i < n; i++)
    add(i);
  return total;
out:
  return -total;
}


int main(void) {
  CHECK(machine("34+5*2-") == 33);
  CHECK(relative(0) == 10 && relative(1) == 11 && relative(2) == 12);
  static const int expected[] = {100, 5, 0, 14, 10, 0, -5, 9, 7, 100, 1, 100};
  for (int i = -1; i <= 10; i++)
    CHECK(i == 4 || dense(i) == expected[i + 1]);
  CHECK(sparse(-5000000000) == 1 && sparse(-1) == 2 && sparse(15) == 3);
  CHECK(sparse(1000) == 4 && sparse(1000000) == 5 && sparse(21) == 0);
  CHECK(sparse(0x7fffffffffffffff) == 6 && sparse(0x7fffffff) == 0);
  CHECK(sparse(10) == 3 && sparse(20) == 3 && sparse(9) == 0);
  CHECK(jumps() && depth == 20);
  CHECK(builtin_jumps() == 1);
  CHECK(even(DEEP) == 1 && odd(DEEP + 1) == 1 && through(DEEP) == 1);
  maybe();
  CHECK(nested(4) == 6 && nested(100) == -21);
  return check_end();
}
