/*
** serve.c - requests in, answers out.
**
**   re MATCH-LIMIT DEPTH-LIMIT HEAP-LIMIT
**
** Limits are PCRE2's: of matches, of depth, and of the heap in KiB.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <string.h>
#include <zvm.h>

#include "re.h"

void re_get(void *to, size_t size) {
  if (size > 0 && zvm_pread(0, to, (int)size, 0) != (int)size)
    zvm_exit(0);
}


void re_put(const void *from, size_t size) {
  if (size > 0 && zvm_pwrite(1, from, (int)size, 0) != (int)size)
    zvm_exit(1);
}


void re_answer_put(uint32_t status, uint32_t count, uint32_t first,
                   uint32_t last) {
  re_answer a = {status, count, 0, first, last};
  re_put(&a, sizeof a);
}


void re_answer_error(int number, size_t where) {
  struct {
    re_answer head;
    char text[256];
  } a = {.head = {.status = RE_ERROR}};
  int n = pcre2_get_error_message(number, (PCRE2_UCHAR *)a.text, sizeof a.text);
  a.head.count = (uint32_t)number;
  a.head.size = n > 0 ? (uint32_t)n : 0;
  a.head.first = (uint32_t)where;
  re_put(&a, sizeof a.head + a.head.size);
}


enum { LARGE = 1 << 20 };

/* Room for so many bytes. What was there may go. */
static void make_room(re_state *s, size_t size) {
  if (size <= s->room)
    return;
  size_t room = s->room < 4096 ? 4096 : s->room;
  while (room < size && room < LARGE)
    room *= 2;
  if (room < size) /* twice as much might be more than there is */
    room = size;
  free(s->large);
  s->large = malloc(room);
  if (s->large == NULL)
    zvm_exit(2); /* the host sees that its request was too large */
  s->room = room;
}


/* Of the request's bytes so many came with its head. */
static void take_bytes(re_state *s, const re_inbox *in, size_t there) {
  size_t size = in->q.size;
  if (size == RE_SAME)
    return;
  s->size = size;
  s->checked = RE_UNCHECKED;
  if (size <= there) {
    s->subject = in->bytes;
    s->next_inbox = !s->next_inbox;
    return;
  }
  make_room(s, size);
  memcpy(s->large, in->bytes, there);
  re_get(s->large + there, size - there);
  s->subject = s->large;
}


/* The next request, whose bytes are the subject from now on, or the pattern. */
static re_request take_request(re_state *s) {
  re_inbox *in = &s->inbox[s->next_inbox];
  size_t there = s->promised;
  re_get(in, sizeof in->q + there);
  if (in->q.next > RE_NEXT_MOST)
    zvm_exit(3);
  s->promised = in->q.next;
  take_bytes(s, in, there);
  return in->q;
}


static void serve(re_state *s) {
  re_request q = take_request(s);
  if (q.operation == RE_COMPILE) {
    re_compile(s, &q, s->subject);
    return;
  }
  re_pattern *p = re_pattern_of(s, q.slot);
  if (p == NULL)
    zvm_exit(3);
  if (q.operation == RE_FREE)
    re_free(s, q.slot);
  else if (q.operation == RE_FIND)
    re_find(s, &q, p);
  else if (q.operation == RE_ALL)
    re_all(s, &q, p);
  else if (q.operation == RE_NAMES)
    re_names(p);
  else
    zvm_exit(3);
}


int main(int argc, char **argv) {
  static re_state s;
  s.limits = pcre2_match_context_create(NULL);
  if (argc != 4 || s.limits == NULL)
    return 2;
  uint32_t steps = (uint32_t)strtoul(argv[1], NULL, 10);
  pcre2_set_match_limit(s.limits, steps);
  pcre2_set_depth_limit(s.limits, (uint32_t)strtoul(argv[2], NULL, 10));
  pcre2_set_heap_limit(s.limits, (uint32_t)strtoul(argv[3], NULL, 10));
  s.few = pcre2_match_context_copy(s.limits);
  if (s.few == NULL)
    return 2;
  pcre2_set_match_limit(s.few, steps < RE_STEPS ? steps : RE_STEPS);
  for (;;)
    serve(&s);
}
