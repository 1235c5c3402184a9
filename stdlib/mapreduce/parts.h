/*
** parts.h - what the files of the library share.
**
** A record is {u32 key size, u32 value size, key, value}: the same bytes in
** memory, on the scratch channel and between guests. A stream of records is
** cut into blocks; docs/mapreduce.md has the format.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_MAPREDUCE_PARTS_H
#define ZVM_MAPREDUCE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zvm.h>

#include "zvm/mapreduce.h"

#define HIDDEN __attribute__((visibility("hidden")))
#define COLD __attribute__((cold, noinline))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* -- Records ------------------------------------------------------------- */

#define RECORD_HEADER 8

/* Where prefixes are taken from, so many bytes behind a key can be read. */
#define SLACK 8

static inline uint32_t load32(const char *from) {
  uint32_t n;
  memcpy(&n, from, sizeof n);
  return n;
}

static inline void store32(char *to, uint32_t n) {
  memcpy(to, &n, sizeof n);
}

static inline uint32_t key_size_of(const char *record) {
  return load32(record);
}

static inline uint32_t value_size_of(const char *record) {
  return load32(record + 4);
}

static inline const char *key_of(const char *record) {
  return record + RECORD_HEADER;
}

static inline size_t size_of(const char *record) {
  return RECORD_HEADER + key_size_of(record) + value_size_of(record);
}

/*
** The first 8 bytes of a key as a number that sorts as they do; bytes that
** are not there are 0. So of keys with one prefix the shorter one is less, if
** one of them has no more than 8 bytes.
*/
static inline uint64_t prefix_of(const char *key, size_t size) {
  uint64_t n;
  memcpy(&n, key, sizeof n);
  n = __builtin_bswap64(n);
  if (size >= 8)
    return n;
  return size == 0 ? 0 : n & (~0ull << (64 - 8 * size));
}

/* Compares keys as strings of unsigned bytes. */
static inline int compare_keys(const char *a, size_t m, const char *b,
                               size_t n) {
  int order = memcmp(a, b, m < n ? m : n);
  return order != 0 ? order : (m > n) - (m < n);
}

/* -- Setup (setup.c) ----------------------------------------------------- */

#define PARTITIONS_MAX 256

enum role { ROLE_MAP = 1, ROLE_COMBINE, ROLE_REDUCE };
enum cut { CUT_LINES, CUT_FIXED, CUT_BLOCKS, CUT_WHOLE };

/* What the job says in the environment variable ZVM_MAPREDUCE. */
struct setup {
  enum role role; /* 0: as the program says */
  enum cut cut;
  uint32_t fixed;   /* bytes of a record, of CUT_FIXED */
  uint32_t buffer;  /* bytes for sorting */
  uint32_t partitions;
  bool ranges;      /* by `bounds`, not by hash */
  char *bounds[PARTITIONS_MAX]; /* partition i + 1 begins at bounds[i] */
  uint32_t bound_sizes[PARTITIONS_MAX];
};

HIDDEN extern struct setup __zvm_mr_setup;

HIDDEN void __zvm_mr_read_setup(void);

/*
** Handles of the channels whose names begin so, by the number that their
** names end with. The list has `count` of them; it is not freed.
*/
HIDDEN int *__zvm_mr_channels(const char *prefix, uint32_t *count);

HIDDEN int __zvm_mr_scratch(void); /* its handle, or -1 */

/* Writes one line to stderr, and ends the program. */
HIDDEN void __zvm_mr_fail(const char *format, ...)
  __attribute__((format(printf, 1, 2), noreturn, cold));

HIDDEN const char *__zvm_mr_error(int32_t result);

/* Or fails: there is no other way out of a lack of memory. */
HIDDEN void *__zvm_mr_allocate(size_t size, const char *what);
HIDDEN void *__zvm_mr_resize(void *old, size_t size, const char *what);

/* -- Streams (sink.c, source.c) ------------------------------------------ */

#define STREAM_MAGIC 0x524d565au /* "ZVMR" */
#define STREAM_VERSION 1
#define STREAM_HEADER 16
#define BLOCK_HEADER 8
#define BLOCK_MAX 0x40000000u
#define BLOCK_USUAL 0x40000u

/* A stream that is written. Blocks are of `room` bytes, or of one record. */
struct sink {
  int channel;
  int64_t offset; /* where the next byte goes, if the channel is random */
  char *buffer;   /* a block's header and `room` bytes behind it */
  size_t room;
  size_t used;
  uint32_t count;     /* records in the buffer */
  uint32_t max_block; /* the largest block so far */
};

HIDDEN void __zvm_mr_write(int channel, const char *from, size_t size,
                           int64_t offset);
HIDDEN void __zvm_mr_sink_begin(struct sink *k, uint32_t partition,
                                uint32_t partitions);
HIDDEN void __zvm_mr_sink_flush(struct sink *k);
HIDDEN void __zvm_mr_sink_large(struct sink *k, const char *record,
                                size_t size);
HIDDEN void __zvm_mr_sink_end(struct sink *k);

