/*
** sink.c - a stream of records that is written.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "parts.h"

void __zvm_mr_write(int channel, const char *from, size_t size,
                    int64_t offset) {
  int32_t n = zvm_pwrite(channel, from, (int64_t)size, offset);
  if (n != (int32_t)size)
    __zvm_mr_fail("%s: cannot write %zu bytes at %lld: %s%s",
                  MANIFEST->channels[channel].name, size, (long long)offset,
                  __zvm_mr_error(n),
                  channel == __zvm_mr_scratch()
                    ? "; \"scratch_size\" of the job sets how large it may be"
                    : "");
}

static void put(struct sink *k, const char *from, size_t size) {
  __zvm_mr_write(k->channel, from, size, k->offset);
  k->offset += (int64_t)size;
}

void __zvm_mr_sink_begin(struct sink *k, uint32_t partition,
                         uint32_t partitions) {
  char header[STREAM_HEADER];
  store32(header, STREAM_MAGIC);
  store32(header + 4, STREAM_VERSION);
  store32(header + 8, partition);
  store32(header + 12, partitions);
  put(k, header, sizeof header);
  k->used = 0;
  k->count = 0;
}

static void note_block(struct sink *k, size_t size) {
  if (size > k->max_block)
    k->max_block = (uint32_t)size;
}

void __zvm_mr_sink_flush(struct sink *k) {
  if (k->count == 0)
    return;
  store32(k->buffer, (uint32_t)k->used);
  store32(k->buffer + 4, k->count);
  put(k, k->buffer, BLOCK_HEADER + k->used);
  note_block(k, k->used);
  k->used = 0;
  k->count = 0;
}

/* A record that no buffer holds is a block of its own. */
void __zvm_mr_sink_large(struct sink *k, const char *record, size_t size) {
  char header[BLOCK_HEADER];
  store32(header, (uint32_t)size);
  store32(header + 4, 1);
  put(k, header, sizeof header);
  put(k, record, size);
  note_block(k, size);
}

void __zvm_mr_sink_end(struct sink *k) {
  static const char end[BLOCK_HEADER];
  __zvm_mr_sink_flush(k);
  put(k, end, sizeof end);
}
