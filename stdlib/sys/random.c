/*
** random.c - getrandom: the same numbers in every run.
**
** Not secret and not meant to be: a guest has no entropy. The generator is
** splitmix64 from a fixed seed.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "sys.h"

static uint64_t next(void) {
  static uint64_t state = 0x7a766d20736565dull;
  uint64_t z = state += 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

SYS(getrandom) {
  char *to = PTR(char, a);
  size_t left = (size_t)b;
  while (left) {
    uint64_t word = next();
    size_t n = left < sizeof(word) ? left : sizeof(word);
    memcpy(to, &word, n);
    to += n;
    left -= n;
  }
  return (size_t)b;
}
