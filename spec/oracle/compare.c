/*
** compare.c - do the validator and the second one have the same verdict?
**
**   compare [--short]
**
** Three kinds of texts: single instructions, enumerated, in a bundle of hlt;
** random bundles; texts assembled of accepted instructions and fused
** sequences, then damaged. Every run tries the same texts. --short takes a
** sample of them.
**
** One file, although long: what it enumerates and how it damages share the
** same few helpers, and nothing else uses them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "second.h"

#include <Zydis/Zydis.h>
#include <stdlib.h>

#include "../core/tap.h"
#include "validator/validator.h"

#define BUNDLE 32
#define MAX_BUNDLES 24
#define MAX_INSN 15
#define MAX_SHOWN 20
#define RULES 12
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

typedef struct tally {
  unsigned long long tried, accepted, refused, differing;
} tally;

static tally part;  /* of the section at work */
static tally total;
static unsigned long long refusals[RULES + 1]; /* by the second's rule */
static ZydisDecoder decoder;
static bool is_short;


/* -- Numbers -------------------------------------------------------------- */

static uint64_t seed;

/* splitmix64 */
static uint64_t next(void) {
  uint64_t z = seed += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}


static uint32_t below(uint32_t n) {
  return (uint32_t)(((next() >> 32) * n) >> 32);
}


static bool one_in(uint32_t n) {
  return below(n) == 0;
}


#define PICK(array) ((array)[below(LENGTH(array))])

/* A step to the next of an enumeration of which one in `sample` is tried. */
static uint32_t stride(uint32_t sample) {
  return 1 + below(2 * sample - 1);
}


/* A count of rounds, which --short divides. */
static uint32_t rounds(uint32_t n) {
  return is_short ? n / 32 : n;
}


/* -- The two verdicts ----------------------------------------------------- */

static const char *text_of(const uint8_t *bytes, uint32_t size, uint64_t at) {
  static char line[128];
  static ZydisFormatter formatter;
  ZydisDecodedInstruction z;
  ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
  ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, size, &z, op)))
    return "(none)";
  ZydisFormatterFormatInstruction(&formatter, &z, op, z.operand_count_visible,
                                  line, sizeof line, at, ZYAN_NULL);
  return line;
}


static bool print_finding(void *ctx, const zvm_finding *f) {
  (void)ctx;
  printf("#   first: %s at %u\n", zvm_rule_name(f->rule), f->offset);
  return true;
}


static void show(const uint8_t *text, uint32_t size, uint32_t address,
                 int level, bool first, bool second) {
  uint32_t starts[MAX_BUNDLES] = {0};
  printf("# at 0x%x, level %d: first %s, second %s\n", address, level,
         first ? "accepts" : "refuses", second ? "accepts" : "refuses");
  if (!first && size % BUNDLE == 0)
    zvm__explain(text, size, address, level, starts, print_finding, NULL);
  if (!second)
    printf("#   second: rule %d\n", second_refusal());
  for (uint32_t at = 0; at < size;) {
    ZydisDecodedInstruction z;
    uint32_t length = 1;
    uint32_t room = BUNDLE - at % BUNDLE;
    room = room < size - at ? room : size - at;
    if (ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(
            &decoder, ZYAN_NULL, text + at, room, &z)))
      length = z.length;
    if (text[at] != 0xf4) {
      printf("#   %3u:", at);
      for (uint32_t n = 0; n < length; n++)
        printf(" %02x", text[at + n]);
      printf("  %s\n", text_of(text + at, room, (uint64_t)address + at));
    }
    at += length;
  }
}


/* zvm_validate also says what is not whole bundles. */
static bool first_accepts(const uint8_t *text, uint32_t size, uint32_t address,
                          int level) {
  if (size == 0 || size % BUNDLE != 0 || address % BUNDLE != 0)
    return zvm_validate(text, size, address, level, NULL, NULL, NULL) ==
           ZVM_OK;
  uint32_t starts[MAX_BUNDLES] = {0};
  return zvm__accepts(text, size, address, level, starts);
}


/* Asks both; true when either accepts. */
static bool ask(const uint8_t *text, uint32_t size, uint32_t address,
                int level) {
  bool first = first_accepts(text, size, address, level);
  bool second = second_accepts(text, size, address, level);
  part.tried++;
  if (!second)
    refusals[second_refusal()]++;
  if (first == second) {
    part.accepted += first;
    part.refused += !first;
  } else if (part.differing++ + total.differing < MAX_SHOWN) {
    show(text, size, address, level, first, second);
  }
  return first || second;
}


