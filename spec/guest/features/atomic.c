/*
** atomic.c - every __atomic and __sync builtin, of 1 to 16 bytes.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <fenv.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../check.h"

#define SEQ __ATOMIC_SEQ_CST
#define ORDERS(X, T) X(T, __ATOMIC_RELAXED) X(T, __ATOMIC_SEQ_CST)

#define FETCH(T, op, symbol)                                               \
  x = 0x5a, y = (T)(x symbol 9);                                           \
  CHECK(__atomic_fetch_##op(&x, (T)9, SEQ) == 0x5a && x == y);             \
  x = 0x5a;                                                                \
  CHECK(__atomic_##op##_fetch(&x, (T)9, __ATOMIC_ACQ_REL) == y && x == y); \
  x = 0x5a;                                                                \
  CHECK(__sync_fetch_and_##op(&x, (T)9) == 0x5a && x == y);                \
  x = 0x5a;                                                                \
  CHECK(__sync_##op##_and_fetch(&x, (T)9) == y && x == y)

#define TEST(name, T)                                                      \
  __attribute__((noinline)) static void test_##name(void) {                \
    static T x;                                                            \
    T y, z, want;                                                          \
    __atomic_store_n(&x, (T)77, __ATOMIC_RELEASE);                         \
    CHECK(__atomic_load_n(&x, __ATOMIC_ACQUIRE) == 77);                    \
    CHECK(__atomic_exchange_n(&x, (T)-3, SEQ) == 77 && x == (T)-3);        \
    want = 1;                                                              \
    CHECK(!__atomic_compare_exchange_n(&x, &want, (T)5, false, SEQ, SEQ)); \
    CHECK(want == (T)-3 && x == (T)-3);                                    \
    CHECK(__atomic_compare_exchange_n(&x, &want, (T)5, true, SEQ,          \
                                      __ATOMIC_RELAXED));                  \
    CHECK(x == 5);                                                         \
    y = 11;                                                                \
    __atomic_store(&x, &y, SEQ);                                           \
    __atomic_load(&x, &z, SEQ);                                            \
    CHECK(z == 11);                                                        \
    y = 12;                                                                \
    __atomic_exchange(&x, &y, &z, SEQ);                                    \
    CHECK(z == 11 && x == 12);                                             \
    CHECK(__atomic_compare_exchange(&x, &y, &z, false, SEQ, SEQ));         \
    CHECK(x == 11);                                                        \
    CHECK(__sync_bool_compare_and_swap(&x, 11, 13) && x == 13);            \
    CHECK(__sync_val_compare_and_swap(&x, 1, 2) == 13 && x == 13);         \
    FETCH(T, add, +);                                                      \
    FETCH(T, sub, -);                                                      \
    FETCH(T, and, &);                                                      \
    FETCH(T, or, |);                                                       \
    FETCH(T, xor, ^);                                                      \
    x = 0x5a;                                                              \
    CHECK(__atomic_fetch_nand(&x, (T)9, SEQ) == 0x5a);                     \
    CHECK(x == (T) ~(T)(0x5a & 9));                                        \
    x = 0x5a;                                                              \
    CHECK(__atomic_nand_fetch(&x, (T)9, SEQ) == (T) ~(T)(0x5a & 9));       \
    CHECK((T)__sync_lock_test_and_set(&x, (T)1) == (T) ~(T)(0x5a & 9));    \
    __sync_lock_release(&x);                                               \
    CHECK(x == 0);                                                         \
    _Atomic T c = 3;                                                       \
    c += 4;                                                                \
    c--;                                                                   \
    CHECK(c == 6);                                                         \
  }

TEST(1, uint8_t)
TEST(2, int16_t)
TEST(4, uint32_t)
TEST(8, int64_t)
TEST(16, __int128)

/* Of no power of two, so by a call. */
struct odd {
  char c[11];
};

static void test_odd(void) {
  static struct odd x;
  struct odd y = {"0123456789"}, z;
  __atomic_store(&x, &y, SEQ);
  __atomic_load(&x, &z, SEQ);
  CHECK(z.c[9] == '9');
  y.c[0] = 'x';
  __atomic_exchange(&x, &y, &z, SEQ);
  CHECK(z.c[0] == '0' && x.c[0] == 'x');
  CHECK(!__atomic_compare_exchange(&x, &z, &y, false, SEQ, SEQ));
  CHECK(z.c[0] == 'x');
  CHECK(__atomic_compare_exchange(&x, &z, &y, false, SEQ, SEQ));
}

static void test_flag(void) {
  static bool flag;
  static void *volatile p;
  CHECK(!__atomic_test_and_set(&flag, SEQ));
  CHECK(__atomic_test_and_set(&flag, SEQ));
  __atomic_clear(&flag, SEQ);
  CHECK(!flag);
  __atomic_store_n(&p, &flag, SEQ);
  CHECK(__atomic_exchange_n(&p, 0, SEQ) == &flag);
  __atomic_thread_fence(SEQ);
  __atomic_signal_fence(SEQ);
  __sync_synchronize();
  CHECK(__atomic_always_lock_free(8, 0) && __atomic_is_lock_free(4, &p));
  /* Bits, as gcc makes lock bts and its kin. */
  static uint32_t bits;
  CHECK(!(__atomic_fetch_or(&bits, 1u << 7, SEQ) & 1u << 7));
  CHECK(__atomic_fetch_and(&bits, ~(1u << 7), SEQ) & 1u << 7);
  CHECK(!(__atomic_fetch_xor(&bits, 1u << 31, SEQ) & 1u << 31));
  CHECK(__atomic_sub_fetch(&bits, 1u << 31, SEQ) == 0);
}

/* The functions behind the macros, and an update of floating point. */
static void test_functions(void) {
  atomic_flag flag = ATOMIC_FLAG_INIT;
  CHECK(!(atomic_flag_test_and_set)(&flag));
  CHECK((atomic_flag_test_and_set_explicit)(&flag, memory_order_relaxed));
  (atomic_flag_clear)(&flag);
  CHECK(!(atomic_flag_test_and_set)(&flag));
  (atomic_flag_clear_explicit)(&flag, memory_order_release);
  (atomic_thread_fence)(memory_order_seq_cst);
  (atomic_signal_fence)(memory_order_acquire);
  _Atomic double d = 1;
  feclearexcept(FE_ALL_EXCEPT);
  d /= 3;
  CHECK(d == 1.0 / 3 && fetestexcept(FE_INEXACT));
}


int main(void) {
  test_1(), test_2(), test_4(), test_8(), test_16();
  test_odd();
  test_flag();
  test_functions();
  return check_end();
}
