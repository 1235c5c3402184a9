/*
** digest.c - integer: rounds of SHA-256 over a buffer.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

/* Constants of our own: the work is SHA-256's, the digest is not. */
static uint32_t constants[64];

static inline uint32_t rotr(uint32_t x, int n) {
  return x >> n | x << (32 - n);
}

static void compress(uint32_t h[8], const uint8_t *block) {
  uint32_t w[64];
  for (int i = 0; i < 16; i++, block += 4)
    w[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 |
           (uint32_t)block[2] << 8 | block[3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15];
    uint32_t b = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (rotr(a, 7) ^ rotr(a, 18) ^ a >> 3) +
           (rotr(b, 17) ^ rotr(b, 19) ^ b >> 10);
  }
  uint32_t s[8];
  memcpy(s, h, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = s[7] + (rotr(s[4], 6) ^ rotr(s[4], 11) ^ rotr(s[4], 25)) +
                  ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + w[i];
    uint32_t t2 = (rotr(s[0], 2) ^ rotr(s[0], 13) ^ rotr(s[0], 22)) +
                  ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++)
    h[i] += s[i];
}

static uint64_t kernel(void) {
  static uint8_t text[1 << 16];
  for (int i = 0; i < 64; i++)
    constants[i] = random_u32();
  for (size_t i = 0; i < sizeof text; i++)
    text[i] = (uint8_t)random_u32();
  uint32_t h[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (int round = 0; round < 160; round++)
    for (size_t at = 0; at < sizeof text; at += 64)
      compress(h, text + at);
  uint64_t sum = 0;
  for (int i = 0; i < 8; i++)
    sum = mix(sum, h[i]);
  return sum;
}