/* What v3 refuses, v2 is asked about only now and then. */
static bool ask_levels(const uint8_t *text, uint32_t size, uint32_t address) {
  bool either = ask(text, size, address, ZVM_LEVEL_V3);
  if (either || one_in(8))
    ask(text, size, address, ZVM_LEVEL_V2);
  return either;
}


static void close_section(const char *name) {
  printf("# %-28s tried %11llu  accepted %10llu  refused %11llu  "
         "differing %llu\n",
         name, part.tried, part.accepted, part.refused, part.differing);
  (void)fflush(stdout);
  total.tried += part.tried;
  total.accepted += part.accepted;
  total.refused += part.refused;
  total.differing += part.differing;
  part = (tally){0};
}


/* -- Single instructions -------------------------------------------------- */

/* Accepted instructions, a uniform sample of those seen. */
#define POOL 32768
static struct {
  uint8_t length;
  uint8_t bytes[MAX_INSN];
} pool[POOL];
static uint64_t pool_seen;
static uint32_t pool_count;

static void keep(const uint8_t *bytes, uint32_t length) {
  uint64_t n = pool_seen++;
  if (n >= POOL && (n = next() % pool_seen) >= POOL)
    return;
  pool[n].length = (uint8_t)length;
  memcpy(pool[n].bytes, bytes, length);
  pool_count += pool_count < POOL;
}


typedef struct string {
  uint32_t length;
  uint8_t bytes[BUNDLE];
} string;

static void put(string *s, uint8_t byte) {
  if (s->length < BUNDLE)
    s->bytes[s->length++] = byte;
}


static void put_all(string *s, const uint8_t *bytes, uint32_t length) {
  for (uint32_t n = 0; n < length; n++)
    put(s, bytes[n]);
}


static const uint32_t single_address = 0x20000;

/* The string, and hlt to the end of the bundle. */
static void try_single(const string *s) {
  uint8_t text[BUNDLE];
  memset(text, 0xf4, sizeof text);
  memcpy(text, s->bytes, s->length);
  if (!ask_levels(text, sizeof text, single_address))
    return;
  ZydisDecodedInstruction z;
  if (ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, ZYAN_NULL, text,
                                                 sizeof text, &z)))
    keep(text, z.length);
}


/* Something to be a displacement and an immediate; often a near target. */
static void put_tail(string *s) {
  switch (below(4)) {
  case 0:
    for (int n = 0; n < 8; n++)
      put(s, 0);
    break;
  case 1: {
    uint64_t bytes = next();
    for (int n = 0; n < 8; n++)
      put(s, (uint8_t)(bytes >> (8 * n)));
    break;
  }
  case 2:
    put(s, (uint8_t)below(24));
    for (int n = 0; n < 3; n++)
      put(s, 0);
    break;
  default: /* hlt */
    break;
  }
}


static const uint8_t sibs[] = {0x24, 0x64, 0xa4, 0xe4, 0x20, 0x25, 0x23,
                               0x65, 0x05, 0x04, 0x00, 0x4c, 0x54, 0xff};

/* ModRM, a SIB if it asks for one, and what follows. */
static void put_modrm(string *s, uint8_t modrm) {
  put(s, modrm);
  if ((modrm & 7) == 4 && modrm < 0xc0)
    put(s, PICK(sibs));
  put_tail(s);
}


/* The escape bytes of each map. */
static const string maps[] = {
  {0, {0}}, {1, {0x0f}}, {2, {0x0f, 0x38}}, {2, {0x0f, 0x3a}},
};

/* Every prefix, and every REX. */
static const uint8_t prefixes[] = {
  0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65,
  0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a,
  0x4b, 0x4c, 0x4d, 0x4e, 0x4f,
};

/* Those that mean something, and one of each other kind. */
static const uint8_t few_prefixes[] = {
  0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x64, 0x40, 0x41, 0x44, 0x48,
};

/* All maps, opcodes and ModRM after these prefixes; one in `sample`. */
static void all_opcodes(const string *before, uint32_t sample) {
  for (uint32_t n = stride(sample) - 1; n < 1 << 18; n += stride(sample)) {
    const string *map = &maps[n >> 16];
    string s = *before;
    put_all(&s, map->bytes, map->length);
    put(&s, (uint8_t)(n >> 8));
    put_modrm(&s, (uint8_t)n);
    try_single(&s);
  }
}


