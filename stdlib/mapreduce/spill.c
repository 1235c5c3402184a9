/*
** spill.c - sorted runs on the scratch channel, and what a mapper sends.
**
** When the memory is full, it is sorted and written as a run: a stream for
** each partition. At the end the runs are merged; if they are so many that
** not each can have a block in memory, some at a time, to longer ones. Runs
** next to each other are merged: their order is that of emission.
**
** A mapper without scratch runs sends what it has in memory.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>

#include "parts.h"

#define AHEAD 12 /* records that are asked for before they are copied */

/* The buffer of blocks is not part of the memory for sorting. */
static void sink_open(zvm_map *m, struct sink *k, int channel,
                      int64_t offset) {
  char *buffer = k->buffer;
  if (buffer == NULL)
    buffer = __zvm_mr_allocate(m->block + BLOCK_HEADER, "a block");
  *k = (struct sink){.channel = channel, .offset = offset, .buffer = buffer,
                     .room = m->block};
}

/* -- From memory --------------------------------------------------------- */

static void put_sorted(struct sink *k, const struct entry *e, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (likely(i + AHEAD < n)) {
      __builtin_prefetch(e[i + AHEAD].record);
      __builtin_prefetch(e[i + AHEAD].record + 64);
    }
    sink_put(k, e[i].record, size_of(e[i].record));
  }
}

/* The entries of a partition; they are sorted by partition. */
static size_t count_in(const struct entry *e, const struct entry *end,
                       uint32_t partition) {
  size_t n = 0;
  while (e + n < end && e[n].partition == partition)
    n++;
  return n;
}

static void write_run(zvm_map *m) {
  uint32_t partitions = __zvm_mr_setup.partitions;
  struct run *run = &m->runs[m->run_count++];
  const struct entry *e = __zvm_mr_store_entries(m);
  const struct entry *end = e + m->count;
  struct sink *k = &m->sink;
  run->begins = __zvm_mr_allocate(partitions * sizeof *run->begins, "a run");
  __zvm_mr_sort((struct entry *)e, m->count, partitions);
  sink_open(m, k, m->scratch, m->scratch_end);
  for (uint32_t i = 0; i < partitions; i++) {
    size_t n = count_in(e, end, i);
    run->begins[i] = k->offset;
    __zvm_mr_sink_begin(k, i, partitions);
    put_sorted(k, e, n);
    __zvm_mr_sink_end(k);
    e += n;
  }
  run->max_block = k->max_block;
  m->scratch_end = k->offset;
}

void __zvm_mr_spill(zvm_map *m) {
  if (m->count == 0)
    return;
  if (m->scratch < 0)
    __zvm_mr_fail("%zu bytes of records are more than memory holds, and "
                  "there is no /dev/scratch",
                  (size_t)(m->top - m->memory));
  /* Room for twice as many, whenever their number is a power of two. */
  if ((m->run_count & (m->run_count - 1)) == 0)
    m->runs = __zvm_mr_resize(
      m->runs, (2 * m->run_count + 1) * sizeof *m->runs, "runs");
  write_run(m);
  __zvm_mr_store_empty(m);
}

/* -- Combining in a merge ------------------------------------------------ */

/* A record whose value may yet grow. */
struct pending {
  char *record; /* or nothing, if it has no size */
  size_t size, room;
};

static void keep(struct pending *p, const struct source *s) {
  if (s->size > p->room) {
    p->room = s->size;
    p->record = __zvm_mr_resize(p->record, p->room, "a record");
  }
  memcpy(p->record, s->record, s->size);
  p->size = s->size;
}

static bool add(zvm_map *m, struct pending *p, const struct source *s) {
  if (p->size == 0 || key_size_of(p->record) != s->key_size ||
      memcmp(key_of(p->record), key_of(s->record), s->key_size) != 0)
    return false;
  size_t to = RECORD_HEADER + s->key_size;
  return m->combine(p->record + to, p->size - to, s->record + to,
                    s->size - to);
}

static void merge_combined(zvm_map *m, struct merge *t, struct sink *k) {
  static struct pending p;
  for (; t->first->record != NULL; __zvm_mr_merge_next(t)) {
    if (add(m, &p, t->first))
      continue;
    if (p.size != 0)
      sink_put(k, p.record, p.size);
    keep(&p, t->first);
  }
  if (p.size != 0)
    sink_put(k, p.record, p.size);
  p.size = 0;
}

