/*
** enumerate.c - every instruction that the validator accepts, and what is
** like one but refused.
**
** usage: enumerate [--short]
**
** 1. The walk. The automaton decides, so it is walked, depth first, from the
** state between instructions: every accepted instruction is met, with all its
** prefixes, opcodes, VEX fields, ModRM and SIB. Displacements and immediates,
** whose bytes all lead to one state, are taken by a few patterns: each of
** them if there is no SIB, else one in turn. Each instruction is held to the
** decoder and to Zydis (reading.c). From the states that begin or go on with
** a fused sequence only what differs is walked, and may differ only where a
** sequence goes on. What the automaton refuses after any accepted beginning,
** the decoder and explain.c refuse too.
**
** 2. The strings. Automaton and explain.c have one verdict and length, on
**   - all strings of up to three of the eleven legacy prefixes, each with no
**     REX and each REX, before each opcode of the four maps and each ModRM
**     with SIB 24 and 25 (FULL_PREFIXES);
**   - all strings of four of them, with no REX and each, before each opcode
**     with a random ModRM;
**   - all orders of all sets of five to eleven of them, and random strings of
**     up to fourteen prefixes, REX among them, each before a random opcode;
**   - VEX of two and three bytes alone and after 67: all fields, all opcodes,
**     all ModRM of maps 1 to 3, and four ModRM of each other map;
**   - VEX after every string of one or two legacy prefixes or REX: all fields
**     and opcodes, one random ModRM;
**   - random strings.
**
** That no longer string of prefixes is accepted by the automaton, the walk
** shows: it is deterministic, and those begin with a string that is refused.
** One file, although long: the walk and the strings ask the same questions.
**
** Two processes share the work. --short walks 1 in 37 SIBs, one pattern for
** each field, judges 1 in 3 of what that meets, and takes fewer strings.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "reading.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../core/tap.h"
#include "random.h"
#include "validator/validator.h"

#include "automaton.inc"

enum {
  PROCESSES = 2,
  SHOWN = 20,
  BASE = 0x20000,
  FULL_PREFIXES = 3,
  SPACE = 64 /* of a string under test, with zeros behind it               */
};

/* Of one process; in memory that both share. */
typedef struct counters {
  unsigned long accepted, judged, explained, refused, wrong;
  unsigned long strings, dead, alive;
  unsigned long maps[ZVM__MAPS], classes[READING_CLASSES], levels[2];
  unsigned long mnemonics[ZYDIS_MNEMONIC_MAX_VALUE + 1];
} counters;

static counters *count; /* of this process                                 */
static unsigned self;   /* its number                                      */
static bool is_short;
static bool uniform[ZVM__REFUSED + 1]; /* all bytes lead to one state       */


static void complain(const uint8_t *b, const char *why) {
  unsigned i;
  if (count->wrong++ >= SHOWN)
    return;
  printf("# ");
  for (i = 0; i < 16; i++)
    printf("%02x ", b[i]);
  printf("%s\n", why);
  (void)fflush(stdout);
}


/* -- Both passes ---------------------------------------------------------- */

/* Length of the instruction as the automaton reads it; 0 if refused. */
static unsigned read_length(const uint8_t *b) {
  unsigned state = ZVM__START;
  unsigned i;
  for (i = 0; i < 16 && state < ZVM__REFUSED; i++) {
    state = zvm__next[state][b[i]];
    if (state < ZVM__ENDS)
      return i + 1;
  }
  return 0;
}


/*
** As explain.c reads it. Addresses are no matter here: displacements of
** branches and rip-relative operands become 0, which is lawful.
*/
static unsigned explained_length(const uint8_t *b) {
  uint8_t bundle[32];
  uint32_t start[1] = {0};
  zvm__insn in;
  if (zvm__decode(b, zvm__refused_at(ZVM_LEVEL_V3), &in) != ZVM_RULE_NONE)
    return 0;
  count->explained++;
  memset(bundle, 0xf4, sizeof bundle);
  memcpy(bundle, b, in.length);
  if (zvm__is_branch(&in))
    memset(bundle + in.at + 1, 0, in.length - in.at - 1);
  if (zvm__accesses_rip(&in))
    memset(bundle + in.at + 2, 0, 4);
  return zvm__explain(bundle, 32, BASE, ZVM_LEVEL_V3, start, NULL, NULL)
             ? in.length
             : 0;
}


/* -- The walk ------------------------------------------------------------- */

