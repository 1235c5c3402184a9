/*
** bits/fenv.h - the floating-point environment is MXCSR and nothing else.
**
** Exceptions are its status bits, rounding modes its RC field in place.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define FE_INVALID 0x01
#define __FE_DENORM 0x02
#define FE_DIVBYZERO 0x04
#define FE_OVERFLOW 0x08
#define FE_UNDERFLOW 0x10
#define FE_INEXACT 0x20
#define FE_ALL_EXCEPT 0x3f

#define FE_TONEAREST 0x0000
#define FE_DOWNWARD 0x2000
#define FE_UPWARD 0x4000
#define FE_TOWARDZERO 0x6000

typedef unsigned int fexcept_t;

typedef struct {
  unsigned int __mxcsr;
} fenv_t;

#define FE_DFL_ENV ((const fenv_t *)-1)
