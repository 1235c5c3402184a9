/*
** trapv.c - arithmetic of -ftrapv: an overflow is an illegal instruction.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>

#define OPERATION(name, type, how)                                       \
  type name(type a, type b);                                             \
  type name(type a, type b) {                                            \
    type out;                                                            \
    if (how(a, b, &out)) __builtin_trap();                               \
    return out;                                                          \
  }

#define UNARY(size, type)                                                \
  type __neg##size(type a);                                              \
  type __abs##size(type a);                                              \
  type __neg##size(type a) {                                             \
    type out;                                                            \
    if (__builtin_sub_overflow((type)0, a, &out)) __builtin_trap();      \
    return out;                                                          \
  }                                                                      \
  type __abs##size(type a) { return a < 0 ? __neg##size(a) : a; }

#define ALL(size, type)                                                  \
  OPERATION(__add##size##3, type, __builtin_add_overflow)                \
  OPERATION(__sub##size##3, type, __builtin_sub_overflow)                \
  OPERATION(__mul##size##3, type, __builtin_mul_overflow)                \
  UNARY(size##2, type)

ALL(vsi, int32_t)
ALL(vdi, int64_t)

/* 128 bits by hand: a product's overflow check would call for itself. */
typedef __int128 ti;
typedef unsigned __int128 uti;

OPERATION(__addvti3, ti, __builtin_add_overflow)
OPERATION(__subvti3, ti, __builtin_sub_overflow)
UNARY(vti2, ti)

ti __mulvti3(ti a, ti b);
ti __muloti4(ti a, ti b, int *overflow);

ti __muloti4(ti a, ti b, int *overflow) {
  uti u = a < 0 ? -(uti)a : (uti)a, v = b < 0 ? -(uti)b : (uti)b;
  uti most = ((uti)1 << 127) - ((a < 0) == (b < 0));
  *overflow = u && v > most / u;
  return (ti)((uti)a * (uti)b);
}

ti __mulvti3(ti a, ti b) {
  int overflow;
  ti out = __muloti4(a, b, &overflow);
  if (overflow) __builtin_trap();
  return out;
}