static const uint8_t patterns[][8] = {
    {0},
    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
    {0x7f, 0xff, 0xff, 0x7f, 0x80, 0x00, 0x00, 0x80},
    {0x80, 0x00, 0x00, 0x80, 0x7f, 0xff, 0xff, 0x7f},
    {0xe0, 0xf4, 0x01, 0x66, 0x67, 0xc3, 0xf0, 0x0f},
    {0x01, 0xe0, 0x90, 0x24, 0xc5, 0x48, 0x2e, 0x65},
};

enum { PATTERNS = sizeof patterns / sizeof *patterns };

/* Where the opcode is, by the shape of the bytes before it alone. */
static unsigned opcode_at(const uint8_t *b) {
  unsigned n = 0;
  while (b[n] == 0x66 || b[n] == 0x67 || b[n] == 0xf2 || b[n] == 0xf3 ||
         b[n] == 0xf0)
    n++;
  if ((b[n] & 0xf0) == 0x40)
    n++;
  if (b[n] == 0xc5 || b[n] == 0xc4)
    return n + (b[n] == 0xc5 ? 2 : 3);
  if (b[n] != 0x0f)
    return n;
  return n + ((b[n + 1] & 0xfd) == 0x38 ? 2 : 1);
}


/* After the `n` bytes at `b`, none of which is a field: does SIB follow? */
static bool sib_follows(const uint8_t *b, unsigned n) {
  return n >= 2 && n == opcode_at(b) + 2 && b[n - 1] < 0xc0 &&
         (b[n - 1] & 7) == 4;
}


/* The first three bytes tell whose an instruction is. */
static bool is_mine(const uint8_t *b, unsigned n) {
  uint32_t hash = (b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16);
  hash *= 0x9e3779b1u;
  return n < 3 ? self == 0 : (hash >> 16) % PROCESSES == self;
}


static void count_reading(const reading *r) {
  count->maps[r->in.map]++;
  count->classes[reading_class(r)]++;
  count->levels[r->above_v2]++;
  count->mnemonics[r->z.mnemonic]++;
}


/* An instruction of `n` bytes. `plain`: it ends in zeros, and has no SIB. */
static void judge(uint8_t *b, unsigned n, unsigned from, unsigned state,
                  bool above_v2, bool plain) {
  reading r = {.bytes = b,
               .from = from,
               .state = state,
               .length = n,
               .above_v2 = above_v2};
  const char *why;
  count->accepted++;
  if (is_short && count->accepted % 3 != 0)
    return;
  count->judged++;
  memset(b + n, 0, 16);
  why = reading_fault(&r);
  if (why != NULL)
    complain(b, why);
  count_reading(&r);
  if (from == ZVM__START && plain && explained_length(b) != n)
    complain(b, "the explaining pass refuses it");
}


static void walk(unsigned state, uint8_t *b, unsigned n, unsigned from,
                 bool above_v2);

/*
** From a uniform state on: any bytes, until the end or a state that is not
** uniform. What was marked above v2 stays so.
*/
static void fill_field(unsigned state, uint8_t *b, unsigned n, unsigned from,
                       bool above_v2, unsigned pattern, bool plain) {
  unsigned k;
  for (k = 0; state >= ZVM__ENDS && uniform[state] && k < 8; k++) {
    b[n + k] = patterns[pattern][k];
    state = zvm__next[state][b[n + k]];
    above_v2 |= state >= ZVM__ABOVE_V2;
  }
  if (state < ZVM__ENDS)
    judge(b, n + k, from, state, above_v2, plain && pattern == 0);
  else if (state == ZVM__REFUSED || n + k > 15)
    complain(b, "a field that does not end");
  else
    walk(state, b, n + k, from, above_v2);
}


static void walk_field(unsigned state, uint8_t *b, unsigned n, unsigned from,
                       bool above_v2) {
  static unsigned turn;
  unsigned p;
  if (is_short || sib_follows(b, n - 1)) { /* b[n - 1] is the SIB */
    turn = (turn + 1) % PATTERNS;
    fill_field(state, b, n, from, above_v2, turn, !sib_follows(b, n - 1));
    return;
  }
  for (p = 0; p < PATTERNS; p++)
    fill_field(state, b, n, from, above_v2, p, true);
}


/* Is it refused by the other pass as well, when zeros follow? */
static void check_refused(uint8_t *b, unsigned n, unsigned from) {
  count->refused++;
  memset(b + n, 0, 16);
  if (from == ZVM__START && explained_length(b) != 0)
    complain(b, "only the automaton refuses it");
}


