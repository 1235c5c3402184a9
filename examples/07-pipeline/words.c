/*
** words.c - the first stage: deals the words of a text.
**
** Each word goes, on a line of its own, to the output that its hash says. How
** many there are it sees in /dev/out.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { OUTPUTS = 64, LONGEST = 64 };

static FILE *out[OUTPUTS];
static unsigned outputs;

static void open_all(void) {
  char path[300];
  DIR *dir = opendir("/dev/out");
  struct dirent *e;
  while (dir != NULL && (e = readdir(dir)) != NULL && outputs < OUTPUTS) {
    if (e->d_name[0] == '.')
      continue;
    snprintf(path, sizeof path, "/dev/out/%s", e->d_name);
    out[outputs++] = fopen(path, "w");
  }
}

static void deal(const char *word) {
  unsigned hash = 5381;
  for (const char *p = word; *p != '\0'; p++)
    hash = hash * 33 + (unsigned char)*p;
  fprintf(out[hash % outputs], "%s\n", word);
}

int main(void) {
  char word[LONGEST + 1];
  size_t n = 0;
  int c;
  open_all();
  if (outputs == 0)
    return 1;
  do {
    c = getchar();
    if (c != EOF && isalpha(c) && n < LONGEST) {
      word[n++] = (char)tolower(c);
    } else if (n > 0) {
      word[n] = '\0';
      deal(word);
      n = 0;
    }
  } while (c != EOF);
  return 0;
}
