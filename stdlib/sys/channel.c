/*
** channel.c - reading and writing channels, and what they can do.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "sys.h"

#define CHANNEL_MAX 1024

/* The end of what was written so far; 0 where nothing was. */
static int64_t written[CHANNEL_MAX];

bool __zvm_can_get(int channel) {
  const int64_t *limits = MANIFEST->channels[channel].limits;
  return limits[GetsLimit] > 0 && limits[GetSizeLimit] > 0;
}

bool __zvm_can_put(int channel) {
  const int64_t *limits = MANIFEST->channels[channel].limits;
  return limits[PutsLimit] > 0 && limits[PutSizeLimit] > 0;
}

bool __zvm_is_random(int channel) {
  return MANIFEST->channels[channel].type != SGetSPut;
}

int64_t __zvm_channel_size(int channel) {
  int64_t size = MANIFEST->channels[channel].size;
  return written[channel] > size ? written[channel] : size;
}

/* Requests longer than a trap takes are cut: a short count is legal. */
#define TRAP_MAX 0x7ffff000u

int64_t __zvm_get(int channel, void *buf, size_t size, int64_t off) {
  if (channel == CHANNEL_NULL) return 0;
  return zvm_pread(channel, buf, size > TRAP_MAX ? TRAP_MAX : size, off);
}

int64_t __zvm_put(int channel, const void *buf, size_t size, int64_t off) {
  int64_t n;
  if (channel == CHANNEL_NULL) return size;
  if (MANIFEST->channels[channel].type == RGetSPut)
    off = __zvm_channel_size(channel);
  n = zvm_pwrite(channel, buf, size > TRAP_MAX ? TRAP_MAX : size, off);
  if (n > 0 && off + n > written[channel]) written[channel] = off + n;
  return n;
}