static inline void sink_put(struct sink *k, const char *record, size_t size) {
  if (unlikely(size > k->room - k->used)) {
    __zvm_mr_sink_flush(k);
    if (size > k->room) {
      __zvm_mr_sink_large(k, record, size);
      return;
    }
  }
  memcpy(k->buffer + BLOCK_HEADER + k->used, record, size);
  k->used += size;
  k->count++;
}

/*
** A stream that is read. Another guest wrote it: what it says is checked, and
** an error names the byte of the stream. `record` is the current one, with
** all of its block in memory; NULL is the end.
*/
struct source {
  uint64_t prefix; /* of the record's key */
  const char *record;
  uint32_t key_size;
  uint32_t size;  /* of the record */
  uint32_t index; /* of equal keys the lower one is first */
  int channel;
  int64_t offset; /* of the next byte to be read */
  int64_t begin;  /* of the block in `window` */
  char *window;   /* may grow, unless it is a fixed one */
  size_t window_size;
  bool is_fixed;
  const char *end;       /* of the block */
  uint32_t left;         /* records in it behind this one */
  uint32_t next_size;    /* of the next block, from its header */
  uint32_t next_count;
  uint32_t partition, partitions; /* as the stream says */
  uint32_t key_room;
  char *last_key; /* of the block before this one */
  uint32_t last_size;
};

/*
** Of a source whose channel, offset and maybe window are set. False: the
** channel has ended before the first byte.
*/
HIDDEN bool __zvm_mr_source_open(struct source *s);
HIDDEN void __zvm_mr_source_block(struct source *s);
HIDDEN void __zvm_mr_source_record(struct source *s, const char *record);

/* To the next record. */
static inline void source_next(struct source *s) {
  if (likely(s->left > 0))
    __zvm_mr_source_record(s, s->record + s->size);
  else
    __zvm_mr_source_block(s);
}

static inline bool is_same_key(const struct source *s, uint64_t prefix,
                               const char *key, uint32_t size) {
  return s->record != NULL && s->prefix == prefix && s->key_size == size &&
         memcmp(key_of(s->record), key, size) == 0;
}

/* -- Merging (merge.c) --------------------------------------------------- */

/* A loser tree over sources. */
struct merge {
  struct source *first; /* of the current record, or one at its end */
  struct source **losers;
  struct source *sources;
  uint32_t count;
};

HIDDEN void __zvm_mr_merge_begin(struct merge *t, struct source *sources,
                                 uint32_t count);
HIDDEN void __zvm_mr_merge_next(struct merge *t);

/* -- Sorting (sort.c) ---------------------------------------------------- */

/* One record in memory. Of two with one key the lower address is first. */
struct entry {
  uint64_t prefix;
  char *record;
  uint32_t partition;
};

/* By partition, key, address. */
HIDDEN void __zvm_mr_sort(struct entry *e, size_t n, uint32_t partitions);

/* -- Mappers (store.c, spill.c, input.c) --------------------------------- */

struct slot {
  uint32_t tag;
  char *record; /* NULL: free */
};

/*
** What is emitted waits a while before the table gets it, so that its slot
** and then its record can be on their way from memory. Only small ones do.
*/
#define WAITING 16u /* a power of two */
#define WAITING_BYTES 48u

struct waiting {
  uint64_t hash;
  uint32_t key_size;
  uint32_t value_size;
  char bytes[WAITING_BYTES]; /* key, value */
};

/* A sorted run on the scratch channel: a stream for each partition. */
struct run {
  uint32_t max_block;
  int64_t *begins;
};

struct zvm_map {
  char *memory; /* records from here up to `top` */
  char *top;
  char *floor; /* entries or slots from here up to `end` */
  char *end;
  uint32_t record_max;
  zvm_combine_function *combine; /* NULL: `floor` has entries, last first */
  struct slot *slots;            /* a power of two of them, at `floor` */
  uint32_t slot_count;
  uint32_t used;  /* slots that are not free */
  uint32_t count; /* records */
  uint32_t waiting_from, waiting_to; /* of `waiting`, modulo their number */
  struct waiting waiting[WAITING];
  struct run *runs;
  uint32_t run_count;
  int scratch;
  int64_t scratch_end;
  size_t block;
  struct sink sink;
};

HIDDEN void __zvm_mr_store_begin(zvm_map *m, zvm_combine_function *combine);
HIDDEN void __zvm_mr_store_empty(zvm_map *m);
HIDDEN void __zvm_mr_store_settle(zvm_map *m);
HIDDEN struct entry *__zvm_mr_store_entries(zvm_map *m);
HIDDEN void __zvm_mr_spill(zvm_map *m);
HIDDEN void __zvm_mr_finish(zvm_map *m);
HIDDEN void __zvm_mr_read_input(zvm_map *m, zvm_map_function *map);
HIDDEN int __zvm_mr_map(zvm_map_function *map, zvm_combine_function *combine);

/* -- Reducers (reduce.c) ------------------------------------------------- */

HIDDEN int __zvm_mr_reduce(zvm_reduce_function *reduce);
HIDDEN void __zvm_mr_combine(zvm_reduce_function *combine, int output,
                             uint32_t partition, uint32_t partitions);

#endif
