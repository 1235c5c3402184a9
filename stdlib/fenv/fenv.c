/*
** fenv.c - exceptions and rounding, in MXCSR.
**
** Masks of exceptions stay set: an exception never becomes a fault.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <fenv.h>

#define DEFAULT 0x1f80u

static inline unsigned get(void) { return __builtin_ia32_stmxcsr(); }
static inline void set(unsigned mxcsr) { __builtin_ia32_ldmxcsr(mxcsr); }

int feclearexcept(int which) {
  set(get() & ~((unsigned)which & FE_ALL_EXCEPT));
  return 0;
}

int feraiseexcept(int which) {
  set(get() | ((unsigned)which & FE_ALL_EXCEPT));
  return 0;
}

int fetestexcept(int which) {
  return (int)(get() & (unsigned)which & FE_ALL_EXCEPT);
}

int fegetround(void) { return (int)(get() & FE_TOWARDZERO); }

/* musl has checked the mode. */
__attribute__((__visibility__("hidden"))) int __fesetround(int mode) {
  set((get() & ~(unsigned)FE_TOWARDZERO) | (unsigned)mode);
  return 0;
}

int fegetenv(fenv_t *env) {
  env->__mxcsr = get();
  return 0;
}

int fesetenv(const fenv_t *env) {
  set(env == FE_DFL_ENV ? DEFAULT : env->__mxcsr);
  return 0;
}
