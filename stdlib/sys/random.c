/*
** random.c - numbers that follow from the session's seed.
**
** Not secret and not meant to be: a guest has no entropy. The generator is
** splitmix64, from the seed of the start block.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>
#include <sys/random.h>

#include "sys.h"

uint64_t __zvm_random(void) {
  static uint64_t steps;
  uint64_t z = START_BLOCK->seed + ++steps * 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

SYS(getrandom) {
  char *to = PTR(char, a);
  size_t left = (size_t)b;
  if ((unsigned)c & ~(unsigned)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
    return -EINVAL;
  while (left) {
    uint64_t word = __zvm_random();
    size_t n = left < sizeof(word) ? left : sizeof(word);
    memcpy(to, &word, n);
    to += n;
    left -= n;
  }
  return (size_t)b;
}

/* Of mkstemp, tmpnam and their kin: musl's own takes clock and addresses. */
char *__randname(char *template) {
  static const char letters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  uint64_t word = __zvm_random();
  for (int i = 0; i < 6; i++, word /= 62) template[i] = letters[word % 62];
  return template;
}
