/*
** automaton.c - compute the automaton of the fast pass from the decoder.
**
** Run at build time; writes C to its output. The states are the prefixes of
** accepted instructions, two prefixes being one state when the same may
** follow: a trie, made minimal from its leaves. What is accepted is asked
** of isa/decode.h and validator/operands.h, byte string by byte string, and
** of `fused` for what is accepted only in sequence.
**
** States are numbered: those of automaton.h, the rest, those that only
** instructions above level v2 pass through, and the refusing state.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "validator/automaton.h"
#include "validator/operands.h"

enum {
  LONGEST = 15,          /* bytes of an instruction                       */
  REFUSED = ZVM__ENDS,   /* renumbered when written                       */
  FIRST,                 /* the first state that is made here             */
  STATES = 8192,
  UNKNOWN = 0xe1,        /* stands for bytes to come: no prefix, no end,
                            the end of a negative displacement           */
  ANY = -1,              /* a state in which no sequence has begun        */
  APART = -2             /* these bytes begin nothing that is in `fused`  */
};

typedef struct string {
  uint8_t bytes[LONGEST + 17];
  unsigned size;
} string;

typedef struct state {
  uint16_t next[256];
  bool above_v2;
} state;

/* In every build: the automaton is what the sandbox rests on. */
static void must(bool good, const char *what) {
  if (good)
    return;
  fprintf(stderr, "automaton: %s\n", what);
  exit(1);
}

static state states[STATES];
static unsigned used = FIRST;

/* -- What only counts in sequence ----------------------------------------- */

/* In state `from`, or in any, an instruction with these bytes ends in `to`. */
static struct fused {
  int from;
  unsigned size;
  uint8_t bytes[LONGEST];
  unsigned to;
} fused[128];
static unsigned fused_count;

static void fuse(int from, const void *bytes, unsigned size, unsigned to) {
  struct fused *f = &fused[fused_count++];
  must(fused_count <= sizeof fused / sizeof *fused, "too many sequences");
  f->from = from;
  f->size = size;
  memcpy(f->bytes, bytes, size);
  f->to = to;
}

/* and $-32,%eX; jmp or call *%rX */
static void fuse_jumps(int from, unsigned reg) {
  uint8_t b[4] = {0x41, 0xff, 0xd0 | (reg & 7)};
  unsigned ext = reg >= 8;
  fuse(from, b + 1 - ext, 2 + ext, ext ? ZVM__JUMP_3 : ZVM__JUMP_2);
  b[2] += 0x10; /* d0 calls, e0 jumps */
  fuse(from, b + 1 - ext, 2 + ext, ext ? ZVM__JUMP_3 : ZVM__JUMP_2);
}

/* The first that fits counts. */
static void fill_fused(void) {
  static const uint8_t nop[11] = {0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84};
  unsigned reg;
  fuse(ANY, nop, 11, ZVM__START);
  fuse(ANY, nop + 1, 10, ZVM__START);
  fuse(ANY, "\x48\xf7\x04\x24\x1f\x00\x00\x80", 8, ZVM__TESTED);
  fuse(ZVM__TESTED, "\x75\x01", 2, ZVM__SKIPPED);
  fuse(ZVM__SKIPPED, "\xc3", 1, ZVM__RETURN);
  for (reg = 0; reg < 16; reg++) {
    const uint8_t mask[4] = {0x41, 0x83, 0xe0 | (reg & 7), 0xe0};
    unsigned ext = reg >= 8;
    if (reg == ZVM__RSP)
      continue;
    fuse(ANY, mask + 1 - ext, 3 + ext, ZVM__MASKED + reg);
    fuse_jumps((int)(ZVM__MASKED + reg), reg);
  }
}

/* The entry that `s` is, or, when `begins`, the beginning of. */
static const struct fused *find_fused(int from, const string *s,
                                      bool begins) {
  unsigned i;
  for (i = 0; i < fused_count && from != APART; i++) {
    const struct fused *f = &fused[i];
    if ((f->from == ANY || f->from == from) &&
        (begins ? f->size > s->size : f->size == s->size) &&
        memcmp(f->bytes, s->bytes, s->size) == 0)
      return f;
  }
  return NULL;
}

/* -- States --------------------------------------------------------------- */

/* The state with these successors. */
static unsigned intern(const uint16_t next[256], bool above_v2) {
  static uint16_t table[4 * STATES];
  uint32_t hash = above_v2;
  unsigned i;
  for (i = 0; i < 256; i++)
    hash = (hash ^ next[i]) * 0x9e3779b1u;
  for (i = hash % (4 * STATES); table[i] != 0; i = (i + 1) % (4 * STATES))
    if (states[table[i]].above_v2 == above_v2 &&
        memcmp(states[table[i]].next, next, sizeof states->next) == 0)
      return table[i];
  must(used < STATES, "too many states");
  memcpy(states[used].next, next, sizeof states->next);
  states[used].above_v2 = above_v2;
  table[i] = (uint16_t)used;
  return used++;
}

