/*
** pattern.c - patterns in their slots.
**
** The host numbers slots, from 0 on, and uses each again that it freed.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <string.h>
#include <zvm.h>

#include "re.h"

re_pattern *re_pattern_of(re_state *s, uint32_t slot) {
  if (slot >= s->slots || s->patterns[slot].code == NULL)
    return NULL;
  return &s->patterns[slot];
}


static re_pattern *new_slot(re_state *s, uint32_t slot) {
  if (slot >= s->slots) {
    uint32_t slots = slot < 32 ? 64 : slot * 2;
    re_pattern *list = realloc(s->patterns, slots * sizeof *list);
    if (list == NULL)
      zvm_exit(2);
    memset(list + s->slots, 0, (slots - s->slots) * sizeof *list);
    s->patterns = list;
    s->slots = slots;
  }
  return &s->patterns[slot];
}


static void clear(re_pattern *p) {
  pcre2_code_free(p->code);
  free(p->source);
  free(p->filter);
  *p = (re_pattern){.code = NULL};
}


/* A block of results that is large enough for any pattern there is. */
static int reserve(re_state *s, uint32_t pairs) {
  if (pairs <= s->pairs)
    return 1;
  pcre2_match_data *match = pcre2_match_data_create(pairs, NULL);
  if (match == NULL)
    return 0;
  pcre2_match_data_free(s->match);
  s->match = match;
  s->pairs = pairs;
  return 1;
}


void re_compile(re_state *s, const re_request *q, const char *bytes) {
  int number = 0;
  PCRE2_SIZE where = 0;
  uint32_t captures = 0, names = 0;
  pcre2_code *code =
      pcre2_compile((PCRE2_SPTR)bytes, s->size, q->a, &number, &where, NULL);
  if (code == NULL) {
    re_answer_error(number, where);
    return;
  }
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &captures);
  pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &names);
  char *source = malloc(s->size + 1);
  if (source == NULL || !reserve(s, captures + 1)) {
    pcre2_code_free(code);
    free(source);
    re_answer_error(PCRE2_ERROR_NOMEMORY, 0);
    return;
  }
  uint32_t options = 0; /* (*UTF) at the pattern's start counts too */
  pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &options);
  uint32_t newline = 0; /* the build's, or that of (*CRLF) and its like */
  pcre2_pattern_info(code, PCRE2_INFO_NEWLINE, &newline);
  re_pattern *p = new_slot(s, q->slot);
  clear(p);
  memcpy(source, bytes, s->size);
  p->code = code;
  p->source = source;
  p->size = s->size;
  p->options = q->a;
  p->pairs = captures + 1;
  p->utf = (options & PCRE2_UTF) != 0;
  p->crlf = newline == PCRE2_NEWLINE_CRLF || newline == PCRE2_NEWLINE_ANY ||
            newline == PCRE2_NEWLINE_ANYCRLF;
  p->may_filter = re_prefilter_may(p);
  re_answer_put(RE_DONE, captures, names, 0);
}


void re_free(re_state *s, uint32_t slot) {
  clear(&s->patterns[slot]);
}


void re_names(const re_pattern *p) {
  uint32_t count = 0, each = 0;
  PCRE2_SPTR table = NULL;
  pcre2_pattern_info(p->code, PCRE2_INFO_NAMECOUNT, &count);
  pcre2_pattern_info(p->code, PCRE2_INFO_NAMEENTRYSIZE, &each);
  pcre2_pattern_info(p->code, PCRE2_INFO_NAMETABLE, &table);
  re_answer a = {RE_DONE, count, count * each, each, 0};
  re_put(&a, sizeof a);
  re_put(table, (size_t)count * each);
}
