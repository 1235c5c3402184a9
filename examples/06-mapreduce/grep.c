/*
** grep.c - stage one of the MapReduce example, a guest.
**
** Reads a text from stdin and prints, one a line and in lower case, every
** match of the PCRE2 pattern in argv[1]. Exit code 2: bad pattern.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

static char *read_all(FILE *in, size_t *size) {
  size_t room = 1 << 16;
  char *text = malloc(room);
  *size = 0;
  while (text != NULL) {
    size_t got = fread(text + *size, 1, room - *size, in);
    if (got == 0)
      return text;
    *size += got;
    if (*size == room)
      text = realloc(text, room *= 2);
  }
  return NULL;
}

static void print_word(const char *s, size_t n) {
  for (size_t i = 0; i < n; i++)
    putchar(tolower((unsigned char)s[i]));
  putchar('\n');
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fputs("usage: grep <pattern>\n", stderr);
    return 2;
  }
  int error;
  PCRE2_SIZE where;
  pcre2_code *re = pcre2_compile((PCRE2_SPTR)argv[1], PCRE2_ZERO_TERMINATED, 0,
                                 &error, &where, NULL);
  if (re == NULL) {
    PCRE2_UCHAR why[128];
    pcre2_get_error_message(error, why, sizeof why);
    fprintf(stderr, "pattern, column %u: %s\n", (unsigned)where + 1, why);
    return 2;
  }
  size_t size;
  char *text = read_all(stdin, &size);
  if (text == NULL) {
    fputs("out of memory\n", stderr);
    return 3;
  }
  pcre2_match_data *match = pcre2_match_data_create_from_pattern(re, NULL);
  for (size_t at = 0; at <= size;) {
    int n = pcre2_match(re, (PCRE2_SPTR)text, size, at, 0, match, NULL);
    if (n == PCRE2_ERROR_NOMATCH)
      break;
    if (n < 0) {
      fprintf(stderr, "match failed: %d\n", n);
      return 4;
    }
    PCRE2_SIZE *span = pcre2_get_ovector_pointer(match);
    if (span[1] > span[0])
      print_word(text + span[0], span[1] - span[0]);
    /* An empty match must not stop the scan. */
    at = span[1] > at ? span[1] : at + 1;
  }
  return fflush(stdout) == 0 ? 0 : 1;
}
