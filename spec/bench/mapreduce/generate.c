/*
** generate.c - the same bytes each time: text, or records to be sorted.
**
**   generate text BYTES      lines of words, which are as frequent as in a
**                            language: the n-th one is 1 / n of the first
**   generate records COUNT   100 bytes each: a key of 10 letters, the record's
**                            number, filler, a newline
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VOCABULARY 200000
#define DRAWS (1 << 20)
#define LONGEST 14

static uint64_t state = 0x9E3779B97F4A7C15;

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift
   generators, scrambled", 2014. */
static uint64_t draw(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545F4914F6CDD1D;
}

static char words[VOCABULARY][LONGEST + 2];
static uint8_t sizes[VOCABULARY];
static uint32_t which[DRAWS];

static void make_words(void) {
  for (int i = 0; i < VOCABULARY; i++) {
    sizes[i] = i < 30 ? 1 + i % 3 : 3 + (uint8_t)(draw() % (LONGEST - 3));
    for (int k = 0; k < sizes[i]; k++)
      words[i][k] = (char)('a' + draw() % 26);
  }
  for (int i = 0; i < DRAWS; i++)
    which[i] = (uint32_t)exp(log(VOCABULARY) * i / DRAWS) - 1;
}

static void make_text(uint64_t bytes) {
  static char text[1 << 20];
  make_words();
  for (uint64_t done = 0; done < bytes;) {
    char *at = text;
    for (char *line = at; at - text < (int)sizeof text - 2 * LONGEST;) {
      uint32_t word = which[draw() >> 44];
      memcpy(at, words[word], LONGEST + 2);
      at += sizes[word];
      *at = at - line > 72 ? '\n' : ' ';
      if (*at++ == '\n')
        line = at;
    }
    at[-1] = '\n';
    fwrite(text, 1, (size_t)(at - text), stdout);
    done += (uint64_t)(at - text);
  }
}

static void make_records(uint64_t count) {
  char record[101];
  memset(record, '.', sizeof record);
  for (uint64_t n = 0; n < count; n++) {
    uint64_t bits = draw();
    for (int k = 0; k < 10; k++, bits /= 64)
      record[k] = (char)(' ' + 1 + bits % 64);
    snprintf(record + 10, 20, "  %016llx", (unsigned long long)n);
    record[28] = ' ';
    record[99] = '\n';
    fwrite(record, 1, 100, stdout);
  }
}

int main(int argc, char **argv) {
  static char buffer[1 << 20];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  if (argc == 3 && strcmp(argv[1], "text") == 0)
    make_text(strtoull(argv[2], NULL, 10));
  else if (argc == 3 && strcmp(argv[1], "records") == 0)
    make_records(strtoull(argv[2], NULL, 10));
  else
    return 2;
  return fflush(stdout) == 0 ? 0 : 1;
}
