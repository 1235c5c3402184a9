/*
** accept.c - the validator: bundles through an automaton, eight at a time.
**
** The automaton (automaton.h) has all rules that look at the bytes of one
** bundle; what depends on addresses is looked at in its events. It has no
** jumps to mispredict, and eight bundles hide the latency of its one load.
** Why a text is refused is found out by explain.c.
**
** Source of the idea: the DFA validator of Native Client.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <emmintrin.h>

#include "validator/automaton.h"
#include "validator/validator.h"

#include "automaton.inc"

enum { BUNDLE = ZVM_BUNDLE_SIZE, ABREAST = 8 };

/* The state after each byte of a bundle. */
typedef uint16_t trace[BUNDLE] __attribute__((aligned(16)));

typedef struct pass {
  const uint8_t *text;
  uint32_t size;
  uint32_t address;
  uint32_t *starts; /* before a bundle is read: targets in it            */
  uint32_t base;    /* of the bundle at hand                              */
  uint32_t stray;   /* not 0: a target is not a start                     */
  int16_t limit; /* states from here on are above the CPU level, or refuse */
  trace traces[ABREAST]; /* of the bundles at hand                        */
} pass;

/* -- Events --------------------------------------------------------------- */

static inline int32_t le32(const uint8_t *p) {
  return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 |
                   (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

static bool is_gate_slot(int64_t target) {
  int64_t off = target - ZVM_GATE_BASE;
  return off >= 0 && off < ZVM_SLOT_COUNT * BUNDLE && off % BUNDLE == 0;
}

/*
** A direct branch by `disp` ends before `end`, an offset into the text. A
** target behind is looked up at once, one ahead when its bundle is read;
** without a jump, which would be mispredicted.
*/
static bool note_target(pass *p, uint32_t end, int32_t disp) {
  int64_t off = (int64_t)end + disp;
  uint32_t bit = 1u << (off & (BUNDLE - 1));
  uint32_t *word;
  if (off < 0 || off >= p->size)
    return is_gate_slot(off + p->address);
  word = &p->starts[off / BUNDLE];
  p->stray |= off < p->base ? bit & ~*word : 0;
  *word |= off < p->base ? 0 : bit;
  return true;
}

/* A rip-relative access ends before `end`, `behind` bytes after its disp. */
static bool rip_is_inside(pass *p, uint32_t end, unsigned behind) {
  int64_t target = (int64_t)p->address + end +
                   le32(p->text + end - behind - 4);
  return target >= ZVM_NULL_GUARD && target <= UINT32_MAX;
}

/*
** What the automaton leaves open about the instruction that ends before byte
** `end` of the bundle. `starts` loses what is inside a sequence.
*/
static bool look_at(pass *p, unsigned event, unsigned end,
                    uint32_t *starts) {
  uint32_t base = p->base;
  switch (event) {
  case ZVM__BRANCH8:
  case ZVM__SKIPPED:
    return note_target(p, base + end, (int8_t)p->text[base + end - 1]);
  case ZVM__BRANCH32:
    return note_target(p, base + end, le32(p->text + base + end - 4));
  case ZVM__RIP:
    return rip_is_inside(p, base + end, 0);
  case ZVM__RIP_1:
    return rip_is_inside(p, base + end, 1);
  case ZVM__RIP_2:
    return rip_is_inside(p, base + end, 2);
  case ZVM__RIP_4:
    return rip_is_inside(p, base + end, 4);
  case ZVM__JUMP_2:
    *starts &= ~(1u << (end - 2));
    return true;
  case ZVM__JUMP_3:
    *starts &= ~(1u << (end - 3));
    return true;
  case ZVM__RETURN:
    *starts &= ~(5u << (end - 3));
    return true;
  default:
    return false;
  }
}

/* -- Bundles -------------------------------------------------------------- */

/* Bit n: the state after byte n is below `bound`. */
static inline uint32_t states_below(const __m128i s[4], int16_t bound) {
  const __m128i b = _mm_set1_epi16(bound);
  __m128i low = _mm_packs_epi16(_mm_cmpgt_epi16(b, s[0]),
                                _mm_cmpgt_epi16(b, s[1]));
  __m128i high = _mm_packs_epi16(_mm_cmpgt_epi16(b, s[2]),
                                 _mm_cmpgt_epi16(b, s[3]));
  return (uint32_t)_mm_movemask_epi8(low) |
         (uint32_t)_mm_movemask_epi8(high) << 16;
}

/* The bundle at p->base was read as `t`. */
static bool check_bundle(pass *p, const uint16_t *t) {
  uint32_t *word = &p->starts[p->base / BUNDLE];
  const __m128i s[4] = {_mm_load_si128((const __m128i *)t),
                        _mm_load_si128((const __m128i *)t + 1),
                        _mm_load_si128((const __m128i *)t + 2),
                        _mm_load_si128((const __m128i *)t + 3)};
  uint32_t ends = states_below(s, ZVM__ENDS);
  uint32_t events = states_below(s, ZVM__EVENTS);
  uint32_t starts = ends << 1 | 1;
  bool good = ends >> (BUNDLE - 1) != 0 &&
              states_below(s, p->limit) == UINT32_MAX;
  for (; events != 0; events &= events - 1) {
    unsigned at = (unsigned)__builtin_ctz(events);
    good &= look_at(p, t[at], at + 1, &starts);
  }
  p->stray |= *word & ~starts;
  *word = starts;
  return good;
}

/*
** Read ABREAST bundles. Not inlined: all states stay in registers, which
** the loop needs for its speed.
*/
static __attribute__((noinline)) void read_abreast(const uint8_t *b,
                                                   trace *t) {
  size_t state[ABREAST];
  unsigned i, k;
  for (k = 0; k < ABREAST; k++)
    state[k] = ZVM__START;
  for (i = 0; i < BUNDLE; i++)
#pragma GCC unroll 8
    for (k = 0; k < ABREAST; k++) {
      state[k] = zvm__next[state[k]][b[k * BUNDLE + i]];
      t[k][i] = (uint16_t)state[k];
    }
}

static void read_one(const uint8_t *b, trace t) {
  size_t state = ZVM__START;
  unsigned i;
  for (i = 0; i < BUNDLE; i++) {
    state = zvm__next[state][b[i]];
    t[i] = (uint16_t)state;
  }
}

/* The next `count` bundles: 1 or ABREAST. */
static bool check_bundles(pass *p, unsigned count) {
  bool good = true;
  unsigned i;
  if (count == 1)
    read_one(p->text + p->base, p->traces[0]);
  else
    read_abreast(p->text + p->base, p->traces);
  for (i = 0; i < count; i++, p->base += BUNDLE)
    good &= check_bundle(p, p->traces[i]);
  return good;
}

bool zvm__accepts(const uint8_t *text, uint32_t size, uint32_t address,
                  int level, uint32_t *starts) {
  pass p = {
      .text = text,
      .size = size,
      .address = address,
      .starts = starts,
      .limit = level < ZVM_LEVEL_V3 ? ZVM__ABOVE_V2 : ZVM__REFUSED};
  bool good = size != 0 && size % BUNDLE == 0 && address % BUNDLE == 0;
  while (good && p.base < size)
    good = check_bundles(&p, size - p.base < ABREAST * BUNDLE ? 1 : ABREAST);
  return good && p.stray == 0;
}
