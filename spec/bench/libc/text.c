/*
** text.c - libc: blocks of memory and strings of one size, or of many.
**
** Copies and fills go through sixty-four pairs of alignments, which follow
** no pattern; those of "_aligned" start at multiples of 64.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "libc.h"

enum { PAIRS = 64, MIX = 1024 };

static char *from, *to;
static unsigned char shift_from[PAIRS], shift_to[PAIRS];
static uint16_t sizes[MIX];

static void fill_text(size_t size) {
  size_t room = (size + 8191) / 4096 * 4096;
  from = aligned_alloc(4096, room);
  to = aligned_alloc(4096, room);
  memset(from, 'x', room);
  memset(to, 'x', room);
  for (int i = 0; i < PAIRS; i++) {
    shift_from[i] = random_u32() & 63;
    shift_to[i] = random_u32() & 63;
  }
  for (int i = 0; i < MIX; i++)
    sizes[i] = (uint16_t)(random_u32() % (size + 1));
}

#define EACH(name, body)                                                     \
  static NOINLINE uint64_t name(size_t size, unsigned rounds) {              \
    uint64_t sum = 0;                                                        \
    for (unsigned i = 0; i < rounds; i++) {                                  \
      char *a = from + shift_from[i % PAIRS];                                \
      char *b = to + shift_to[i % PAIRS];                                    \
      body;                                                                  \
    }                                                                        \
    (void)size;                                                              \
    return sum;                                                              \
  }

EACH(copy, (memcpy(b, a, size), sum += (size_t)*b))
EACH(copy_aligned, ((void)a, (void)b, memcpy(to, from, size),
                    sum += (size_t)*to))
EACH(copy_mixed, (memcpy(b, a, sizes[i % MIX]), sum += (size_t)*b))
EACH(move, (memmove(b, a, size), sum += (size_t)*b))
EACH(fill, ((void)a, memset(b, 'y', size), sum += (size_t)*b))
EACH(fill_aligned, ((void)a, (void)b, memset(to, 'y', size),
                    sum += (size_t)*to))
EACH(fill_mixed, ((void)a, memset(b, 'y', sizes[i % MIX]),
                  sum += (size_t)*b))

/* Strings end where their size says: one zero for each alignment. */
static void end_text(size_t size) {
  fill_text(size);
  from[size + 63] = to[size + 63] = 0;
}

#define FROM_END(name, body)                                                 \
  static NOINLINE uint64_t name(size_t size, unsigned rounds) {              \
    uint64_t sum = 0;                                                        \
    for (unsigned i = 0; i < rounds; i++) {                                  \
      size_t n = size - (shift_from[i % PAIRS] & 15) % size;                 \
      char *a = from + 63 + size - n;                                        \
      char *b = to + 63 + size - n;                                          \
      body;                                                                  \
    }                                                                        \
    return sum;                                                              \
  }

FROM_END(length, ((void)b, sum += strlen(a)))
FROM_END(find_char, ((void)b, sum += (size_t)(strchr(a, 'y') == NULL)))
FROM_END(find_byte, ((void)b, sum += (size_t)(memchr(a, 'y', n) == NULL)))
FROM_END(compare, sum += (size_t)(strcmp(a, b) == 0))
FROM_END(compare_block, sum += (size_t)(memcmp(a, b, n) == 0))
FROM_END(compare_n, sum += (size_t)(strncmp(a, b, n) == 0))
FROM_END(copy_string, (strcpy(b, a), sum += (size_t)*b))
FROM_END(find_last, ((void)b, sum += (size_t)(strrchr(a, 'y') == NULL)))
FROM_END(bounded, ((void)b, sum += strnlen(a, n + 9)))

static NOINLINE uint64_t length_mixed(size_t size, unsigned rounds) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < rounds; i++)
    sum += strlen(from + 63 + size - sizes[i % MIX]);
  return sum;
}

/* Words of English length, a needle that nearly matches often. */
static void start_needle(size_t size) {
  fill_text(size);
  for (size_t i = 0; i < size; i++)
    from[i] = "etaoin shrdlu "[random_u32() % 14];
  from[size] = 0;
}

static NOINLINE uint64_t find_needle(size_t size, unsigned rounds) {
  static const char *const needles[] = {"the rust", "shore", "on it is",
                                        "a relation"};
  uint64_t sum = 0;
  for (unsigned i = 0; i < rounds; i++)
    sum += strstr(from + (i & 7), needles[i & 3]) == NULL;
  (void)size;
  return sum;
}

static const struct test tests[] = {
    {"memcpy", fill_text, copy},
    {"memcpy_aligned", fill_text, copy_aligned},
    {"memcpy_mixed", fill_text, copy_mixed},
    {"memmove", fill_text, move},
    {"memset", fill_text, fill},
    {"memset_aligned", fill_text, fill_aligned},
    {"memset_mixed", fill_text, fill_mixed},
    {"strlen", end_text, length},
    {"strlen_mixed", end_text, length_mixed},
    {"strchr", end_text, find_char},
    {"strrchr", end_text, find_last},
    {"memchr", end_text, find_byte},
    {"strcmp", end_text, compare},
    {"strncmp", end_text, compare_n},
    {"memcmp", end_text, compare_block},
    {"strcpy", end_text, copy_string},
    {"strnlen", end_text, bounded},
    {"strstr", start_needle, find_needle},
    {NULL, NULL, NULL},
};
