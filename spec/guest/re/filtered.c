/*
** filtered.c - prefilters change nothing of what random patterns find.
**
** usage: filtered SEED PATTERNS
**
** The guest of zvm.re but for its requests: each pattern searches each of its
** subjects with a prefilter and without one, and the answers are compared byte
** by byte. Prints what differs, and at last how many patterns had a prefilter
** and how many searches were compared.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../stdlib/re/re.h"

enum { SUBJECTS = 20, MOST = 400, LONG_MOST = 7000, STEPS = 20000 };

/* More than a prefilter takes: it has to know what it does not. */
static char atoms_text[] =
    "a b c d e z k s x 1 9 _ - # . $ ab abc zeb | | | \\x20 \\n \\x00 \\xff "
    "\\x{e9} \xc3\xa9 \xe2\x82\xac [ab] [^a] [^\\n] [k-s] [[:alpha:]] [^\\w] "
    "[\\x80-\\xff] [\\s\\S] \\w \\W \\d \\D \\s \\S \\h \\v \\N \\R \\X \\p{L} "
    "\\P{Lu} \\b \\B \\Z \\z \\K (a) (b|c) (a|) (?:a|bc) (?:|a) (?|a|b) (?>a+) "
    "(?>a|ab)c (a(b)?) (?<n>c) (\\w)(\\d) (?:ab){2} a{0} \\w+@\\w+ \\Qab.\\E "
    "\\1 \\2 (?1) (?R)? (?(1)a|b) (?=b) (?!a) (?=b\\n) (?!b$) (?!$) (?=$) "
    "(?=.*9) (?!.*9) (?=\\w) (?!\\w) \\b(?=z) (?i)B (?i:ab) (?-i) (?m) (?s). "
    "(?#c) "
    "[!#-&1-58<B-EGQ-Wb-dfs-x\\x85\\x93-\\x97\\xa1-\\xb3\\xc9\\xe0-\\xef] "
    "^ (?m)^ \\A \\G \\C (?<!a) (?<=a) (?<=b) (?<*a) (?<*-) (?*a) (?<=\\W) "
    "(*COMMIT) (*SKIP) (*F) ";
static char times_text[] = "* + ? {2} *? ++ ?? {1,2} {0,3}+ {3,} ";
static char texts_text[] =
    "a/b/c/d/e/z/1/9/_/-/@/A/B/K/k/s/zeb/ /\t/\n/\r/\r\n/";
static char bytes_text[] = "\xe9 \xc9 \xff \x80 \x85 ";
static char characters_text[] = "\xc3\xa9 \xc3\x89 \xe2\x82\xac \xe2\x84\xaa "
                                "\xc5\xbf \xf0\x9f\x98\x80 \xcc\x81 \xc2\x85 ";

typedef struct list {
  const char *all[128];
  size_t count;
} list;

static list atoms, times, texts, bytes, characters;

static const uint32_t options[] = {0,
                                   0,
                                   0,
                                   PCRE2_CASELESS,
                                   PCRE2_DOTALL,
                                   PCRE2_MULTILINE,
                                   PCRE2_EXTENDED,
                                   PCRE2_UTF | PCRE2_UCP,
                                   PCRE2_UTF,
                                   PCRE2_UCP,
                                   PCRE2_UNGREEDY,
                                   PCRE2_DOLLAR_ENDONLY,
                                   PCRE2_DUPNAMES,
                                   PCRE2_NO_AUTO_CAPTURE};

static void split(list *l, char *text, char by) {
  for (char *end; (end = strchr(text, by)) != NULL; text = end + 1) {
    *end = '\0';
    l->all[l->count++] = text;
  }
}


/* xorshift64, by G. Marsaglia. */
static uint64_t seed;

static unsigned below(size_t n) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (unsigned)((seed >> 20) % n);
}


static const char *one_of(const list *l) {
  return l->all[below(l->count)];
}


/* -- Answers ------------------------------------------------------------- */

typedef struct answer {
  size_t size;
  char bytes[64 * 1024];
} answer;

static answer *now;

void re_put(const void *from, size_t size) {
  if (size > sizeof now->bytes - now->size)
    abort();
  memcpy(now->bytes + now->size, from, size);
  now->size += size;
}


void re_answer_put(uint32_t status, uint32_t count, uint32_t first,
                   uint32_t last) {
  re_answer a = {status, count, 0, first, last};
  re_put(&a, sizeof a);
}


void re_answer_error(int number, size_t where) {
  re_answer_put(RE_ERROR, (uint32_t)number, (uint32_t)where, 0);
}


/* -- Patterns and subjects ----------------------------------------------- */

