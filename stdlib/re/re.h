/*
** re.h - the guest of zvm.re: PCRE2 that serves one host.
**
** Requests come from stdin, answers go to stdout, both in words of 4 bytes,
** the lowest byte first:
**
**   request  operation, slot, a, b, size, next, then `size` bytes
**   answer   status, count, size, first, last, then `size` bytes
**
** With `next` a host promises so many bytes behind the head of the request
** after that one: where those that count are fewer, others follow them. So a
** guest reads both at once. The other side is lua/zvm/re/engine.lua, and
** zvm.so-src/llink.c.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_RE_H
#define ZVM_RE_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>

enum {
  RE_COMPILE = 1, /* a: PCRE2's options; bytes: the pattern               */
  RE_FREE,        /* no answer                                            */
  RE_FIND,        /* a: PCRE2's options; b: where to begin; the subject   */
  RE_ALL,         /* a: how many at most; b: where to begin; the subject  */
  RE_NAMES,       /* of the slot: number, length, bytes of each           */
};

enum {
  RE_SAME = 0xffffffff, /* as size: the subject before                    */
  RE_BLOCK = 64 * 1024, /* of matches in one answer                       */
  RE_NEXT_MOST = 4096,  /* bytes that are promised                        */
};

enum {
  RE_DONE = 0, /* count: pairs, or matches; the last answer               */
  RE_NONE,     /* no match                                                */
  RE_MORE,     /* matches, and another answer follows                     */
  RE_ERROR,    /* count: PCRE2's number, negated if below 0; first: where;
                  the bytes are its message                               */
};

typedef struct re_request {
  uint32_t operation, slot, a, b, size, next;
} re_request;

/* Where a request is read to, with the bytes that were promised. */
typedef struct re_inbox {
  re_request q;
  char bytes[RE_NEXT_MOST];
} re_inbox;

typedef struct re_answer {
  uint32_t status, count, size, first, last;
} re_answer;

/* A set of bytes, as skip.c wants it. */
typedef struct re_set {
  uint8_t low[16], high[16];
  uint8_t mask, value; /* with by_bits: the bytes that are `value` there */
} re_set;

enum { RE_PREFIX = 3 }; /* bytes of a match that a prefilter knows at most */

/* Where a match may begin: places whose bytes are in no set are passed over. */
typedef struct re_prefilter {
  unsigned width; /* bytes of a match that are known, from 1 on */
  int before;     /* and the one before it                      */
  int by_bits;    /* their sets are given by mask and value     */
  re_set set[1 + RE_PREFIX];
  int required;  /* a byte that each match has, or -1            */
  int has_cases; /* it is a letter: the other case may do        */
  int first;     /* that is not the match's first one: 1, else 0 */
} re_prefilter;

typedef struct re_pattern {
  pcre2_code *code; /* NULL: no such slot        */
  char *source;     /* and the options that it was compiled with */
  size_t size;
  uint32_t options;
  uint32_t pairs; /* of a match, with the whole */
  int utf;
  int crlf;             /* CR and LF may be one newline */
  int may_filter;       /* one may be made */
  int64_t work;         /* what matches took without one, search.c's measure */
  unsigned efforts;     /* to make one that is worth while, in vain */
  re_prefilter *filter; /* NULL: none, or not yet */
} re_pattern;

typedef enum re_checked { RE_UNCHECKED, RE_NO_ASCII, RE_VALID } re_checked;

typedef struct re_state {
  re_pattern *patterns;
  uint32_t slots;
  re_inbox inbox[2];   /* one may have the subject, the other one is free */
  int next_inbox;      /* that is free                                    */
  size_t promised;     /* bytes of the request that comes                 */
  char *large;         /* what has room for so many bytes, or NULL        */
  size_t room;
  const char *subject; /* in an inbox, or `large` */
  size_t size;
  re_checked checked; /* that the subject is UTF-8 */
  pcre2_match_data *match;
  uint32_t pairs;                    /* of `match` */
  pcre2_match_context *limits, *few; /* `few`: for what a prefilter asks */
} re_state;

/* Whole, or the process ends: nobody is there. */
void re_get(void *to, size_t size);
void re_put(const void *from, size_t size);
/* An answer by itself; of an error, with PCRE2's message. */
void re_answer_put(uint32_t status, uint32_t count, uint32_t first,
                   uint32_t last);
void re_answer_error(int number, size_t where);

/* The slot's pattern; NULL: there is none. */
re_pattern *re_pattern_of(re_state *s, uint32_t slot);
void re_compile(re_state *s, const re_request *q, const char *bytes);
void re_free(re_state *s, uint32_t slot);
void re_names(const re_pattern *p);

void re_find(re_state *s, const re_request *q, re_pattern *p);
void re_all(re_state *s, const re_request *q, re_pattern *p);

enum {
  RE_STEPS = 64,    /* for what a prefilter asks, at most */
  RE_PREFIXES = 64, /* that are followed, at most         */
};

/* Whether a prefilter would change nothing of what is found. */
int re_prefilter_may(const re_pattern *p);
/* A new one, for free(), in whose making so many ways to begin are followed at
** most, up to RE_PREFIXES; NULL: none that would tell anything, or no memory.
** Match data of the state is used. */
re_prefilter *re_prefilter_make(const re_state *s, const re_pattern *p,
                                unsigned prefixes);
/* The first place from `at` on where a match may begin; `size`: none, but for
** an empty one at the end. */
size_t re_prefilter_skip(const re_prefilter *f, const char *s, size_t size,
                         size_t at);

int re_is_ascii(const char *s, size_t size);

#endif
