/*
** prefilter.c - which bytes a match may begin with.
**
** PCRE2 itself is asked, byte by byte. With PCRE2_ANCHORED and
** PCRE2_PARTIAL_HARD it says "no match" of some bytes only if it came to that
** without a look behind their end, so whatever follows them; had it looked, it
** would have said "partial". From such answers come sets: of the first byte,
** of the second and third if there are not too many ways to begin, and of the
** byte before.
**
** A pattern whose matches depend on more than that has none: on more of what
** is before than whether it is a word's (lookbehind, ^, \A, \G), or on what
** was tried before (verbs). ^ has another reason, too: at the end of what is
** there it fails without a word about it.
**
** What is asked is the pattern behind a (?:|\b), which changes nothing of what
** it matches. But with a look behind in it PCRE2 says "partial" where nothing
** has been matched yet, too: .{2} of one byte would be "no match" else.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <string.h>

#include "re.h"

/*
** MANY: bytes; a set of more tells too little. The others bound the time that
** it takes to make a prefilter: a step of PCRE2's copies a frame, and may pass
** through all of the code.
*/
enum {
  MANY = 48,
  FRAME_MOST = 1024,
  CODE_MOST = 16 << 10,
  QUESTIONS_MOST = 20000,
  WORK_MOST = 4 << 20, /* questions, times bytes of the code */
};

/* What may be before a match: nothing of a word, or a word. */
enum { NO_WORD, WORD, CONTEXTS };
static const char before[CONTEXTS] = {' ', 'a'};

static const uint32_t allowed = PCRE2_CASELESS | PCRE2_DOLLAR_ENDONLY |
                                PCRE2_DOTALL | PCRE2_DUPNAMES | PCRE2_EXTENDED |
                                PCRE2_MULTILINE | PCRE2_NO_AUTO_CAPTURE |
                                PCRE2_UCP | PCRE2_UNGREEDY | PCRE2_UTF;

static uint32_t info(const re_pattern *p, uint32_t what) {
  uint32_t value = 0;
  pcre2_pattern_info(p->code, what, &value);
  return value;
}


/* Whether `^` at `at` can be nothing but the start of a class. */
static int begins_class(const char *source, size_t at) {
  return at >= 1 && source[at - 1] == '[' &&
         (at == 1 || source[at - 2] != '\\');
}


/* The source is looked at, not understood: any \A will do, of \\A too. */
static int is_plain(const char *source, size_t size) {
  static const char *const refused[] = {"(*",  "(?<=", "(?<!", "(?<*",
                                        "\\A", "\\C",  "\\G"};
  for (size_t i = 0; i < size; i++) {
    if (source[i] == '^' && !begins_class(source, i))
      return 0;
    for (size_t k = 0; k < sizeof refused / sizeof refused[0]; k++) {
      size_t n = strlen(refused[k]);
      if (n <= size - i && memcmp(source + i, refused[k], n) == 0)
        return 0;
    }
  }
  return 1;
}


int re_prefilter_may(const re_pattern *p) {
  return (info(p, PCRE2_INFO_ALLOPTIONS) & ~allowed) == 0 &&
         info(p, PCRE2_INFO_NEWLINE) == PCRE2_NEWLINE_LF &&
         info(p, PCRE2_INFO_FIRSTCODETYPE) != 2 && /* begins lines */
         info(p, PCRE2_INFO_FRAMESIZE) <= FRAME_MOST &&
         info(p, PCRE2_INFO_SIZE) <= CODE_MOST &&
         info(p, PCRE2_INFO_MAXLOOKBEHIND) <= 1 && is_plain(p->source, p->size);
}


/* -- Questions ----------------------------------------------------------- */

/*
** An answer has RE_STEPS steps at most, and the match's own limits: what is
** passed over would not have met them.
*/
typedef struct question {
  const re_state *state;
  const re_pattern *pattern;
  pcre2_code *code;
  unsigned most; /* prefixes that are followed */
  unsigned left; /* questions that may be asked */
  int failed;    /* an answer was neither yes nor no, or none were left */
} question;