/* `count` bytes of any value, then `end`. */
static unsigned count_down(unsigned count, unsigned end) {
  while (count-- > 0) {
    uint16_t next[256];
    unsigned i;
    for (i = 0; i < 256; i++)
      next[i] = (uint16_t)end;
    end = intern(next, false);
  }
  return end;
}

/* A byte without its highest bit, then `end`. */
static unsigned not_negative(unsigned end) {
  uint16_t next[256];
  unsigned i;
  for (i = 0; i < 256; i++)
    next[i] = (uint16_t)(i < 0x80 ? end : REFUSED);
  return intern(next, false);
}

/* -- Instructions --------------------------------------------------------- */

static uint32_t raw_line(const zvm__insn *in) {
  return zvm__opcodes[ZVM__SPACE(in->map, in->pp)][in->opcode];
}

static bool has_modrm(uint32_t line) {
  return (line & A_ALLOWED) != 0 &&
         ((line & A_KIND) == A_GROUP || (line & A_MODRM) != 0);
}

/*
** Is more of the instruction needed before it can be judged? What ModRM
** makes wrong no SIB makes right.
*/
static bool is_open(const string *s, const zvm__insn *in, zvm_rule rule) {
  const uint8_t *modrm = s->bytes + in->at + 1;
  if (in->at >= s->size)
    return true; /* prefixes only */
  if (!has_modrm(raw_line(in)))
    return false;
  return s->size == in->at + 1 ||
         (s->size == in->at + 2 && rule == ZVM_RULE_NONE && *modrm < 0xc0 &&
          (*modrm & 7) == 4);
}

/* Of an instruction that stands alone. */
static bool is_refused(const zvm__insn *in) {
  uint32_t kind = in->attr & A_KIND;
  return zvm__check_memory(in) != ZVM_RULE_NONE ||
         zvm__check_rsp(in) != ZVM_RULE_NONE || kind == A_RETURN ||
         kind == A_INDIRECT || (kind == A_FENCE && (in->modrm & 7) != 0) ||
         (kind == A_ENDBR && in->modrm != 0xfa);
}

static unsigned end_of(const zvm__insn *in) {
  if (zvm__is_branch(in))
    return (in->attr & A_IMM) == A_J8 ? ZVM__BRANCH8 : ZVM__BRANCH32;
  if (zvm__accesses_rip(in))
    switch (in->length - in->at - 6) { /* opcode, ModRM, disp32 */
    case 0: return ZVM__RIP;
    case 1: return ZVM__RIP_1;
    case 2: return ZVM__RIP_2;
    case 4: return ZVM__RIP_4;
    default: abort();
    }
  return ZVM__START;
}

/*
** All that can still matter once the opcode is known. Instructions that
** agree in it go on from one state.
*/
typedef struct known {
  uint32_t line;
  uint8_t map, pp, rex, vvvv, reg;
  bool has_rex, addr32, opsize, lock, vex_l;
} known;

static known what_is_known(const zvm__insn *in) {
  known k;
  memset(&k, 0, sizeof k); /* compared as bytes */
  k.line = raw_line(in);
  k.map = in->map >= ZVM__V0F;
  k.pp = (uint8_t)in->pp;
  k.rex = (uint8_t)in->rex;
  k.vvvv = in->vvvv == 0 || in->vvvv == ZVM__RSP ? (uint8_t)in->vvvv : 1;
  k.reg = (k.line & A_WOPC) != 0 ? in->opcode & 7 : 0;
  k.has_rex = in->has_rex;
  k.addr32 = in->addr32;
  k.opsize = in->opsize;
  k.lock = in->lock;
  k.vex_l = in->vex_l;
  return k;
}

static unsigned *find_known(const known *k) {
  enum { SIZE = 1 << 17 };
  static struct { known k; unsigned state; } table[SIZE];
  static unsigned count;
  const uint8_t *bytes = (const uint8_t *)k;
  uint32_t hash = 0;
  unsigned i;
  for (i = 0; i < sizeof *k; i++)
    hash = (hash ^ bytes[i]) * 0x9e3779b1u;
  for (i = hash % SIZE; table[i].k.line != 0; i = (i + 1) % SIZE)
    if (memcmp(&table[i].k, k, sizeof *k) == 0)
      return &table[i].state;
  count++;
  must(count < SIZE / 2, "too many kinds of instruction");
  table[i].k = *k;
  return &table[i].state;
}

