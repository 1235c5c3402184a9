/*
** search.c - one match, or all of them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <string.h>
#include <zvm.h>

#include "re.h"

/* In bytes that PCRE2 passes over: a match's call, and a try in vain. */
enum { CALL = 512, TRY = 64 };

/*
** What is to have been matched before a prefilter is made, by ways to begin
** that are followed. If none is worth while with few, more may do.
*/
enum { EFFORTS = 2 };
static const struct {
  int64_t work;
  unsigned prefixes;
} efforts[EFFORTS] = {{256 << 10, 8}, {1 << 20, RE_PREFIXES}};

static size_t next_character(const re_state *s, const re_pattern *p,
                             size_t at) {
  at++;
  if (p->crlf && at < s->size && s->subject[at - 1] == '\r' &&
      s->subject[at] == '\n')
    return at + 1;
  while (p->utf && at < s->size && (s->subject[at] & 0xc0) == 0x80)
    at++;
  return at;
}


static int match_plainly(re_state *s, const re_pattern *p, size_t start,
                         uint32_t options) {
  return pcre2_match(p->code, (PCRE2_SPTR)s->subject, s->size, start, options,
                     s->match, s->limits);
}


/* It is not worth while: another one may be, later. */
static void give_up(re_pattern *p) {
  free(p->filter);
  p->filter = NULL;
  p->work = 0;
  p->may_filter = ++p->efforts < EFFORTS;
}


/*
** PCRE2 looks for a byte that each match has in the rest of the subject, and
** does not even try without: in so many bytes at most if a match may begin
** anywhere, but in fewer than REQUIRED_FROM if it is anchored. So that is done
** here for it (REQ_CU_MAX in pcre2_match.c).
*/
enum { REQUIRED_FROM = 5000, REQUIRED_MOST = 5000000 };

typedef enum required {
  REQUIRED_IS_THERE,
  REQUIRED_IS_NOT,
  REQUIRED_ASK
} required;

/* *known: up to there it is known to be there. ASK: only PCRE2 can tell. */
static required look_for_required(const re_state *s, const re_prefilter *f,
                                  size_t at, size_t *known) {
  size_t left = s->size - at;
  if (f->required < 0 || left < REQUIRED_FROM || left >= REQUIRED_MOST ||
      at + f->first < *known)
    return REQUIRED_IS_THERE;
  const char *from = s->subject + at + f->first;
  size_t n = left - f->first;
  const char *found = memchr(from, f->required, n);
  if (found != NULL) {
    *known = (size_t)(found - s->subject) + 1;
    return REQUIRED_IS_THERE;
  }
  if (f->required >= 0x80 ||
      (f->has_cases && memchr(from, f->required ^ 0x20, n) != NULL))
    return REQUIRED_ASK;
  return REQUIRED_IS_NOT;
}


/* Only where the prefilter has nothing against it, as long as that pays. */
static int match_filtered(re_state *s, re_pattern *p, size_t start,
                          uint32_t options) {
  int64_t gain = 4 * TRY;
  size_t known = 0;
  while (gain >= 0) {
    size_t at = re_prefilter_skip(p->filter, s->subject, s->size, start);
    required r = look_for_required(s, p->filter, at, &known);
    if (r == REQUIRED_IS_NOT)
      return PCRE2_ERROR_NOMATCH;
    if (r == REQUIRED_ASK)
      return match_plainly(s, p, at, options);
    int n = match_plainly(s, p, at, options | PCRE2_ANCHORED);
    if (n != PCRE2_ERROR_NOMATCH || at == s->size)
      return n;
    gain += (int64_t)(at - start) - TRY;
    start = next_character(s, p, at);
  }
  give_up(p);
  return match_plainly(s, p, start, options);
}


/* Whether there is a prefilter that is worth while by now. */
static int is_filtered(const re_state *s, re_pattern *p) {
  if (p->filter != NULL)
    return 1;
  if (!p->may_filter || p->work < efforts[p->efforts].work)
    return 0;
  p->filter = re_prefilter_make(s, p, efforts[p->efforts].prefixes);
  if (p->filter == NULL)
    give_up(p);
  return p->filter != NULL;
}


static int match_valid(re_state *s, re_pattern *p, size_t start,
                       uint32_t options) {
  if ((options & ~(uint32_t)PCRE2_NO_UTF_CHECK) == 0 && is_filtered(s, p))
    return match_filtered(s, p, start, options);
  int n = match_plainly(s, p, start, options);
  size_t end = n >= 0 ? pcre2_get_ovector_pointer(s->match)[0] : s->size;
  p->work += CALL + (int64_t)(end > start ? end - start : 0);
  return n;
}