static void enumerate_prefixes(void) {
  uint32_t none = is_short ? 4 : 1;
  uint32_t one = is_short ? 12 : 1;
  uint32_t two = is_short ? 200 : 6;
  uint32_t three = is_short ? 800 : 24;
  string s = {0};
  all_opcodes(&s, none);
  for (uint32_t a = 0; a < LENGTH(prefixes); a++) {
    s = (string){1, {prefixes[a]}};
    all_opcodes(&s, one);
    for (uint32_t b = 0; b < LENGTH(prefixes); b++) {
      s = (string){2, {prefixes[a], prefixes[b]}};
      all_opcodes(&s, two);
    }
  }
  close_section("prefixes, up to two");
  for (uint32_t a = 0; a < LENGTH(few_prefixes); a++) {
    for (uint32_t b = 0; b < LENGTH(few_prefixes); b++) {
      for (uint32_t c = 0; c < LENGTH(few_prefixes); c++) {
        s = (string){3, {few_prefixes[a], few_prefixes[b], few_prefixes[c]}};
        all_opcodes(&s, three);
      }
    }
  }
  close_section("prefixes, three");
}


/* Prefixes in their order, some missing, at times two exchanged or one more. */
static void put_prefixes(string *s) {
  static const uint8_t reps[] = {0xf2, 0xf3};
  uint8_t p[8];
  uint32_t count = 0;
  if (one_in(2))
    p[count++] = 0x67;
  if (one_in(3))
    p[count++] = 0x66;
  if (one_in(4))
    p[count++] = PICK(reps);
  if (one_in(6))
    p[count++] = 0xf0;
  if (one_in(2))
    p[count++] = (uint8_t)(0x40 + below(16));
  if (one_in(12))
    p[count++] = PICK(prefixes);
  if (count > 1 && one_in(12)) {
    uint32_t a = below(count);
    uint32_t b = below(count);
    uint8_t kept = p[a];
    p[a] = p[b];
    p[b] = kept;
  }
  put_all(s, p, count);
}


static void sample_ordered_prefixes(void) {
  for (uint32_t n = rounds(24000000); n > 0; n--) {
    string s = {0};
    put_prefixes(&s);
    uint32_t map = below(LENGTH(maps));
    put_all(&s, maps[map].bytes, maps[map].length);
    put(&s, (uint8_t)below(256));
    put_modrm(&s, (uint8_t)below(256));
    try_single(&s);
  }
  close_section("prefixes, likely");
}


/* All SIB, with mod 0 to 2 and all reg, after 67, a REX, both or neither. */
static void enumerate_sib(void) {
  uint32_t sample = is_short ? 400 : 12;
  for (uint32_t rex = 0x3f; rex < 0x50; rex++) {
    for (uint32_t map = 0; map < 2 * LENGTH(maps); map++) {
      for (uint32_t n = stride(sample) - 1; n < 256 * 256 * 24;
           n += stride(sample)) {
        string s = {0};
        if (map & 1)
          put(&s, 0x67);
        if (map / 2 > 1)
          put(&s, 0x66);
        if (rex >= 0x40)
          put(&s, (uint8_t)rex);
        put_all(&s, maps[map / 2].bytes, maps[map / 2].length);
        put(&s, (uint8_t)(n >> 8));
        put(&s, (uint8_t)((n >> 16) << 3 | 4));
        put(&s, (uint8_t)n);
        put_tail(&s);
        try_single(&s);
      }
    }
  }
  close_section("SIB");
}


/* Now and then a prefix stands before VEX, EVEX, XOP or REX2; 67 often. */
static void put_prefix_before_vex(string *s) {
  if (one_in(3))
    put(s, 0x67);
  if (one_in(16))
    put(s, PICK(prefixes));
}


static void enumerate_vex2(void) {
  uint32_t sample = is_short ? 40 : 1;
  for (uint32_t n = stride(sample) - 1; n < 1 << 24; n += stride(sample)) {
    string s = {0};
    put_prefix_before_vex(&s);
    put(&s, 0xc5);
    put(&s, (uint8_t)(n >> 16));
    put(&s, (uint8_t)(n >> 8));
    put_modrm(&s, (uint8_t)n);
    try_single(&s);
  }
  close_section("VEX2");
}


