/*
** reduce.c - streams of all mappers become keys with their values.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>

#include "parts.h"

#define OUTPUT BLOCK_USUAL

struct zvm_reduce {
  struct merge merge;
  uint64_t prefix; /* of the key that is reduced, which is a copy */
  char *key;
  uint32_t key_size, key_room;
  bool taken; /* the current record's value has been given away */
  bool over;  /* there are no more values */
  char *output;
  size_t used;
  int64_t offset;
  struct sink *pass; /* of a combiner: where values go to */
  char *record;      /* in which they are put together */
  size_t record_room;
};

/* -- Output -------------------------------------------------------------- */

static void write_out(zvm_reduce *r, const char *from, size_t size) {
  __zvm_mr_write(1, from, size, r->offset);
  r->offset += (int64_t)size;
}

static void flush(zvm_reduce *r) {
  if (r->used > 0)
    write_out(r, r->output, r->used);
  r->used = 0;
}

void zvm_put(zvm_reduce *r, const void *bytes, size_t size) {
  if (unlikely(r->pass != NULL))
    __zvm_mr_fail("zvm_put is for reducers; a combiner calls zvm_pass");
  if (unlikely(size > OUTPUT - r->used)) {
    flush(r);
    for (; size > OUTPUT; size -= OUTPUT) {
      write_out(r, bytes, OUTPUT);
      bytes = (const char *)bytes + OUTPUT;
    }
  }
  memcpy(r->output + r->used, bytes, size);
  r->used += size;
}

void zvm_pass(zvm_reduce *r, const void *value, size_t size) {
  if (unlikely(r->pass == NULL))
    __zvm_mr_fail("zvm_pass is for combiners; a reducer calls zvm_put");
  if (size > BLOCK_MAX - RECORD_HEADER - r->key_size)
    __zvm_mr_fail("a value of %zu bytes is too long", size);
  size_t whole = RECORD_HEADER + r->key_size + size;
  if (whole > r->record_room) {
    r->record_room = whole;
    r->record = __zvm_mr_resize(r->record, whole, "a record");
  }
  store32(r->record, r->key_size);
  store32(r->record + 4, (uint32_t)size);
  memcpy(r->record + RECORD_HEADER, r->key, r->key_size);
  memcpy(r->record + RECORD_HEADER + r->key_size, value, size);
  sink_put(r->pass, r->record, whole);
}

/* -- Groups -------------------------------------------------------------- */

const void *zvm_value(zvm_reduce *r, size_t *size) {
  const struct source *s = r->merge.first;
  if (r->over)
    return NULL;
  if (r->taken) {
    __zvm_mr_merge_next(&r->merge);
    s = r->merge.first;
    if (!is_same_key(s, r->prefix, r->key, r->key_size)) {
      r->over = true;
      return NULL;
    }
  }
  r->taken = true;
  *size = s->size - RECORD_HEADER - s->key_size;
  return key_of(s->record) + s->key_size;
}

/* The key of the current record is the next one. */
static void begin_group(zvm_reduce *r) {
  const struct source *s = r->merge.first;
  if (s->key_size > r->key_room || r->key == NULL) {
    r->key_room = s->key_size;
    r->key = __zvm_mr_resize(r->key, r->key_room + SLACK, "a key");
  }
  memcpy(r->key, key_of(s->record), s->key_size);
  r->key_size = s->key_size;
  r->prefix = s->prefix;
  r->taken = r->over = false;
}

static void reduce_groups(zvm_reduce *r, zvm_reduce_function *reduce) {
  while (r->merge.first->record != NULL) {
    size_t size;
    begin_group(r);
    reduce(r, r->key, r->key_size);
    while (zvm_value(r, &size) != NULL)
      ;
  }
}

static void copy_records(zvm_reduce *r) {
  for (const struct source *s; (s = r->merge.first)->record != NULL;
       __zvm_mr_merge_next(&r->merge))
    zvm_put(r, key_of(s->record), s->size - RECORD_HEADER);
}

/* -- Programs ------------------------------------------------------------ */

/* All streams are of one partition. */
static struct source *open_all(uint32_t *count) {
  static int standard; /* stdin, if there is no other input */
  int *inputs = __zvm_mr_channels("/dev/in/", count);
  if (*count == 0) {
    inputs = &standard;
    *count = 1;
  }
  struct source *list =
    __zvm_mr_allocate(*count * sizeof *list, "streams");
  memset(list, 0, *count * sizeof *list);
  for (uint32_t i = 0; i < *count; i++) {
    const char *name = MANIFEST->channels[inputs[i]].name;
    list[i].channel = inputs[i];
    if (!__zvm_mr_source_open(&list[i]))
      __zvm_mr_fail("%s: byte 0: a stream of records expected, not the end",
                    name);
    if (list[i].partition != list[0].partition ||
        list[i].partitions != list[0].partitions)
      __zvm_mr_fail("%s: byte 8: partition %u of %u; the first stream is of "
                    "%u of %u", name, (unsigned)list[i].partition,
                    (unsigned)list[i].partitions,
                    (unsigned)list[0].partition,
                    (unsigned)list[0].partitions);
  }
  return list;
}

int __zvm_mr_reduce(zvm_reduce_function *reduce) {
  static zvm_reduce r;
  uint32_t count;
  struct source *sources = open_all(&count);
  r.output = __zvm_mr_allocate(OUTPUT, "output");
  __zvm_mr_merge_begin(&r.merge, sources, count);
  if (reduce == NULL)
    copy_records(&r);
  else
    reduce_groups(&r, reduce);
  flush(&r);
  return 0;
}

/* The next stream of stdin, to `output`. */
void __zvm_mr_combine(zvm_reduce_function *combine, int output,
                      uint32_t partition, uint32_t partitions) {
  static zvm_reduce r;
  static struct source s;
  static struct sink k;
  if (!__zvm_mr_source_open(&s))
    __zvm_mr_fail("/dev/stdin: byte %lld: a stream of records expected, not "
                  "the end", (long long)s.offset);
  if (s.partition != partition || s.partitions != partitions)
    __zvm_mr_fail("/dev/stdin: partition %u of %u; %u of %u expected",
                  (unsigned)s.partition, (unsigned)s.partitions,
                  (unsigned)partition, (unsigned)partitions);
  if (k.buffer == NULL)
    k.buffer = __zvm_mr_allocate(BLOCK_USUAL + BLOCK_HEADER, "a block");
  k.channel = output;
  k.offset = 0;
  k.room = BLOCK_USUAL;
  r.pass = &k;
  __zvm_mr_sink_begin(&k, partition, partitions);
  __zvm_mr_merge_begin(&r.merge, &s, 1);
  reduce_groups(&r, combine);
  __zvm_mr_sink_end(&k);
}

int zvm_reduce_main(zvm_reduce_function *reduce) {
  __zvm_mr_read_setup();
  if (__zvm_mr_setup.role != 0 && __zvm_mr_setup.role != ROLE_REDUCE)
    __zvm_mr_fail("this program reduces, and the job has another role for it");
  return __zvm_mr_reduce(reduce);
}
