/*
** atomic.c - what libatomic offers, for a machine with one thread.
**
** Nobody can come between: every operation is a plain one.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* gcc knows these names and gives them types of its own. */
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"

typedef unsigned __int128 uti;

static void copy(void *to, const void *from, size_t size) {
  char *d = to;
  const char *s = from;
  for (; size; size--) *d++ = *s++;
}

static bool same(const void *left, const void *right, size_t size) {
  const char *a = left, *b = right;
  for (; size; size--)
    if (*a++ != *b++) return false;
  return true;
}

void zvm_atomic_load(size_t size, void *from, void *to, int order)
    __asm__("__atomic_load");
void zvm_atomic_store(size_t size, void *to, void *from, int order)
    __asm__("__atomic_store");
void zvm_atomic_exchange(size_t size, void *at, void *in, void *out,
                         int order) __asm__("__atomic_exchange");
bool zvm_atomic_compare(size_t size, void *at, void *want, void *in, int ok,
                        int fail) __asm__("__atomic_compare_exchange");
bool zvm_atomic_is_free(size_t size, void *at) __asm__("__atomic_is_lock_free");
void __clear_cache(void *from, void *to);

void zvm_atomic_load(size_t size, void *from, void *to, int order) {
  (void)order;
  copy(to, from, size);
}

void zvm_atomic_store(size_t size, void *to, void *from, int order) {
  (void)order;
  copy(to, from, size);
}

void zvm_atomic_exchange(size_t size, void *at, void *in, void *out,
                         int order) {
  (void)order;
  for (size_t i = 0; i < size; i++) {
    char c = ((char *)at)[i];
    ((char *)at)[i] = ((char *)in)[i];
    ((char *)out)[i] = c;
  }
}

bool zvm_atomic_compare(size_t size, void *at, void *want, void *in, int ok,
                        int fail) {
  bool equal = same(at, want, size);
  (void)ok;
  (void)fail;
  if (equal)
    copy(at, in, size);
  else
    copy(want, at, size);
  return equal;
}

bool zvm_atomic_is_free(size_t size, void *at) {
  (void)size;
  (void)at;
  return true;
}

#define FETCH(n, type, word, how)                                        \
  type zvm_fetch_##word##_##n(type *p, type v, int order)                \
      __asm__("__atomic_fetch_" #word "_" #n);                           \
  type zvm_##word##_fetch_##n(type *p, type v, int order)                \
      __asm__("__atomic_" #word "_fetch_" #n);                           \
  type zvm_fetch_##word##_##n(type *p, type v, int order) {              \
    type old = *p;                                                       \
    (void)order;                                                         \
    *p = (type)(how);                                                    \
    return old;                                                          \
  }                                                                      \
  type zvm_##word##_fetch_##n(type *p, type v, int order) {              \
    type old = *p;                                                       \
    (void)order;                                                         \
    return *p = (type)(how);                                             \
  }

#define SIZED(n, type)                                                   \
  type zvm_load_##n(const type *p, int order) __asm__("__atomic_load_" #n); \
  void zvm_store_##n(type *p, type v, int order)                         \
      __asm__("__atomic_store_" #n);                                     \
  type zvm_exchange_##n(type *p, type v, int order)                      \
      __asm__("__atomic_exchange_" #n);                                  \
  bool zvm_compare_##n(type *p, type *want, type v, int ok, int fail)    \
      __asm__("__atomic_compare_exchange_" #n);                          \
  type zvm_load_##n(const type *p, int order) {                          \
    (void)order;                                                         \
    return *p;                                                           \
  }                                                                      \
  void zvm_store_##n(type *p, type v, int order) {                       \
    (void)order;                                                         \
    *p = v;                                                              \
  }                                                                      \
  type zvm_exchange_##n(type *p, type v, int order) {                    \
    type old = *p;                                                       \
    (void)order;                                                         \
    *p = v;                                                              \
    return old;                                                          \
  }                                                                      \
  bool zvm_compare_##n(type *p, type *want, type v, int ok, int fail) {  \
    type old = *p;                                                       \
    (void)ok;                                                            \
    (void)fail;                                                          \
    if (old == *want) {                                                  \
      *p = v;                                                            \
      return true;                                                       \
    }                                                                    \
    *want = old;                                                         \
    return false;                                                        \
  }                                                                      \
  FETCH(n, type, add, old + v)                                           \
  FETCH(n, type, sub, old - v)                                           \
  FETCH(n, type, and, old & v)                                           \
  FETCH(n, type, or, old | v)                                            \
  FETCH(n, type, xor, old ^ v)                                           \
  FETCH(n, type, nand, ~(old & v))

SIZED(1, uint8_t)
SIZED(2, uint16_t)
SIZED(4, uint32_t)
SIZED(8, uint64_t)
SIZED(16, uti)

/* Code that is written at run time goes through jail, which sees to it. */
void __clear_cache(void *from, void *to) {
  (void)from;
  (void)to;
}

/* -- What <stdatomic.h> has macros for, as functions ---------------------- */

void atomic_thread_fence(int order);
void atomic_signal_fence(int order);
bool atomic_flag_test_and_set(volatile bool *flag);
bool atomic_flag_test_and_set_explicit(volatile bool *flag, int order);
void atomic_flag_clear(volatile bool *flag);
void atomic_flag_clear_explicit(volatile bool *flag, int order);
void __atomic_feraiseexcept(int flags);

void atomic_thread_fence(int order) {
  (void)order;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void atomic_signal_fence(int order) {
  (void)order;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

bool atomic_flag_test_and_set(volatile bool *flag) {
  return __atomic_test_and_set(flag, __ATOMIC_SEQ_CST);
}

bool atomic_flag_test_and_set_explicit(volatile bool *flag, int order) {
  (void)order;
  return atomic_flag_test_and_set(flag);
}

void atomic_flag_clear(volatile bool *flag) {
  __atomic_clear(flag, __ATOMIC_SEQ_CST);
}

void atomic_flag_clear_explicit(volatile bool *flag, int order) {
  (void)order;
  atomic_flag_clear(flag);
}

/* What an atomic `x += y` of floating point has raised, once it is done. */
void __atomic_feraiseexcept(int flags) {
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | ((unsigned)flags & 63));
}