/* One more byte, `b[n]`, of which `state` is the outcome. */
static void step(unsigned state, uint8_t *b, unsigned n, unsigned from,
                 bool above_v2) {
  above_v2 |= state >= ZVM__ABOVE_V2 && state < ZVM__REFUSED;
  if (n < 3 && !is_mine(b, n + 1) && (n == 2 || state < ZVM__ENDS))
    return;
  if (state == ZVM__REFUSED)
    check_refused(b, n + 1, from);
  else if (state < ZVM__ENDS)
    judge(b, n + 1, from, state, above_v2, !sib_follows(b, n));
  else if (n > 14)
    complain(b, "longer than any instruction");
  else
    walk(state, b, n + 1, from, above_v2);
}


/* All that may follow the `n` bytes at `b`, which have led to `state`. */
static void walk(unsigned state, uint8_t *b, unsigned n, unsigned from,
                 bool above_v2) {
  bool sib = sib_follows(b, n);
  unsigned byte = is_short && sib ? (unsigned)(random_bits() % 37) : 0;
  if (uniform[state] && !sib) {
    if (n >= 3 || self == 0)
      walk_field(state, b, n, from, above_v2);
    return;
  }
  for (; byte < 256; byte += is_short && sib ? 37 : 1) {
    b[n] = (uint8_t)byte;
    memset(b + n + 1, 0, 3);
    step(zvm__next[state][byte], b, n, from, above_v2);
  }
}


/*
** The same of two states, of which `state` is one within a sequence, and
** `plain` the one that the same bytes lead to outside: where both agree, all
** has been walked. The sequence may only accept more.
*/
static void walk_difference(unsigned state, unsigned plain, uint8_t *b,
                            unsigned n, unsigned from) {
  unsigned byte;
  for (byte = 0; byte < 256; byte++) {
    unsigned next = zvm__next[state][byte];
    unsigned other = zvm__next[plain][byte];
    b[n] = (uint8_t)byte;
    memset(b + n + 1, 0, 15);
    if (next == other)
      continue;
    if (next == ZVM__REFUSED)
      complain(b, "refused only within a sequence");
    else if (next < ZVM__ENDS)
      judge(b, n + 1, from, next, false, false);
    else if (other < ZVM__ENDS || n > 3)
      complain(b, "longer within a sequence");
    else
      walk_difference(next, other, b, n + 1, from);
  }
}


/* The first byte by which a sequence goes on in state `end`; -1 if none. */
static int continuation(unsigned end) {
  if (end == ZVM__TESTED)
    return 0x75;
  if (end == ZVM__SKIPPED)
    return 0xc3;
  if (end >= ZVM__MASKED && end != ZVM__MASKED + ZVM__RSP)
    return end < ZVM__MASKED + 8 ? 0xff : 0x41;
  return -1;
}


static void walk_sequences(void) {
  unsigned end, byte;
  for (end = 0; end < ZVM__ENDS; end++) {
    uint8_t b[SPACE] = {0};
    for (byte = 0; byte < 256; byte++) {
      b[0] = (uint8_t)byte;
      if ((zvm__next[end][byte] != zvm__next[ZVM__START][byte]) !=
          (continuation(end) == (int)byte))
        complain(b, "a state that differs where no sequence goes on");
    }
    if (self == 0)
      walk_difference(end, ZVM__START, b, 0, end);
  }
}


static void find_uniform(void) {
  unsigned s, byte;
  for (s = 0; s < ZVM__REFUSED; s++) {
    uniform[s] = true;
    for (byte = 1; byte < 256; byte++)
      uniform[s] &= zvm__next[s][byte] == zvm__next[s][0];
  }
}


/* -- The strings ---------------------------------------------------------- */

static const uint8_t legacy[] = {0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e,
                                 0x36, 0x3e, 0x26, 0x64, 0x65};

enum { LEGACY = sizeof legacy };

static void try_string(const uint8_t *b) {
  unsigned length = read_length(b);
  count->strings++;
  count->alive += length != 0;
  if (length != explained_length(b))
    complain(b, "the two passes differ");
}


/* ModRM at b[n], and SIB; the rest is zeros. */
static void try_modrm(uint8_t *b, unsigned n, unsigned modrm) {
  b[n] = (uint8_t)modrm;
  b[n + 1] = 0;
  if (modrm < 0xc0 && (modrm & 7) == 4) {
    b[n + 1] = 0x25;
    try_string(b);
    b[n + 1] = 0x24;
  }
  try_string(b);
  b[n] = b[n + 1] = 0;
}


static void try_all_modrm(uint8_t *b, unsigned n) {
  unsigned modrm;
  for (modrm = 0; modrm < 256; modrm++)
    try_modrm(b, n, modrm);
}


