/*
** channel.c - channels: what they can do, and how they are files.
**
** A channel with a position is a regular file, a sequential one a pipe.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <fcntl.h>

#include "fs.h"

#define CHANNEL_MAX 1024
#define FEW 16 /* those of most programs */

/* The end of what was written so far; 0 where nothing was. */
static int64_t written[FEW];
LARGE static int64_t written_to_others[CHANNEL_MAX - FEW];

static int64_t *end_of(int channel) {
  return channel < FEW ? &written[channel] : &written_to_others[channel - FEW];
}

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

bool __zvm_is_appended(int channel) {
  return MANIFEST->channels[channel].type == RGetSPut;
}

bool __zvm_is_read_in_turn(int channel) {
  return MANIFEST->channels[channel].type == SGetRPut;
}

int64_t __zvm_channel_size(int channel) {
  int64_t size = MANIFEST->channels[channel].size;
  int64_t end = *end_of(channel);
  return end > size ? end : size;
}

/* Requests longer than a trap takes are cut: a short count is legal. */
#define TRAP_MAX 0x7ffff000u

int64_t __zvm_get(int channel, void *buf, size_t size, int64_t off) {
  return zvm_pread(channel, buf, size > TRAP_MAX ? TRAP_MAX : size, off);
}

int64_t __zvm_put(int channel, const void *buf, size_t size, int64_t off) {
  int64_t n;
  if (__zvm_is_appended(channel)) off = __zvm_channel_size(channel);
  n = zvm_pwrite(channel, buf, size > TRAP_MAX ? TRAP_MAX : size, off);
  if (n > 0 && off + n > *end_of(channel)) *end_of(channel) = off + n;
  return n;
}

/* Rights come from the limits, whatever the mode says by now. */
static int open_channel(struct file *f) {
  int mode = f->flags & O_ACCMODE, channel = f->node->channel;
  if (mode != O_WRONLY && !__zvm_can_get(channel)) return -EACCES;
  if (mode != O_RDONLY && !__zvm_can_put(channel)) return -EACCES;
  return 0;
}

static int64_t read_channel(struct file *f, void *to, size_t n, int64_t off) {
  return __zvm_get(f->node->channel, to, n, off);
}

static int64_t write_channel(struct file *f, const void *from, size_t n,
                             int64_t off) {
  return __zvm_put(f->node->channel, from, n, off);
}

static int64_t size_of(struct node *n) {
  return __zvm_is_random(n->channel) ? __zvm_channel_size(n->channel) : 0;
}

/* A channel never shrinks; it grows by writing. */
static int resize(struct node *n, int64_t size) {
  return __zvm_is_random(n->channel) && size == size_of(n) ? 0 : -EINVAL;
}

const struct kind __zvm_kind_channel = {
  .has_position = true, /* that is counted on in a sequential one too */
  .open = open_channel,
  .read = read_channel,
  .write = write_channel,
  .size = size_of,
  .resize = resize,
};
