/*
** test_accept.c - the fast pass and the explaining pass, held to each other.
**
** Random bundles made of instructions that mostly pass, of the parts of
** fused sequences, and of branches, then damaged: both passes must come to
** one verdict, and when they accept, to the same lawful targets.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <string.h>

#include "validator/validator.h"

enum { BUNDLES = 12, SIZE = BUNDLES * 32, BASE = 0x20000, ROUNDS = 3000000 };

static uint64_t seed = 88172645463325252u;

static unsigned random_below(unsigned n) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (unsigned)((seed >> 20) % n);
}

typedef struct piece {
  uint8_t size;
  uint8_t bytes[13];
} piece;

/* The first SOUND are accepted wherever they stand. */
enum { SOUND = 18 };
static const piece pieces[] = {
    {1, "\x90"},
    {1, "\xf4"},
    {1, "\x55"},
    {2, "\x89\xd8"},
    {3, "\x48\x01\xd8"},
    {3, "\x83\xe0\xe0"}, /* mask and jump */
    {5, "\x83\xe0\xe0\xff\xe0"},
    {5, "\x83\xe1\xe0\xff\xd1"},
    {7, "\x41\x83\xe3\xe0\x41\xff\xe3"},
    {7, "\x41\x83\xe4\xe0\x41\xff\xd4"},
    {12, "\x48\xf7\x04\x24\x1f\x00\x00\x80\x75\x01\xc3\xf4"},
    {8, "\x48\xf7\x04\x24\x1f\x00\x00\x80"},
    {2, "\xeb\xfe"},
    {3, "\x67\x8b\x03"},
    {4, "\x8b\x44\x24\x10"},
    {3, "\x83\xc4\x10"},
    {10, "\x66\x2e\x0f\x1f\x84"},
    {11, "\x66\x66\x2e\x0f\x1f\x84"},
    /* not sound */
    {5, "\x83\xe4\xe0\xff\xe4"},
    {6, "\x83\xe3\xe0\x41\xff\xe3"},
    {11, "\x48\xf7\x04\x24\x1f\x00\x00\x80\x75\x01\xc3"},
    {10, "\x48\xf7\x04\x24\x1f\x00\x00\x80\x75\x01"},
    {3, "\x75\x01\xc3"},
    {3, "\x41\xff\xe3"},
    {1, "\xc3"},
    {2, "\x74\x02"}, /* branches */
    {5, "\xe9\x20"},
    {5, "\xe8\xfb\xff\xff\xff"},
    {6, "\x0f\x84\x00\x01"},
    {6, "\x8b\x05\x00\x10"}, /* rip-relative */
    {7, "\x80\x3d\x00\x00\xff\xff\x01"},
    {10, "\xc7\x05\x00\x00\x00\x80\x01"},
    {4, "\x67\x8b\x04\x25"},
    {4, "\x48\x83\xc4\x10"},
    {5, "\x67\xc4\xe2\x79\x18"}, /* above v2 */
    {4, "\xc5\xf8\x77\x90"},
};

enum { PIECES = sizeof pieces / sizeof *pieces };

static void fill(uint8_t text[SIZE]) {
  unsigned choice = random_below(2) == 0 ? SOUND : PIECES;
  unsigned base;
  memset(text, 0xf4, SIZE);
  for (base = 0; base < SIZE; base += 32) {
    unsigned at = random_below(4) == 0 ? random_below(20) : 0;
    for (;;) {
      const piece *p = &pieces[random_below(choice)];
      if (at + p->size > 32)
        break;
      memcpy(text + base + at, p->bytes, p->size);
      if (p->size >= 2 && random_below(32) == 0) /* as a displacement */
        text[base + at + 1] = (uint8_t)random_below(256);
      at += p->size;
    }
  }
  if (random_below(2) == 0)
    text[random_below(SIZE)] = (uint8_t)random_below(256);
  if (random_below(4) == 0)
    text[random_below(SIZE)] ^= (uint8_t)(1u << random_below(8));
}

int main(void) {
  unsigned long accepted = 0, abreast = 0, differ = 0;
  unsigned long i;
  printf("1..1\n");
  for (i = 0; i < ROUNDS; i++) {
    uint8_t text[SIZE];
    uint32_t fast[BUNDLES] = {0}, slow[BUNDLES] = {0};
    /* Mostly few bundles, so that many pass; 8 are read abreast. */
    unsigned most = random_below(4) == 0 ? BUNDLES : 2;
    uint32_t size = (1 + random_below(most)) * 32;
    int level = random_below(2) == 0 ? ZVM_LEVEL_V2 : ZVM_LEVEL_V3;
    bool a, b;
    fill(text);
    a = zvm__accepts(text, size, BASE, level, fast);
    b = zvm__explain(text, size, BASE, level, slow, NULL, NULL);
    accepted += a;
    abreast += a && size >= 8 * 32;
    if (a != b || (a && memcmp(fast, slow, sizeof fast) != 0)) {
      unsigned k;
      if (differ++ > 5)
        continue;
      printf("# fast %d, explained %d, level %d:", a, b, level);
      for (k = 0; k < size; k++)
        printf("%s%02x", k % 32 ? " " : "\n#  ", text[k]);
      printf("\n");
    }
  }
  printf("# %d texts, %lu accepted, %lu of them abreast, %lu differ\n", ROUNDS,
         accepted, abreast, differ);
  printf("%s 1 - both passes come to the same verdict and targets\n",
         differ == 0 && abreast > ROUNDS / 200 ? "ok" : "not ok");
  return differ != 0;
}