static void try_random_modrm(uint8_t *b, unsigned n) {
  try_modrm(b, n, random_bits() >> 56);
}


/* Each opcode of each map after the `n` bytes at `b`, and after each REX. */
static void try_opcodes(const uint8_t *before, unsigned n,
                        void (*try_it)(uint8_t *, unsigned)) {
  unsigned rex, map, op;
  for (rex = 0x3f; rex < 0x50; rex++)
    for (map = 0; map < 4; map++)
      for (op = self; op < 256; op += PROCESSES) {
        uint8_t b[SPACE] = {0};
        unsigned at = n;
        memcpy(b, before, n);
        if (rex >= 0x40)
          b[at++] = (uint8_t)rex;
        if (map > 0)
          b[at++] = 0x0f;
        if (map > 1)
          b[at++] = map == 2 ? 0x38 : 0x3a;
        b[at++] = (uint8_t)op;
        try_it(b, at);
      }
}


/* Strings of `more` prefixes after the `n` at `b`. */
static void try_prefixes(uint8_t *b, unsigned n, unsigned more,
                         void (*try_it)(uint8_t *, unsigned)) {
  unsigned i;
  if (more == 0) {
    try_opcodes(b, n, try_it);
    return;
  }
  for (i = 0; i < LEGACY; i++) {
    b[n] = legacy[i];
    try_prefixes(b, n + 1, more - 1, try_it);
  }
}


static void try_all_prefixes(void) {
  uint8_t b[SPACE];
  unsigned n;
  unsigned full = is_short ? 1 : FULL_PREFIXES;
  for (n = 0; n <= full; n++)
    try_prefixes(b, 0, n, try_all_modrm);
  try_prefixes(b, 0, full + 1, try_random_modrm);
}


/* A map, an opcode and ModRM at random after the `n` bytes at `before`. */
static void try_random_opcode(const uint8_t *before, unsigned n) {
  static const uint8_t escape[4][2] = {{0}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};
  static const uint8_t size[4] = {0, 1, 2, 2};
  uint8_t b[SPACE] = {0};
  uint64_t bits = random_bits();
  unsigned map = (unsigned)(bits >> 62);
  memcpy(b, before, n);
  if ((bits >> 61 & 1) != 0)
    b[n++] = (uint8_t)(0x40 | (bits >> 57 & 15));
  memcpy(b + n, escape[map], 2);
  n += size[map];
  b[n++] = (uint8_t)(bits >> 40);
  try_modrm(b, n, bits >> 32 & 255);
}


/* Each order of each set of legacy prefixes that begins as the `n` at `b`. */
static void try_orders(uint8_t *b, unsigned n, unsigned used) {
  unsigned i;
  for (i = 0; i < LEGACY; i++) {
    if ((used >> i & 1) != 0 || (n == 0 && i % PROCESSES != self))
      continue;
    b[n] = legacy[i];
    if (n + 1 > FULL_PREFIXES + 1)
      try_random_opcode(b, n + 1);
    try_orders(b, n + 1, used | 1u << i);
  }
}


/* Up to fourteen prefixes, REX among them anywhere. */
static void try_long_prefixes(unsigned long rounds) {
  while (rounds-- > 0) {
    uint8_t b[SPACE];
    unsigned most = random_below(15);
    unsigned n;
    for (n = 0; n < most; n++) {
      unsigned k = random_below(LEGACY + 3);
      b[n] = k < LEGACY ? legacy[k] : (uint8_t)(0x40 | random_below(16));
    }
    try_random_opcode(b, n);
  }
}


/* VEX of `size` bytes with `fields` in them, at b[n]: all its opcodes. */
static void try_vex_opcodes(uint8_t *b, unsigned n, unsigned size,
                            unsigned fields, bool whole) {
  unsigned map = size == 2 ? 1 : fields & 31;
  unsigned op, k;
  b[n] = size == 2 ? 0xc5 : 0xc4;
  b[n + 1] = (uint8_t)fields;
  if (size == 3)
    b[n + 2] = (uint8_t)(fields >> 8);
  for (op = 0; op < 256; op++) {
    b[n + size] = (uint8_t)op;
    if (whole && map >= 1 && map <= 3)
      try_all_modrm(b, n + size + 1);
    else
      for (k = 0; k < (whole ? 4u : 1u); k++)
        try_random_modrm(b, n + size + 1);
  }
}