/* Whether a match can begin with these bytes, after what the context is. */
static int can_begin(question *q, unsigned context, const char *bytes,
                     size_t n) {
  if (q->left == 0)
    q->failed = 1;
  if (q->failed)
    return 1;
  q->left--;
  char text[1 + RE_PREFIX] = {before[context]};
  memcpy(text + 1, bytes, n);
  int answer =
      pcre2_match(q->code, (PCRE2_SPTR)text, 1 + n, 1,
                  PCRE2_ANCHORED | PCRE2_PARTIAL_HARD | PCRE2_NO_UTF_CHECK,
                  q->state->match, q->state->few);
  q->failed |= answer < PCRE2_ERROR_PARTIAL;
  return answer != PCRE2_ERROR_NOMATCH;
}


typedef struct prefix {
  char bytes[RE_PREFIX];
  unsigned contexts; /* in which it can be: a bit each */
} prefix;

typedef struct prefixes {
  prefix all[RE_PREFIXES];
  unsigned count;    /* more than `most`: they are too many to follow */
  unsigned contexts; /* in which any can be                             */
} prefixes;

static unsigned contexts_of(question *q, const prefix *p, unsigned n) {
  unsigned some = 0;
  for (unsigned c = 0; c < CONTEXTS; c++)
    if ((p->contexts >> c & 1) != 0 && can_begin(q, c, p->bytes, n))
      some |= 1u << c;
  return some;
}


/* Of text most bytes are ASCII. */
static int tells_little(const uint8_t set[256]) {
  unsigned n = 0;
  for (unsigned byte = 0; byte < 0x80; byte++)
    n += set[byte];
  return n > MANY;
}


/* In UTF-8 what is no ASCII is not asked about: it would be half a character.
** Which may be first PCRE2 may know; behind a first byte anything may be. */
static void add_beyond_ascii(const re_pattern *p, unsigned n,
                             uint8_t set[256]) {
  const uint8_t *bitmap = NULL;
  pcre2_pattern_info(p->code, PCRE2_INFO_FIRSTBITMAP, &bitmap);
  int has_first = info(p, PCRE2_INFO_FIRSTCODETYPE) == 1;
  uint32_t first = info(p, PCRE2_INFO_FIRSTCODEUNIT);
  for (unsigned byte = 0x80; byte < 0x100; byte++)
    set[byte] = n > 1       ? 1
                : has_first ? byte == first
                : bitmap    ? bitmap[byte / 8] >> byte % 8 & 1
                            : byte >= 0xc0;
}


/*
** The prefixes of `n` bytes that begin with those of one byte less, and the
** set of their last bytes. Or some of them, if it tells little.
*/
static void lengthen(question *q, const prefixes *from, prefixes *to,
                     unsigned n, uint8_t set[256]) {
  unsigned top = q->pattern->utf ? 0x80 : 0x100;
  *to = (prefixes){.count = 0};
  for (unsigned i = 0; i < from->count; i++) {
    if (q->failed || (n > 1 && tells_little(set)))
      return;
    for (unsigned byte = 0; byte < top; byte++) {
      prefix next = from->all[i];
      next.bytes[n - 1] = (char)byte;
      next.contexts = contexts_of(q, &next, n);
      if (next.contexts == 0)
        continue;
      set[byte] = 1;
      to->contexts |= next.contexts;
      if (to->count < q->most)
        to->all[to->count] = next;
      to->count++;
    }
  }
  if (q->pattern->utf)
    add_beyond_ascii(q->pattern, n, set);
}


/* -- Sets ---------------------------------------------------------------- */

/*
** One bit of the tables for each row of 16 that is another. The last one is of
** all that are left: the set may be larger then, which does no harm.
*/
static void make_tables(re_set *s, const uint8_t set[256]) {
  unsigned kinds[8], count = 0;
  memset(s, 0, sizeof *s);
  for (unsigned high = 0; high < 16; high++) {
    unsigned row = 0, k = 0;
    for (unsigned low = 0; low < 16; low++)
      row |= (unsigned)set[high * 16 + low] << low;
    if (row == 0)
      continue;
    while (k < count && k < 7 && kinds[k] != row)
      k++;
    if (k == count)
      kinds[count++] = row;
    s->high[high] = (uint8_t)(1U << k);
    for (unsigned low = 0; low < 16; low++)
      s->low[low] |= (uint8_t)((row >> low & 1) << k);
  }
}


