/*
** source.c - a stream of records that is read, and what it says is checked.
**
** One trap gets a block and the header of the next one: there always is one,
** that of the end at least. So nothing behind the stream is ever asked for.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "parts.h"

#define FAIL(s, at, format, ...)                                      \
  __zvm_mr_fail("%s: byte %lld: " format,                             \
                MANIFEST->channels[(s)->channel].name, (long long)(at), \
                ##__VA_ARGS__)

static void get(struct source *s, char *to, size_t size, const char *what) {
  int32_t n = zvm_pread(s->channel, to, (int64_t)size, s->offset);
  if (n < 0)
    FAIL(s, s->offset, "cannot read %s: %s", what, __zvm_mr_error(n));
  if ((size_t)n < size)
    FAIL(s, s->offset + n, "the stream ends in %s", what);
  s->offset += (int64_t)size;
}

/* Takes the header of a block that will be read. */
static void read_header(struct source *s, const char *header) {
  s->next_size = load32(header);
  s->next_count = load32(header + 4);
  if ((s->next_size == 0) != (s->next_count == 0) ||
      s->next_size > BLOCK_MAX ||
      s->next_count > s->next_size / RECORD_HEADER)
    FAIL(s, s->offset - BLOCK_HEADER, "a block of %u bytes cannot have %u "
         "records", (unsigned)s->next_size, (unsigned)s->next_count);
}

static int64_t position(const struct source *s, const char *at) {
  return s->begin + (at - s->window);
}

/* The order is checked over the borders of blocks too. */
static void keep_last_key(struct source *s) {
  if (s->record == NULL)
    return;
  if (s->key_size > s->key_room) {
    s->key_room = s->key_size;
    s->last_key = __zvm_mr_resize(s->last_key, s->key_room, "a key");
  }
  memcpy(s->last_key, key_of(s->record), s->key_size);
  s->last_size = s->key_size;
}

static void check_order(struct source *s, const char *record, uint32_t size) {
  bool first = record == s->window;
  const char *last = first ? s->last_key : key_of(s->record);
  uint32_t last_size = first ? s->last_size : s->key_size;
  if (compare_keys(last, last_size, key_of(record), size) > 0)
    FAIL(s, position(s, record), "a key that is less than the one before it");
}

/* `record` becomes the current one. */
void __zvm_mr_source_record(struct source *s, const char *record) {
  size_t there = (size_t)(s->end - record);
  uint32_t key_size = 0;
  uint64_t size = RECORD_HEADER;
  if (likely(there >= RECORD_HEADER)) {
    key_size = key_size_of(record);
    size += (uint64_t)key_size + value_size_of(record);
  }
  if (unlikely(size > there))
    FAIL(s, position(s, record), "a record of %llu bytes in a block that has "
         "%zu more", (unsigned long long)size, there);
  s->left--;
  if (unlikely(s->left == 0 && size != there))
    FAIL(s, position(s, record) + (int64_t)size,
         "%zu bytes behind the last record of a block",
         there - (size_t)size);
  uint64_t prefix = prefix_of(key_of(record), key_size);
  if (unlikely(prefix <= s->prefix))
    check_order(s, record, key_size);
  s->prefix = prefix;
  s->record = record;
  s->key_size = key_size;
  s->size = (uint32_t)size;
}

void __zvm_mr_source_block(struct source *s) {
  if (s->next_size == 0) {
    s->record = NULL;
    s->prefix = ~0ull;
    return;
  }
  keep_last_key(s);
  size_t size = s->next_size + BLOCK_HEADER;
  if (size > s->window_size && s->is_fixed)
    FAIL(s, s->offset - BLOCK_HEADER, "a block of %u bytes, more than there "
         "was", (unsigned)s->next_size);
  if (size > s->window_size) {
    s->window_size = size;
    s->window = __zvm_mr_resize(s->window, size, "a block of records");
  }
  s->begin = s->offset;
  s->end = s->window + s->next_size;
  s->left = s->next_count;
  get(s, s->window, size, "a block");
  read_header(s, s->end);
  __zvm_mr_source_record(s, s->window);
}

bool __zvm_mr_source_open(struct source *s) {
  char start[STREAM_HEADER + BLOCK_HEADER];
  s->record = NULL;
  s->prefix = 0;
  s->last_size = 0;
  int32_t n = zvm_pread(s->channel, start, sizeof start, s->offset);
  if (n == 0)
    return false;
  if (n != (int32_t)sizeof start)
    FAIL(s, s->offset, "cannot read the start of a stream: %s",
         __zvm_mr_error(n));
  if (load32(start) != STREAM_MAGIC)
    FAIL(s, s->offset, "no stream of records begins here");
  if (load32(start + 4) != STREAM_VERSION)
    FAIL(s, s->offset + 4, "version %u of the format; %d is known",
         (unsigned)load32(start + 4), STREAM_VERSION);
  s->partition = load32(start + 8);
  s->partitions = load32(start + 12);
  if (s->partitions > PARTITIONS_MAX || s->partition >= s->partitions)
    FAIL(s, s->offset + 8, "partition %u of %u", (unsigned)s->partition,
         (unsigned)s->partitions);
  s->offset += sizeof start;
  read_header(s, start + STREAM_HEADER);
  __zvm_mr_source_block(s);
  return true;
}