/* All fields and opcodes of maps 1 to 3, with some ModRM; a few others. */
static void enumerate_vex3(void) {
  uint32_t modrms = is_short ? 1 : 6;
  for (uint32_t n = 0; n < 1 << 24; n++) {
    uint32_t map = (n >> 16) & 31;
    if ((map < 1 || map > 3) && !one_in(64))
      continue;
    for (uint32_t k = 0; k < modrms; k++) {
      string s = {0};
      put_prefix_before_vex(&s);
      put(&s, 0xc4);
      put(&s, (uint8_t)(n >> 16));
      put(&s, (uint8_t)(n >> 8));
      put(&s, (uint8_t)n);
      put_modrm(&s, (uint8_t)below(256));
      try_single(&s);
    }
  }
  /* The unused vvvv, where most instructions are. */
  for (uint32_t n = rounds(12000000); n > 0; n--) {
    string s = {0};
    put_prefix_before_vex(&s);
    put(&s, 0xc4);
    put(&s, (uint8_t)(below(8) << 5 | (1 + below(3))));
    put(&s, (uint8_t)(below(256) | 0x78));
    put(&s, (uint8_t)below(256));
    put_modrm(&s, (uint8_t)below(256));
    try_single(&s);
  }
  close_section("VEX3");
}


/* EVEX, XOP and REX2: bytes that look like them. */
static void sample_other_encodings(void) {
  static const uint8_t escapes[] = {0x62, 0x8f, 0xd5};
  for (uint32_t n = rounds(12000000); n > 0; n--) {
    uint8_t escape = PICK(escapes);
    string s = {0};
    put_prefix_before_vex(&s);
    put(&s, escape);
    put(&s, (uint8_t)below(256));
    if (escape != 0xd5)
      put(&s, (uint8_t)below(256));
    if (escape == 0x62)
      put(&s, (uint8_t)below(256));
    put(&s, (uint8_t)below(256));
    put_modrm(&s, (uint8_t)below(256));
    try_single(&s);
  }
  close_section("EVEX, XOP, REX2");
}


/* -- Texts ---------------------------------------------------------------- */

typedef struct text {
  uint32_t size;
  uint32_t address;
  uint8_t bytes[MAX_BUNDLES * BUNDLE];
  uint32_t starts[MAX_BUNDLES * BUNDLE]; /* where parts were put */
  uint32_t starts_count;
} text;

/* Ends at 4 GiB at the latest. */
static uint32_t choose_address(uint32_t size) {
  switch (below(8)) {
  case 0:
    return (uint32_t)-size;
  case 1:
    return 0x7fffffe0 - BUNDLE * below(MAX_BUNDLES);
  case 2:
    return (uint32_t)-size - BUNDLE * below(1 << 26);
  case 3:
    return BUNDLE * below(1 << 13); /* around the gate page */
  default:
    return 0x20000 + BUNDLE * below(1 << 12);
  }
}


static void random_bundles(void) {
  for (uint32_t n = rounds(20000000); n > 0; n--) {
    text t;
    t.size = BUNDLE * (1 + below(2));
    for (uint32_t at = 0; at < t.size; at += 8) {
      uint64_t bytes = next();
      memcpy(t.bytes + at, &bytes, 8);
    }
    ask_levels(t.bytes, t.size, choose_address(t.size));
  }
  close_section("random bundles");
}


/* Displacement or branch offset such that `to` is named from `end`. */
static void aim(uint8_t *field, uint32_t size, int64_t to, int64_t end) {
  int64_t value = to - end;
  memcpy(field, &value, size);
}


/* The borders of rules 7 and 10, and their neighbours. */
static int64_t choose_border(const text *t) {
  static const int64_t borders[] = {
      0x10000, 0x10020, 0x100c0, 0x100e0, (int64_t)1 << 32, 0, 0x20000};
  int64_t near = one_in(2) ? 0 : (int64_t)below(5) - 2;
  switch (below(5)) {
  case 0:
  case 1:
    return PICK(borders) + near;
  case 2:
    return t->address + near;
  case 3:
    return (int64_t)t->address + t->size + near;
  default:
    return (int64_t)t->address + below(t->size);
  }
}