/* Whether the set is all bytes that agree with one in the bits of a mask. */
static int make_bits(re_set *s, const uint8_t set[256]) {
  unsigned all = 0xff, any = 0, count = 0;
  for (unsigned byte = 0; byte < 256; byte++)
    if (set[byte]) {
      all &= byte;
      any |= byte;
      count++;
    }
  s->mask = (uint8_t) ~(all ^ any);
  s->value = (uint8_t)(all & s->mask);
  return count == 1u << __builtin_popcount(all ^ any);
}


/*
** Of the byte before, by the contexts that a match can be in. What is no ASCII
** may be a word's or not.
*/
static void set_before(uint8_t set[256], unsigned contexts) {
  for (unsigned byte = 0; byte < 256; byte++) {
    int is_word = byte == '_' || (byte >= '0' && byte <= '9') ||
                  ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
    unsigned context = is_word ? WORD : NO_WORD;
    set[byte] = byte >= 0x80 || (contexts >> context & 1) != 0;
  }
}


/* The sets of as many bytes as tell something: whether there are any. */
static int make_sets(question *q, re_prefilter *f, unsigned contexts) {
  prefixes list[2] = {{.count = 1}};
  uint8_t set[256];
  int little = 0;
  list[0].all[0].contexts = contexts;
  f->by_bits = 1;
  for (unsigned n = 1; n <= RE_PREFIX; n++) {
    prefixes *to = &list[n & 1];
    memset(set, 0, sizeof set);
    lengthen(q, &list[(n - 1) & 1], to, n, set);
    if (q->failed || (n > 1 && tells_little(set)))
      break;
    if (n == 1) { /* PCRE2 itself looks for the byte that all begin with */
      little =
          tells_little(set) || info(q->pattern, PCRE2_INFO_FIRSTCODETYPE) == 1;
      f->before = !q->pattern->utf && to->contexts != contexts;
      contexts = to->contexts;
    }
    f->width = n;
    make_tables(&f->set[n], set);
    f->by_bits &= make_bits(&f->set[n], set);
    if (to->count > q->most || (q->pattern->utf && n == 2))
      break;
  }
  set_before(set, contexts);
  make_tables(&f->set[0], set);
  return f->width > 1 || (f->width == 1 && (f->before || !little));
}


/* Without what PCRE2 found out about starts: each answer is of its matcher. */
static pcre2_code *compile_behind(const re_pattern *p) {
  static const char first[] = "(?:|\\b)";
  size_t n = sizeof first - 1;
  int number;
  PCRE2_SIZE where;
  char *whole = malloc(n + p->size);
  if (whole == NULL)
    return NULL;
  memcpy(whole, first, n);
  memcpy(whole + n, p->source, p->size);
  pcre2_code *code = pcre2_compile((PCRE2_SPTR)whole, n + p->size,
                                   p->options | PCRE2_NO_START_OPTIMIZE,
                                   &number, &where, NULL);
  free(whole);
  return code;
}


/* PCRE2 does not tell whether its case counts. */
static void set_required(re_prefilter *f, const re_pattern *p) {
  uint32_t byte = info(p, PCRE2_INFO_LASTCODEUNIT);
  f->first = info(p, PCRE2_INFO_FIRSTCODETYPE) == 1;
  f->required = info(p, PCRE2_INFO_LASTCODETYPE) == 1 ? (int)byte : -1;
  f->has_cases = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}


re_prefilter *re_prefilter_make(const re_state *s, const re_pattern *p,
                                unsigned prefixes) {
  re_prefilter *f = calloc(1, sizeof *f);
  uint32_t questions = WORK_MOST / (info(p, PCRE2_INFO_SIZE) + 1);
  question q = {
      .state = s,
      .pattern = p,
      .code = compile_behind(p),
      .most = prefixes,
      .left = questions < QUESTIONS_MOST ? questions : QUESTIONS_MOST,
  };
  /* With no word's end looked at, what is before does not matter. */
  unsigned contexts = info(p, PCRE2_INFO_MAXLOOKBEHIND) == 0
                          ? 1u << WORD
                          : (1u << CONTEXTS) - 1;
  int good = f != NULL && q.code != NULL && make_sets(&q, f, contexts);
  pcre2_code_free(q.code);
  if (!good) {
    free(f);
    return NULL;
  }
  set_required(f, p);
  return f;
}
