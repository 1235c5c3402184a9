/*
** merge.c - many sorted streams as one.
**
** A tree of losers: Knuth, The Art of Computer Programming, volume 3, 5.4.1.
** Leaf i of `count` is node count + i; losers[n] lost the match at node n.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "parts.h"

/* Of equal prefixes. A source at its end is behind all others. */
static __attribute__((noinline)) bool wins_tie(const struct source *a,
                                               const struct source *b) {
  if (a->record == NULL || b->record == NULL)
    return a->record != NULL || (b->record == NULL && a->index < b->index);
  int order = compare_keys(key_of(a->record), a->key_size, key_of(b->record),
                           b->key_size);
  return order != 0 ? order < 0 : a->index < b->index;
}

static inline bool wins(const struct source *a, const struct source *b) {
  return likely(a->prefix != b->prefix) ? a->prefix < b->prefix
                                        : wins_tie(a, b);
}

/* Plays all matches below a node. */
static struct source *play(struct merge *t, uint32_t node) {
  if (node >= t->count)
    return &t->sources[node - t->count];
  struct source *a = play(t, 2 * node);
  struct source *b = play(t, 2 * node + 1);
  bool first = wins(a, b);
  t->losers[node] = first ? b : a;
  return first ? a : b;
}

void __zvm_mr_merge_begin(struct merge *t, struct source *sources,
                          uint32_t count) {
  t->sources = sources;
  t->count = count;
  t->losers = __zvm_mr_resize(t->losers, count * sizeof *t->losers,
                              "a merge");
  for (uint32_t i = 0; i < count; i++)
    sources[i].index = i;
  t->first = play(t, 1);
}

void __zvm_mr_merge_next(struct merge *t) {
  struct source *s = t->first;
  source_next(s);
  for (uint32_t node = (t->count + s->index) / 2; node > 0; node /= 2) {
    struct source *other = t->losers[node];
    if (wins(other, s)) {
      t->losers[node] = s;
      s = other;
    }
  }
  t->first = s;
}
