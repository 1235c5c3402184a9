/*
** asm.c - inline assembly that the rewriter takes.
**
** Written as for any x86-64 program, but for addresses of 32 bits.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>
#include <string.h>

#include "../check.h"

#define FAR __attribute__((noinline, noclone))

static int cell = 40;

FAR static int memory_operand(int *p, int i) {
  int out;
  __asm__("movl %1, %0\n\taddl %2, %0" : "=&r"(out) : "m"(p[i]), "m"(cell));
  __asm__("incl %0" : "+m"(p[i]) : : "cc");
  return out;
}

FAR static void copy(char *to, const char *from, size_t n) {
  __asm__ volatile("cld; rep movsb"
                   : "+D"(to), "+S"(from), "+c"(n)
                   :
                   : "memory");
}

FAR static void fill(uint32_t *to, uint32_t x, size_t n) {
  __asm__ volatile("rep; stosl" : "+D"(to), "+c"(n) : "a"(x) : "memory");
}

FAR static size_t length(const char *s) {
  size_t n = -1;
  __asm__("repne scasb" : "+D"(s), "+c"(n) : "a"(0) : "cc", "memory");
  return ~n - 1;
}

FAR static int compare(const char *a, const char *b, size_t n) {
  char same;
  __asm__("cmpl %%eax, %%eax; repe cmpsb"
          : "+S"(a), "+D"(b), "+c"(n), "=@ccz"(same)
          :
          : "eax", "memory");
  return same;
}

FAR static int swap_if(int *p, int want, int now) {
  unsigned char done;
  __asm__ volatile("lock; cmpxchgl %3, %1\n\tsete %0"
                   : "=q"(done), "+m"(*p), "+a"(want)
                   : "r"(now)
                   : "memory", "cc");
  return done;
}

FAR static int sign(int x) {
  __asm__ goto("testl %0, %0\n\tjs %l[below]" : : "r"(x) : "cc" : below);
  return 1;
below:
  return -1;
}

/* Labels of its own, a loop, the second byte of a register. */
FAR static unsigned digits(unsigned n) {
  unsigned count = 0;
  __asm__("1:\n\t"
          "xorl %%edx, %%edx\n\t"
          "divl %2\n\t"
          "incl %1\n\t"
          "testl %%eax, %%eax\n\t"
          "jnz 1b\n\t"
          "movb $1, %%dh /* ignored */"
          : "+a"(n), "+r"(count)
          : "r"(10)
          : "edx", "cc");
  return count;
}

/* A call, and so every register that a call may change. */
__attribute__((used, noinline)) static int twice(int x) { return 2 * x; }
FAR static int calls(int x) {
  int out;
  __asm__ volatile("call twice"
                   : "=a"(out), "+D"(x)
                   :
                   : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory",
                     "cc", "xmm0", "xmm1");
  return out;
}

FAR static int through_table(int i) {
  int out;
  __asm__ volatile(".pushsection .rodata; 9: .long 11, 22, 33; .popsection\n\t"
                   "movl 9b(,%q1,4), %0"
                   : "=r"(out)
                   : "r"((int64_t)i));
  return out;
}

FAR static uint64_t wide(uint64_t a, uint64_t b, uint64_t *high) {
  uint64_t low;
  __asm__("mulq %3" : "=a"(low), "=d"(*high) : "0"(a), "rm"(b) : "cc");
  return low;
}

FAR static int bits(uint32_t x) {
  int low, high;
  __asm__("bsfl %2, %0; bsrl %2, %1; bswapl %2; btl $3, %2"
          : "=&r"(low), "=&r"(high), "+r"(x)
          :
          : "cc");
  return low + 100 * high;
}

/* The stack, and every register that is kept. */
FAR static int64_t deep(int64_t x) {
  __asm__ volatile("subq $128, %%rsp\n\tpushq %0\n\tpushq $3\n\t"
                   "popq %%rcx\n\tpopq %0\n\taddq %%rcx, %0\n\t"
                   "leaq 128(%%rsp), %%rsp"
                   : "+r"(x)
                   :
                   : "rcx", "rbx", "r12", "r13", "r14", "r15", "cc",
                     "memory");
  return x;
}

FAR static float sse(const float *p) {
  float out;
  __asm__("movups (%1), %%xmm7\n\tmulps %%xmm7, %%xmm7\n\t"
          "haddps %%xmm7, %%xmm7\n\thaddps %%xmm7, %%xmm7\n\t"
          "movss %%xmm7, %0"
          : "=m"(out)
          : "r"(p), "m"(*(const float(*)[4])p)
          : "xmm7");
  return out;
}


int main(void) {
  int list[4] = {1, 2, 3, 4};
  CHECK(memory_operand(list, 2) == 43 && list[2] == 4);
  char text[32] = "", *said = "a string of letters";
  copy(text, said, strlen(said) + 1);
  CHECK(strcmp(text, said) == 0);
  uint32_t words[5] = {0, 0, 0, 0, 7};
  fill(words, 0xabcdef01, 4);
  CHECK(words[0] == 0xabcdef01 && words[3] == words[0] && words[4] == 7);
  CHECK(length(said) == 19 && length("") == 0);
  CHECK(compare(said, text, 19) && !compare(said, "a strong of letters", 19));
  CHECK(swap_if(list, 1, 9) && !swap_if(list, 1, 8) && list[0] == 9);
  CHECK(sign(3) == 1 && sign(-3) == -1);
  CHECK(digits(0) == 1 && digits(12345) == 5);
  CHECK(calls(21) == 42);
  CHECK(through_table(0) == 11 && through_table(2) == 33);
  uint64_t high;
  CHECK(wide(1ull << 63, 6, &high) == 0 && high == 3);
  CHECK(bits(0x00180000) == 19 + 100 * 20);
  CHECK(deep(39) == 42);
  const float f[4] = {1, 2, 3, 4};
  CHECK(sse(f) == 30);
  return check_end();
}