/* -- Merging ------------------------------------------------------------- */

/* Merges one partition of some runs. The memory becomes their windows. */
static void merge_partition(zvm_map *m, const struct run *runs, uint32_t n,
                            uint32_t partition, struct sink *k) {
  static struct merge t;
  static struct source *sources;
  char *window = m->memory;
  sources = __zvm_mr_resize(sources, n * sizeof *sources, "a merge");
  memset(sources, 0, n * sizeof *sources);
  for (uint32_t i = 0; i < n; i++) {
    size_t size = runs[i].max_block + BLOCK_HEADER;
    sources[i].channel = m->scratch;
    sources[i].window = window;
    sources[i].window_size = size;
    sources[i].is_fixed = true;
    sources[i].offset = runs[i].begins[partition];
    __zvm_mr_source_open(&sources[i]);
    window += size;
  }
  __zvm_mr_merge_begin(&t, sources, n);
  if (m->combine != NULL) {
    merge_combined(m, &t, k);
    return;
  }
  for (; t.first->record != NULL; __zvm_mr_merge_next(&t))
    sink_put(k, t.first->record, t.first->size);
}

/* How many runs from there on can be merged at once. */
static uint32_t fan_in(const zvm_map *m, uint32_t from) {
  size_t left = (size_t)(m->end - m->memory);
  uint32_t n = 0;
  for (; from + n < m->run_count; n++) {
    size_t size = m->runs[from + n].max_block + BLOCK_HEADER;
    if (size > left)
      break;
    left -= size;
  }
  return n;
}

static struct run merge_runs(zvm_map *m, const struct run *runs, uint32_t n) {
  uint32_t partitions = __zvm_mr_setup.partitions;
  struct sink *k = &m->sink;
  struct run made = {
    0, __zvm_mr_allocate(partitions * sizeof *made.begins, "a run")};
  sink_open(m, k, m->scratch, m->scratch_end);
  for (uint32_t i = 0; i < partitions; i++) {
    made.begins[i] = k->offset;
    __zvm_mr_sink_begin(k, i, partitions);
    merge_partition(m, runs, n, i, k);
    __zvm_mr_sink_end(k);
  }
  made.max_block = k->max_block;
  m->scratch_end = k->offset;
  return made;
}

/* A record is at most a quarter of the memory: three of them always fit. */
static void merge_to_few(zvm_map *m) {
  while (fan_in(m, 0) < m->run_count) {
    uint32_t count = 0;
    for (uint32_t from = 0; from < m->run_count;) {
      uint32_t n = fan_in(m, from);
      struct run made = m->runs[from];
      if (n > 1) {
        made = merge_runs(m, &m->runs[from], n);
        for (uint32_t i = 0; i < n; i++)
          free(m->runs[from + i].begins);
      }
      m->runs[count++] = made;
      from += n;
    }
    m->run_count = count;
  }
}

/* -- To the reducers ----------------------------------------------------- */

/* All partitions in turn: each has a channel, or all have stdout. */
static void send(zvm_map *m, const int *outputs, uint32_t count) {
  uint32_t partitions = __zvm_mr_setup.partitions;
  const struct entry *e = NULL;
  if (m->run_count == 0) {
    e = __zvm_mr_store_entries(m);
    __zvm_mr_sort((struct entry *)e, m->count, partitions);
  }
  const struct entry *end = e + m->count;
  for (uint32_t i = 0; i < partitions; i++) {
    struct sink *k = &m->sink;
    sink_open(m, k, count == 0 ? 1 : outputs[i], 0);
    __zvm_mr_sink_begin(k, i, partitions);
    if (m->run_count == 0) {
      size_t n = count_in(e, end, i);
      put_sorted(k, e, n);
      e += n;
    } else {
      merge_partition(m, m->runs, m->run_count, i, k);
    }
    __zvm_mr_sink_end(k);
  }
}

void __zvm_mr_finish(zvm_map *m) {
  uint32_t count;
  int *outputs = __zvm_mr_channels("/dev/out/", &count);
  if (count != 0 && count != __zvm_mr_setup.partitions)
    __zvm_mr_fail("%u channels /dev/out/... for %u partitions",
                  (unsigned)count, (unsigned)__zvm_mr_setup.partitions);
  __zvm_mr_store_settle(m);
  if (m->run_count > 0) {
    __zvm_mr_spill(m);
    merge_to_few(m);
  }
  send(m, outputs, count);
}