static void make_source(char *source) {
  *source = '\0';
  for (unsigned left = 1 + below(5); left > 0; left--) {
    strcat(source, one_of(&atoms));
    if (below(3) > 0)
      strcat(source, one_of(&times));
  }
}


static void make_subject(re_state *s, int utf) {
  size_t want = below(8) == 0 ? below(MOST) : below(60);
  s->size = 0;
  while (s->size < want) {
    const char *part = one_of(below(6) > 0 ? &texts
                              : utf        ? &characters
                                           : &bytes);
    size_t n = strlen(part);
    memcpy(s->large + s->size, part, n);
    s->size += n;
  }
  /* Seldom a long one, for which PCRE2 does some things otherwise. */
  size_t once = s->size;
  while (below(100) == 0 && once > 0 && s->size + once < LONG_MOST)
    for (want = below(LONG_MOST); s->size + once < want; s->size += once)
      memcpy(s->large + s->size, s->large, once);
}


static size_t make_start(const re_state *s, int utf) {
  size_t start = below(3) > 0 ? 0 : below(s->size + 1);
  while (utf && start < s->size && (s->subject[start] & 0xc0) == 0x80)
    start++;
  return start;
}


static void search(re_state *s, re_pattern *p, size_t start, int all,
                   answer *to) {
  re_request q = {.a = all ? 1000 : 0, .b = (uint32_t)start};
  now = to;
  now->size = 0;
  s->checked = RE_UNCHECKED;
  if (all)
    re_all(s, &q, p);
  else
    re_find(s, &q, p);
}


static void show(const char *what, const char *text, size_t size) {
  printf("%s ", what);
  for (size_t i = 0; i < size; i++)
    printf(text[i] > ' ' && text[i] < 0x7f ? "%c" : "\\x%02x",
           (unsigned char)text[i]);
  printf("\n");
}


/* Whether both ways found the same. */
static int compare(re_state *s, re_pattern *p, re_prefilter *filter) {
  static answer plain, filtered;
  int all = below(3) == 0;
  make_subject(s, p->utf);
  size_t start = make_start(s, p->utf);
  p->filter = NULL;
  p->may_filter = 0;
  search(s, p, start, all, &plain);
  p->filter = malloc(sizeof *filter); /* the search may give it up */
  *p->filter = *filter;
  search(s, p, start, all, &filtered);
  free(p->filter);
  p->filter = NULL;
  if (plain.size == filtered.size &&
      memcmp(plain.bytes, filtered.bytes, plain.size) == 0)
    return 1;
  show("pattern", p->source, p->size);
  show("in", s->subject, s->size);
  printf("options %#x, from %zu, %s\n", (unsigned)p->options, start,
         all ? "all" : "first");
  return 0;
}


/* -- Main ---------------------------------------------------------------- */

static re_state state;

static void begin(void) {
  split(&atoms, atoms_text, ' ');
  split(&times, times_text, ' ');
  split(&texts, texts_text, '/');
  split(&bytes, bytes_text, ' ');
  split(&characters, characters_text, ' ');
  state.large = malloc(LONG_MOST);
  state.subject = state.large;
  state.limits = pcre2_match_context_create(NULL);
  if (state.large == NULL || state.limits == NULL)
    abort();
  pcre2_set_match_limit(state.limits, STEPS);
  state.few = pcre2_match_context_copy(state.limits);
  pcre2_set_match_limit(state.few, RE_STEPS);
}


static re_pattern *compile(char *source) {
  static answer ignored;
  size_t count = sizeof options / sizeof options[0];
  re_request q = {.a = options[below(count)] | options[below(count)]};
  now = &ignored;
  now->size = 0;
  if (re_pattern_of(&state, 0) != NULL)
    re_free(&state, 0); /* the one before */
  state.size = strlen(source);
  re_compile(&state, &q, source);
  return re_pattern_of(&state, 0);
}


int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  seed = strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15 + 1;
  unsigned long filters = 0, compared = 0, same = 0;
  char source[256];
  begin();
  for (unsigned long left = strtoul(argv[2], NULL, 10); left > 0; left--) {
    make_source(source);
    re_pattern *p = compile(source);
    re_prefilter *filter = NULL;
    if (p != NULL && p->may_filter)
      filter = re_prefilter_make(&state, p, below(4) > 0 ? 8 : RE_PREFIXES);
    filters += filter != NULL;
    for (unsigned i = 0; filter != NULL && i < SUBJECTS; i++, compared++)
      same += (unsigned long)compare(&state, p, filter);
    free(filter);
  }
  printf("%lu filters, %lu compared, %lu same\n", filters, compared, same);
  return compared == same ? 0 : 1;
}
