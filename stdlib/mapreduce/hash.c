/*
** hash.c - XXH64, which decides about partitions.
**
** Source: Yann Collet, "XXH64 algorithm description", version 0.1.1 of the
** xxHash fast digest algorithm's specification. Of little-endian words, with
** seed 0. It may never change: which reducer has a key depends on it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "parts.h"

#define PRIME_1 0x9E3779B185EBCA87ull
#define PRIME_2 0xC2B2AE3D27D4EB4Full
#define PRIME_3 0x165667B19E3779F9ull
#define PRIME_4 0x85EBCA77C2B2AE63ull
#define PRIME_5 0x27D4EB2F165667C5ull

static inline uint64_t rotate(uint64_t n, int by) {
  return n << by | n >> (64 - by);
}

static inline uint64_t load64(const unsigned char *from) {
  uint64_t n;
  memcpy(&n, from, sizeof n);
  return n;
}

static inline uint64_t round_of(uint64_t lane, uint64_t word) {
  return rotate(lane + word * PRIME_2, 31) * PRIME_1;
}

static inline uint64_t merge_lane(uint64_t hash, uint64_t lane) {
  return (hash ^ round_of(0, lane)) * PRIME_1 + PRIME_4;
}

/* Stripes of 32 bytes, in four lanes. */
static uint64_t hash_stripes(const unsigned char **at,
                             const unsigned char *end) {
  const unsigned char *p = *at;
  uint64_t lanes[4] = {PRIME_1 + PRIME_2, PRIME_2, 0, 0 - PRIME_1};
  for (; end - p >= 32; p += 32)
    for (int i = 0; i < 4; i++)
      lanes[i] = round_of(lanes[i], load64(p + 8 * i));
  *at = p;
  uint64_t hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) +
                  rotate(lanes[2], 12) + rotate(lanes[3], 18);
  for (int i = 0; i < 4; i++)
    hash = merge_lane(hash, lanes[i]);
  return hash;
}

uint64_t zvm_hash(const void *bytes, size_t size) {
  const unsigned char *p = bytes;
  const unsigned char *end = p + size;
  uint64_t hash = size >= 32 ? hash_stripes(&p, end) : PRIME_5;
  hash += size;
  for (; end - p >= 8; p += 8)
    hash = rotate(hash ^ round_of(0, load64(p)), 27) * PRIME_1 + PRIME_4;
  if (end - p >= 4) {
    uint32_t word;
    memcpy(&word, p, sizeof word);
    hash = rotate(hash ^ word * PRIME_1, 23) * PRIME_2 + PRIME_3;
    p += 4;
  }
  for (; p < end; p++)
    hash = rotate(hash ^ *p * PRIME_5, 11) * PRIME_1;
  hash = (hash ^ hash >> 33) * PRIME_2;
  hash = (hash ^ hash >> 29) * PRIME_3;
  return hash ^ hash >> 32;
}
