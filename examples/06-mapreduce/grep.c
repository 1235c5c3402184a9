/*
** grep.c - the mapper of the MapReduce example, a guest.
**
** Its record is a whole text, its keys are, in lower case, the matches of the
** PCRE2 pattern in argv[1], each with the value 1. Exit code 2: bad pattern.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <zvm/mapreduce.h>

static pcre2_code *pattern;

static void emit_word(zvm_map *m, const char *match, size_t size) {
  static const uint64_t one = 1;
  char *word = malloc(size);
  if (word == NULL)
    exit(3);
  for (size_t i = 0; i < size; i++)
    word[i] = (char)tolower((unsigned char)match[i]);
  zvm_emit(m, word, size, &one, sizeof one);
  free(word);
}

static void map(zvm_map *m, const char *text, size_t size) {
  pcre2_match_data *match = pcre2_match_data_create_from_pattern(pattern, NULL);
  PCRE2_SIZE *span = pcre2_get_ovector_pointer(match);
  for (size_t at = 0; at <= size;) {
    if (pcre2_match(pattern, (PCRE2_SPTR)text, size, at, 0, match, NULL) < 0)
      break;
    if (span[1] > span[0])
      emit_word(m, text + span[0], span[1] - span[0]);
    /* An empty match must not stop the scan. */
    at = span[1] > at ? span[1] : at + 1;
  }
  pcre2_match_data_free(match);
}

int main(int argc, char **argv) {
  int error;
  PCRE2_SIZE where;
  PCRE2_UCHAR why[128];
  if (argc != 2) {
    fputs("usage: grep <pattern>\n", stderr);
    return 2;
  }
  pattern = pcre2_compile((PCRE2_SPTR)argv[1], PCRE2_ZERO_TERMINATED, 0,
                          &error, &where, NULL);
  if (pattern == NULL) {
    pcre2_get_error_message(error, why, sizeof why);
    fprintf(stderr, "pattern, column %u: %s\n", (unsigned)where + 1, why);
    return 2;
  }
  return zvm_map_main(map, zvm_add);
}