/* Points a branch or a rip-relative operand somewhere interesting. */
static void aim_at_border(text *t, uint32_t at) {
  ZydisDecodedInstruction z;
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(
          &decoder, ZYAN_NULL, t->bytes + at, t->size - at, &z)))
    return;
  int64_t end = (int64_t)t->address + at + z.length;
  if (z.raw.imm[0].is_relative) {
    int64_t to = choose_border(t);
    if (!one_in(4)) /* mostly an instruction of this text */
      to = (int64_t)t->address + t->starts[below(t->starts_count)] +
           (one_in(16) ? 1 : 0);
    aim(t->bytes + at + z.raw.imm[0].offset, z.raw.imm[0].size / 8, to, end);
  } else if ((z.attributes & ZYDIS_ATTRIB_HAS_MODRM) &&
             z.raw.modrm.mod == 0 && z.raw.modrm.rm == 5) {
    aim(t->bytes + at + z.raw.disp.offset, 4, choose_border(t), end);
  }
}


/* A masked jump or call, at times of the wrong register; or a return. */
static string choose_fused(void) {
  static const uint8_t tested_return[] = {0x48, 0xf7, 0x04, 0x24, 0x1f, 0x00,
                                          0x00, 0x80, 0x75, 0x01, 0xc3};
  string s = {0};
  if (one_in(3)) {
    put_all(&s, tested_return, sizeof tested_return);
    return s;
  }
  uint8_t mask_reg = (uint8_t)below(16);
  uint8_t jump_reg = one_in(16) ? (uint8_t)below(16) : mask_reg;
  if (mask_reg >= 8)
    put(&s, 0x41);
  put(&s, 0x83);
  put(&s, 0xe0 | (mask_reg & 7));
  put(&s, 0xe0);
  if (one_in(32))
    put(&s, 0x90);
  if (jump_reg >= 8)
    put(&s, 0x41);
  put(&s, 0xff);
  put(&s, (uint8_t)((one_in(2) ? 0xe0 : 0xd0) | (jump_reg & 7)));
  return s;
}


/* Pieces of the fused sequences, in any order. */
static string choose_pieces(void) {
  static const string pieces[] = {
      {8, {0x48, 0xf7, 0x04, 0x24, 0x1f, 0x00, 0x00, 0x80}},
      {2, {0x75, 0x01}},
      {1, {0xc3}},
      {4, {0x41, 0x83, 0xe3, 0xe0}},
      {3, {0x41, 0xff, 0xe3}},
      {3, {0x41, 0xff, 0xd3}},
      {3, {0x83, 0xe3, 0xe0}},
      {2, {0xff, 0xe3}},
  };
  string s = {0};
  uint32_t k = below(LENGTH(pieces));
  for (uint32_t n = 2 + below(4); n > 0; n--) {
    put_all(&s, pieces[k].bytes, pieces[k].length);
    k = one_in(4) ? below(LENGTH(pieces)) : (k + 1) % LENGTH(pieces);
  }
  return s;
}


static string choose_branch(void) {
  string s = {0};
  switch (below(4)) {
  case 0:
    put(&s, (uint8_t)(0xe8 + below(2)));
    break;
  case 1:
    put(&s, 0x0f);
    put(&s, (uint8_t)(0x80 + below(16)));
    break;
  case 2:
    put(&s, (uint8_t)(0xe0 + below(4)));
    put(&s, 0);
    return s;
  default:
    put(&s, (uint8_t)(one_in(4) ? 0xeb : 0x70 + below(16)));
    put(&s, 0);
    return s;
  }
  for (int n = 0; n < 4; n++)
    put(&s, 0);
  return s;
}


static string choose_part(void) {
  string s = {0};
  if (one_in(8))
    return one_in(12) ? choose_pieces() : choose_fused();
  if (one_in(6))
    return choose_branch();
  uint32_t n = below(pool_count);
  put_all(&s, pool[n].bytes, pool[n].length);
  return s;
}


/* Parts as they fit, then hlt; rarely one crosses the end of its bundle. */
static void assemble(text *t) {
  t->size = BUNDLE * (1 + below(one_in(8) ? MAX_BUNDLES : 3));
  t->address = choose_address(t->size);
  t->starts_count = 0;
  memset(t->bytes, 0xf4, t->size);
  for (uint32_t at = 0; at < t->size;) {
    string s = choose_part();
    uint32_t room = BUNDLE - at % BUNDLE;
    if (s.length > room && (at + s.length > t->size || !one_in(200))) {
      at += room;
      continue;
    }
    memcpy(t->bytes + at, s.bytes, s.length);
    t->starts[t->starts_count++] = at;
    at += s.length;
    if (one_in(5))
      at += BUNDLE - at % BUNDLE;
  }
  for (uint32_t n = 0; n < t->starts_count; n++)
    aim_at_border(t, t->starts[n]);
}


