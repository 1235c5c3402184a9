/*
** malloc_check.c - the allocator under a long run of random use.
**
** Each block is filled with a pattern of its own and looked at again before
** it goes. Then the memory is used up, given back and used up again with
** other sizes: what was small blocks must become large ones and the other
** way round. Expected: "N checks, 0 failed", exit 0. Wants 64 MiB.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <zvm.h>

#include "check.h"

#define SLOTS 2000

static unsigned char *slot[SLOTS];
static size_t length[SLOTS];
static uint32_t state = 1;

static uint32_t draw(void) {
  state ^= state << 13;
  state ^= state >> 17;
  return state ^= state << 5;
}

static size_t draw_size(void) {
  switch (draw() % 16) {
    case 0: return draw() % 100000;
    case 1: return draw() % 10000;
    case 2: case 3: case 4: return draw() % 2000;
    default: return draw() % 200;
  }
}

static void paint(int i) { memset(slot[i], i * 7 + 1, length[i]); }

static int is_painted(int i, size_t n) {
  for (size_t k = 0; k < n; k++)
    if (slot[i][k] != (unsigned char)(i * 7 + 1)) return 0;
  return 1;
}

static int is_zero(const unsigned char *p, size_t n) {
  while (n && !p[n - 1]) n--;
  return !n;
}

static void renew(int i) {
  size_t align;
  length[i] = draw_size();
  switch (draw() % 8) {
    case 0:
      slot[i] = calloc(1, length[i]);
      CHECK(slot[i] && is_zero(slot[i], length[i]));
      break;
    case 1:
      align = (size_t)1 << draw() % 14;
      slot[i] = memalign(align, length[i]);
      CHECK(slot[i] && (uintptr_t)slot[i] % align == 0);
      break;
    default: slot[i] = malloc(length[i]); CHECK(slot[i]);
  }
  CHECK((uintptr_t)slot[i] % 16 == 0);
  CHECK(malloc_usable_size(slot[i]) >= length[i]);
  paint(i);
}

static void check_random_use(void) {
  for (int round = 0; round < 200000; round++) {
    int i = draw() % SLOTS;
    if (!slot[i]) {
      renew(i);
    } else if (draw() % 4 == 0) {
      size_t n = draw_size(), kept = n < length[i] ? n : length[i];
      unsigned char *p = realloc(slot[i], n + 1);
      CHECK(p != NULL);
      slot[i] = p;
      CHECK(is_painted(i, kept));
      length[i] = n + 1;
      paint(i);
    } else {
      CHECK(is_painted(i, length[i]));
      free(slot[i]);
      slot[i] = NULL;
    }
  }
  for (int i = 0; i < SLOTS; i++) {
    if (slot[i]) CHECK(is_painted(i, length[i]));
    free(slot[i]);
    slot[i] = NULL;
  }
}

/* Take blocks of one size until there are no more; give all back. */
static size_t exhaust(size_t size) {
  void **chain = NULL, **p;
  size_t n = 0;
  while ((p = malloc(size))) {
    *p = chain;
    chain = p;
    n++;
  }
  while ((p = chain)) {
    chain = *p;
    free(p);
  }
  return n * size;
}

static void check_reuse(void) {
  static const size_t order[] = { 16, 100000, 48, 8192, 1 << 20,
                                  5000, 300, 4 << 20, 16 };
  size_t first = exhaust(order[0]);
  CHECK(first > 50u << 20);
  for (size_t i = 1; i < sizeof(order) / sizeof(*order); i++) {
    size_t got = exhaust(order[i]);
    if (!CHECK(got > first / 10 * 8))
      printf("  %zu bytes in blocks of %zu\n", got, order[i]);
  }
}

static void check_limits(void) {
  volatile size_t huge = -1;
  CHECK(!malloc(huge) && !malloc(huge / 2) && !calloc(huge / 2, 3));
  CHECK(!realloc(NULL, huge));
  CHECK(!calloc(huge / 0x10000, 0x10002));
  void *p = malloc(0), *q = malloc(0);
  CHECK(p && q && p != q);
  free(p);
  free(q);
  free(NULL);
  CHECK(posix_memalign(&p, 3, 8) != 0);
  CHECK(posix_memalign(&p, 64, 100) == 0 && (uintptr_t)p % 64 == 0);
  free(p);
  CHECK((p = aligned_alloc(65536, 70000)) && (uintptr_t)p % 65536 == 0);
  free(p);
}

static void check_mmap(void) {
  char *p = mmap(NULL, 10 * 4096, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(p != MAP_FAILED && is_zero((unsigned char *)p, 40960));
  memset(p, 1, 40960);
  CHECK(munmap(p + 4096, 4096) == 0); /* a hole */
  CHECK(p[0] == 1 && p[8192] == 1);
  CHECK(munmap(p, 40960) == 0);
  p = mmap(NULL, 40960, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
           -1, 0);
  CHECK(p != MAP_FAILED && is_zero((unsigned char *)p, 40960));
  p[5] = 7;
  p = mremap(p, 40960, 100 * 4096, MREMAP_MAYMOVE);
  CHECK(p != MAP_FAILED && p[5] == 7 && !p[50 * 4096]);
  CHECK(munmap(p, 100 * 4096) == 0);
  CHECK(mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
        MAP_FAILED);
  CHECK(mmap(NULL, 3u << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
        MAP_FAILED);
}

/* What the library OS asks of the pages (malloc/pages.c). */
size_t __zvm_pages_spare(void);
_Bool __zvm_pages_leave_reserve(size_t size);

/* Nothing is free but what no list has: every page counts once. */
static void check_spare(void) {
  size_t spare = __zvm_pages_spare();
  size_t most = spare - MANIFEST->heap_size / 64;
  char *volatile p, *volatile q; /* else compilers leave blocks out */
  CHECK(spare > 60u << 20 && spare < 64u << 20 && spare % 4096 == 0);
  CHECK(__zvm_pages_leave_reserve(most));
  CHECK(!__zvm_pages_leave_reserve(most + 1));
  CHECK(!__zvm_pages_leave_reserve(-1));
  p = malloc(100 * 4096);
  q = malloc(50 * 4096);
  CHECK(__zvm_pages_spare() == spare - 150 * 4096);
  free(p); /* a hole below q */
  CHECK(__zvm_pages_spare() == spare - 50 * 4096);
  p = malloc(30 * 4096);
  CHECK(p < q && __zvm_pages_spare() == spare - 80 * 4096);
  p = realloc(p, 90 * 4096);
  CHECK(p < q && __zvm_pages_spare() == spare - 140 * 4096);
  free(q);
  free(p);
  CHECK(__zvm_pages_spare() == spare);
  CHECK((p = malloc(spare)) && !__zvm_pages_spare() && !malloc(1 << 20));
  CHECK(!__zvm_pages_leave_reserve(0));
  free(p);
  CHECK(__zvm_pages_leave_reserve(most));
}

/* What malloc holds back in slabs counts when it is needed. */
static void check_reserve_sweeps(void) {
  size_t before = __zvm_pages_spare();
  exhaust(48);
  CHECK(__zvm_pages_leave_reserve(before / 10 * 9));
  exhaust(48);
  CHECK(__zvm_pages_spare() >= before / 10 * 9);
}

int main(void) {
  check_spare();
  check_limits();
  check_mmap();
  check_random_use();
  check_reuse();
  check_random_use();
  check_mmap();
  check_reserve_sweeps();
  return check_end();
}
