/*
** string.c - string: libc's search, copy and compare over short words.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

static uint64_t kernel(void) {
  enum { SIZE = 1 << 16 };
  static char text[SIZE + 1];
  static char copy[SIZE + 1];
  for (int i = 0; i < SIZE; i++) {
    uint32_t r = random_u32();
    text[i] = (r & 7) == 0 ? ' ' : (char)('a' + (r >> 8) % 26);
  }
  uint64_t sum = 0;
  for (int round = 0; round < 300; round++) {
    size_t words = 0;
    size_t equal = 0;
    char *out = copy;
    char previous[SIZE / 64] = "";
    for (const char *p = text; *p != '\0';) {
      const char *end = memchr(p, ' ', (size_t)(text + SIZE - p));
      size_t n = end == NULL ? strlen(p) : (size_t)(end - p);
      memcpy(out, p, n);
      out[n] = '\0';
      equal += strcmp(out, previous) > 0;
      memcpy(previous, out, n + 1);
      words += strlen(out) > 3;
      out += n;
      p += n + (p[n] != '\0');
    }
    sum = mix(sum, words * 65536 + equal);
    sum = mix(sum, (uint64_t)strlen(copy));
    text[round * 17] = ' ';
  }
  return sum;
}