/* -- The trie ------------------------------------------------------------- */

static unsigned follow(int from, string s, bool above_v2);

static unsigned branch_out(int from, const string *s, bool above_v2) {
  uint16_t next[256];
  bool useful = false;
  unsigned b;
  string longer = *s;
  longer.size++;
  for (b = 0; b < 256; b++) {
    longer.bytes[s->size] = (uint8_t)b;
    next[b] = (uint16_t)follow(from, longer, above_v2);
    useful |= next[b] != REFUSED;
  }
  return useful ? intern(next, above_v2) : REFUSED;
}

/*
** The state after the bytes `s` of one instruction that began in state
** `from`. `above_v2`: the state before was marked so.
*/
static unsigned follow(int from, string s, bool above_v2) {
  const struct fused *f = find_fused(from, &s, false);
  bool begins = find_fused(from, &s, true) != NULL;
  unsigned *memo = NULL;
  unsigned state;
  bool sign; /* of the displacement to come: it counts */
  zvm_rule rule;
  zvm__insn in;
  if (f != NULL)
    return f->to;
  must(s.size < LONGEST, "an instruction that does not end");
  memset(s.bytes + s.size, UNKNOWN, sizeof s.bytes - s.size);
  rule = zvm__decode(s.bytes, 0, &in);
  sign = zvm__check_memory(&in) == ZVM_R_MEM_RSP;
  in.below = false;
  if (in.at + 1 == s.size && !begins && (raw_line(&in) & A_ALLOWED) != 0) {
    known k = what_is_known(&in);
    memo = find_known(&k);
    if (*memo != 0)
      return *memo;
  }
  if (is_open(&s, &in, rule) || begins) {
    bool marked = above_v2 || in.map >= ZVM__V0F ||
                  (in.at < s.size && (raw_line(&in) & A_V3) != 0);
    state = branch_out(begins ? from : APART, &s, marked);
  } else if (rule != ZVM_RULE_NONE || is_refused(&in)) {
    state = REFUSED;
  } else {
    unsigned rest = in.length - s.size;
    must(((in.attr & A_V3) != 0) == above_v2, "a state of another level");
    state = sign ? count_down(3, not_negative(count_down(rest - 4,
                                                         end_of(&in))))
                 : count_down(rest, end_of(&in));
  }
  if (memo != NULL)
    *memo = state;
  return state;
}

/* Of the states between instructions: as START, but for what is fused. */
static void fill_ends(void) {
  const string none = {.size = 0};
  unsigned start = branch_out(ANY, &none, false);
  unsigned end;
  unsigned i;
  for (end = 0; end < ZVM__ENDS; end++)
    states[end] = states[start];
  for (i = 0; i < fused_count; i++)
    if (fused[i].from != ANY) {
      string first = {.bytes = {fused[i].bytes[0]}, .size = 1};
      states[fused[i].from].next[first.bytes[0]] =
          (uint16_t)follow(fused[i].from, first, false);
    }
  for (i = 0; i < 256; i++)
    states[REFUSED].next[i] = REFUSED;
}

/* -- Output --------------------------------------------------------------- */

static uint16_t number[STATES], order[STATES];
static unsigned numbered;

static void number_state(unsigned s) {
  number[s] = (uint16_t)numbered;
  order[numbered++] = (uint16_t)s;
}

static void write_table(FILE *out) {
  unsigned above_v2;
  unsigned i, b;
  for (i = 0; i < REFUSED; i++)
    number_state(i);
  for (i = FIRST; i < used; i++)
    if (!states[i].above_v2)
      number_state(i);
  above_v2 = numbered;
  for (i = FIRST; i < used; i++)
    if (states[i].above_v2)
      number_state(i);
  number_state(REFUSED);
  fprintf(out, "/* Made by core/validator/gen/automaton.c. */\n"
               "enum { ZVM__ABOVE_V2 = %u, ZVM__REFUSED = %u };\n\n"
               "static const uint16_t zvm__next[%u][256] = {\n",
          above_v2, number[REFUSED], numbered);
  for (i = 0; i < numbered; i++) {
    fputs("{", out);
    for (b = 0; b < 256; b++)
      fprintf(out, "%u,%s", number[states[order[i]].next[b]],
              b % 16 == 15 ? "\n" : "");
    fputs("},\n", out);
  }
  fputs("};\n", out);
}

int main(int argc, char **argv) {
  FILE *out = argc == 2 ? fopen(argv[1], "w") : NULL;
  if (out == NULL) {
    fputs("usage: automaton <output>\n", stderr);
    return 2;
  }
  fill_fused();
  fill_ends();
  write_table(out);
  if (fclose(out) != 0) {
    perror(argv[1]);
    return 1;
  }
  return 0;
}