static const uint8_t telling[] = {
  0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x64, 0x41, 0x48, 0x4c, 0x0f, 0x83,
  0xe0, 0xe4, 0xff, 0xc3, 0xf4, 0x90, 0x24, 0x00, 0xc5, 0xc4, 0x38, 0x3a,
};

static void damage(text *t) {
  uint32_t at = one_in(2) ? t->starts[below(t->starts_count)] + below(8)
                          : below(t->size);
  at %= t->size;
  uint8_t *p = t->bytes + at;
  uint32_t rest = t->size - at - 1; /* shift the text, or only the bundle */
  if (one_in(2))
    rest = BUNDLE - 1 - at % BUNDLE;
  switch (below(4)) {
  case 0:
    *p ^= (uint8_t)(1 << below(8));
    break;
  case 1:
    *p = one_in(2) ? PICK(telling) : (uint8_t)below(256);
    break;
  case 2:
    memmove(p, p + 1, rest);
    p[rest] = 0xf4;
    break;
  default:
    memmove(p + 1, p, rest);
    *p = one_in(2) ? PICK(telling) : (uint8_t)below(256);
    break;
  }
}


static void assembled_texts(void) {
  for (uint32_t n = rounds(1000000); n > 0; n--) {
    text t;
    assemble(&t);
    ask_levels(t.bytes, t.size, t.address);
    for (uint32_t k = 1 + below(3); k > 0; k--) {
      damage(&t);
      ask_levels(t.bytes, t.size, t.address);
    }
  }
  close_section("assembled and damaged");
}


/* Everything that one other byte makes of the string. */
static void vary(const string *s) {
  for (uint32_t at = 0; at < s->length; at++) {
    for (uint32_t byte = 0; byte < 256; byte++) {
      string other = *s;
      other.bytes[at] = (uint8_t)byte;
      try_single(&other);
    }
  }
}


/* What the rules compare as bytes: the long nops and the fused sequences. */
static void vary_fixed_strings(void) {
  static const string strings[] = {
      {10, {0x66, 0x2e, 0x0f, 0x1f, 0x84}},
      {11, {0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84}},
      {12, {0x66, 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84}},
      {11, {0x48, 0xf7, 0x04, 0x24, 0x1f, 0x00, 0x00, 0x80, 0x75, 0x01, 0xc3}},
  };
  for (uint32_t n = 0; n < LENGTH(strings); n++)
    vary(&strings[n]);
  for (uint8_t r = 0; r < 8; r++) {
    for (uint8_t op = 0xd0; op <= 0xe0; op += 0x10) {
      vary(&(string){5, {0x83, 0xe0 + r, 0xe0, 0xff, op + r}});
      vary(&(string){7, {0x41, 0x83, 0xe0 + r, 0xe0, 0x41, 0xff, op + r}});
    }
  }
  close_section("long nops, fused sequences");
}


static void odd_sizes(void) {
  text t;
  memset(t.bytes, 0xf4, sizeof t.bytes);
  for (uint32_t size = 0; size <= 3 * BUNDLE; size++)
    for (uint32_t at = 0; at <= BUNDLE; at++)
      ask_levels(t.bytes, size, 0x20000 + at);
  close_section("sizes and addresses");
}


int main(int argc, char **argv) {
  is_short = argc > 1 && strcmp(argv[1], "--short") == 0;
  if (argc > 1 && !is_short) {
    (void)fprintf(stderr, "usage: compare [--short]\n");
    return 2;
  }
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  enumerate_prefixes();
  sample_ordered_prefixes();
  enumerate_sib();
  enumerate_vex2();
  enumerate_vex3();
  sample_other_encodings();
  random_bundles();
  assembled_texts();
  vary_fixed_strings();
  odd_sizes();
  part = total;
  total = (tally){0};
  close_section("all");
  printf("# refused by the second, by rule:");
  for (int rule = 1; rule <= RULES; rule++)
    printf(" %d: %llu", rule, refusals[rule]);
  printf("\n");
  ok(total.differing == 0 && total.accepted > 0,
     "both validators have the same verdict");
  return tap_done();
}