/* All fields of both lengths, after the `n` bytes at `before`. */
static void try_vex(const uint8_t *before, unsigned n, bool whole) {
  unsigned step = PROCESSES * (is_short ? 251 : 1);
  unsigned fields;
  uint8_t b[SPACE] = {0};
  memcpy(b, before, n);
  for (fields = self; fields < 0x10000; fields += step)
    try_vex_opcodes(b, n, 3, fields, whole);
  memset(b + n, 0, 8);
  for (fields = self; fields < 0x100; fields += is_short ? 2 * 7 : PROCESSES)
    try_vex_opcodes(b, n, 2, fields, whole);
}


static void try_all_vex(void) {
  static const uint8_t before[] = {0x67, 0x66, 0xf2, 0xf3, 0xf0, 0x2e, 0x36,
                                   0x3e, 0x26, 0x64, 0x65, 0x40, 0x48, 0x4f};
  uint8_t b[2];
  unsigned i, k;
  try_vex(NULL, 0, true);
  try_vex(before, 1, true);
  for (i = 1; i < sizeof before; i++)
    try_vex(before + i, 1, false);
  for (i = 0; i < sizeof before && !is_short; i++)
    for (k = 0; k < sizeof before; k++) {
      b[0] = before[i];
      b[1] = before[k];
      try_vex(b, 2, false);
    }
}


/* What is accepted of these is short, and mostly ends before the random. */
static void try_random(unsigned long rounds) {
  while (rounds-- > 0) {
    uint8_t b[SPACE] = {0};
    uint64_t bits = random_bits();
    unsigned n = (unsigned)(random_bits() >> 61);
    memcpy(b, &bits, n);
    try_modrm(b, n, bits >> 56);
  }
}


/* -- All ------------------------------------------------------------------ */

static void work(void) {
  uint8_t b[SPACE] = {0};
  unsigned long rounds = (is_short ? 1000000 : 100000000) / PROCESSES;
  random_begin(self);
  walk(ZVM__START, b, 0, ZVM__START, false);
  walk_sequences();
  try_all_prefixes();
  if (!is_short)
    try_orders(b, 0, 0);
  try_long_prefixes(rounds);
  try_all_vex();
  try_random(rounds / 4);
}


static void add(counters *sum, const counters *c) {
  const unsigned long *from = (const unsigned long *)c;
  unsigned long *to = (unsigned long *)sum;
  size_t i;
  for (i = 0; i < sizeof *c / sizeof *from; i++)
    to[i] += from[i];
}


static void report(const counters *c) {
  static const char *const maps[ZVM__MAPS] = {
      "one-byte", "0f", "0f 38", "0f 3a", "VEX 0f", "VEX 0f 38", "VEX 0f 3a"};
  unsigned distinct = 0;
  unsigned i;
  for (i = 0; i <= ZYDIS_MNEMONIC_MAX_VALUE; i++)
    distinct += c->mnemonics[i] != 0;
  printf("# walk: %lu accepted, %lu held to Zydis, %u mnemonics; %lu refused "
         "continuations\n",
         c->accepted, c->judged, distinct, c->refused);
  printf("# by level: v2 %lu, v3 %lu; by map:", c->levels[0], c->levels[1]);
  for (i = 0; i < ZVM__MAPS; i++)
    printf(" %s %lu%s", maps[i], c->maps[i], i + 1 < ZVM__MAPS ? "," : "");
  printf("\n# by memory:");
  for (i = 0; i < READING_CLASSES; i++)
    printf(" %s %lu%s", reading_classes[i], c->classes[i],
           i + 1 < READING_CLASSES ? "," : "");
  printf("\n# strings: %lu, of which %lu are accepted; %lu instructions "
         "explained; %lu wrong\n",
         c->strings, c->alive, c->explained, c->wrong);
}


int main(int argc, char **argv) {
  counters *all = mmap(NULL, (PROCESSES + 1) * sizeof *all,
                       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                       0);
  counters *sum = all + PROCESSES;
  bool ended = all != MAP_FAILED;
  is_short = argc > 1 && strcmp(argv[1], "--short") == 0;
  find_uniform();
  for (self = 0; ended && self < PROCESSES; self++) {
    count = all + self;
    pid_t child = fork();
    if (child == 0) {
      work();
      _exit(0);
    }
    ended = child > 0;
  }
  for (int status; wait(&status) > 0;)
    ended &= status == 0;
  for (unsigned i = 0; ended && i < PROCESSES; i++)
    add(sum, all + i);
  ok(ended, "all of the enumeration was done");
  report(sum);
  ok(ended && sum->wrong == 0 && sum->judged > 1000000,
     "Zydis reads every accepted instruction as the decoder does, and "
     "nothing else is accepted");
  return tap_done();
}
