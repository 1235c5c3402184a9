/*
** cpuid.h - in place of gcc's, for tests that ask for it by quotes: the
** processor has what the code was compiled for, since the module's level
** says so. A guest may not ask (R_INSN_NONDET).
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef CPUID_H
#define CPUID_H

/* The tests' own inline assembly asks the system, too. */
__asm__(".macro xgetbv\n\tmovl $7, %eax\n\txorl %edx, %edx\n\t.endm");

#define bit_FMA4 0
#define bit_SSE4a 0
#define bit_SSE2 1
#define bit_SSE3 1
#define bit_SSSE3 1
#define bit_SSE4_1 1
#define bit_SSE4_2 1
#define bit_AVX 1
#define bit_AVX2 1
#define bit_OSXSAVE 1
#define bit_FMA 1
#define bit_F16C 1
#define bit_BMI 1
#define bit_BMI2 1
#define bit_LZCNT 1
#define bit_ABM 1
#define bit_MOVBE 1
#define bit_POPCNT 1
#define bit_CMOV 1
#define bit_LAHF_LM 1
#define bit_MMX 0
#define bit_SSE 1

#define __cpuid(leaf, a, b, c, d) ((a) = (b) = (c) = (d) = ~0u)
#define __cpuid_count(leaf, sub, a, b, c, d) ((a) = (b) = (c) = (d) = ~0u)

static inline int __get_cpuid_count(unsigned leaf, unsigned sub, unsigned *a,
                                    unsigned *b, unsigned *c, unsigned *d) {
  (void)leaf, (void)sub;
  *a = *b = *c = *d = ~0u;
  return 1;
}

static inline int __get_cpuid(unsigned leaf, unsigned *a, unsigned *b,
                              unsigned *c, unsigned *d) {
  return __get_cpuid_count(leaf, 0, a, b, c, d);
}

static inline unsigned __get_cpuid_max(unsigned leaf, unsigned *sig) {
  (void)leaf, (void)sig;
  return 7;
}

#endif