/* The result of pcre2_match, of the subject that is there. */
static int match(re_state *s, re_pattern *p, size_t start, uint32_t options) {
  if (!p->utf)
    return match_valid(s, p, start, options);
  if (s->checked == RE_UNCHECKED)
    s->checked = re_is_ascii(s->subject, s->size) ? RE_VALID : RE_NO_ASCII;
  if (s->checked == RE_VALID) {
    if (start < s->size && (s->subject[start] & 0xc0) == 0x80)
      return PCRE2_ERROR_BADUTFOFFSET; /* it would be read behind its end */
    return match_valid(s, p, start, options | PCRE2_NO_UTF_CHECK);
  }
  int n = match_plainly(s, p, start, options);
  if (start == 0 && (n >= 0 || n == PCRE2_ERROR_NOMATCH))
    s->checked = RE_VALID;
  return n;
}


static void answer_failure(re_state *s, int n, size_t start) {
  if (n == PCRE2_ERROR_NOMATCH)
    re_answer_put(RE_NONE, 0, 0, 0);
  else if (n == PCRE2_ERROR_BADUTFOFFSET)
    re_answer_error(n, start);
  else
    re_answer_error(n, pcre2_get_startchar(s->match));
}


/* Offsets are 4 bytes: PCRE2_SIZE is, here. */
_Static_assert(sizeof(PCRE2_SIZE) == 4, "an offset is a word");

static void set_rest(PCRE2_SIZE *o, uint32_t from, uint32_t pairs) {
  for (uint32_t i = 2 * from; i < 2 * pairs; i++)
    o[i] = PCRE2_UNSET;
}


void re_find(re_state *s, const re_request *q, re_pattern *p) {
  int n = match(s, p, q->b, q->a);
  if (n < 0) {
    answer_failure(s, n, q->b);
    return;
  }
  PCRE2_SIZE *o = pcre2_get_ovector_pointer(s->match);
  set_rest(o, (uint32_t)n, p->pairs);
  re_answer a = {RE_DONE, p->pairs, (p->pairs - 1) * 8, o[0], o[1]};
  if (p->pairs == 1) {
    re_put(&a, sizeof a);
    return;
  }
  char whole[1024];
  if (sizeof a + a.size <= sizeof whole) { /* at once */
    memcpy(whole, &a, sizeof a);
    memcpy(whole + sizeof a, o + 2, a.size);
    re_put(whole, sizeof a + a.size);
    return;
  }
  re_put(&a, sizeof a);
  re_put(o + 2, a.size);
}


/* -- All ----------------------------------------------------------------- */

typedef struct block {
  re_answer head;
  uint32_t words[RE_BLOCK / 4];
} block;


static void send(block *b, uint32_t status) {
  b->head.status = status;
  re_put(b, sizeof b->head + b->head.size);
  b->head.count = b->head.size = 0;
}


/* A match, whose pairs are more than a block has room for or not. */
static void add(block *b, const PCRE2_SIZE *o, uint32_t pairs) {
  if (b->head.size + pairs * 8 > sizeof b->words)
    send(b, RE_MORE);
  if (pairs * 8 > sizeof b->words) {
    re_answer a = {RE_MORE, 1, pairs * 8, 0, 0};
    re_put(&a, sizeof a);
    re_put(o, pairs * 8);
    return;
  }
  memcpy((char *)b->words + b->head.size, o, pairs * 8);
  b->head.size += pairs * 8;
  b->head.count++;
}


/*
** As Perl does it: behind an empty match one that is not empty is looked for at
** the same place, and only then one character is passed over; or CR and LF,
** where they are one newline.
*/
void re_all(re_state *s, const re_request *q, re_pattern *p) {
  static block b;
  size_t at = q->b;
  uint32_t options = 0, left = q->a;
  int n = PCRE2_ERROR_NOMATCH;
  b.head = (re_answer){0};
  while (left > 0) {
    n = match(s, p, at, options);
    if (n == PCRE2_ERROR_NOMATCH && options != 0 && at < s->size) {
      at = next_character(s, p, at);
      options = 0;
      continue;
    }
    if (n < 0)
      break;
    PCRE2_SIZE *o = pcre2_get_ovector_pointer(s->match);
    set_rest(o, (uint32_t)n, p->pairs);
    add(&b, o, p->pairs);
    left--;
    /* \K in an assertion may end a match before it began. */
    size_t end = o[1] > at || o[0] == o[1] ? o[1] : next_character(s, p, at);
    options = o[0] == o[1] ? PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED : 0;
    if (end < at || end > s->size)
      break;
    at = end;
  }
  if (n < 0 && n != PCRE2_ERROR_NOMATCH) {
    if (b.head.count > 0)
      send(&b, RE_MORE);
    answer_failure(s, n, at);
    return;
  }
  send(&b, RE_DONE);
}
