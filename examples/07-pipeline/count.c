/*
** count.c - the second stage: how often each of its words came.
**
** Reads all of /dev/in, one after the other, and writes lines of a word and a
** number to stdout, in the order of the words.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096, LONGEST = 64 };

static char words[MOST][LONGEST + 1];
static size_t count;

static void read_all(const char *name) {
  char path[300];
  snprintf(path, sizeof path, "/dev/in/%s", name);
  FILE *in = fopen(path, "r");
  while (in != NULL && count < MOST && fscanf(in, "%64s", words[count]) == 1)
    count++;
}

static int compare(const void *a, const void *b) {
  return strcmp(a, b);
}

int main(void) {
  DIR *dir = opendir("/dev/in");
  struct dirent *e;
  while (dir != NULL && (e = readdir(dir)) != NULL)
    if (e->d_name[0] != '.')
      read_all(e->d_name);
  qsort(words, count, sizeof words[0], compare);
  for (size_t i = 0, n; i < count; i += n) {
    for (n = 1; i + n < count && strcmp(words[i], words[i + n]) == 0; n++)
      continue;
    printf("%s %zu\n", words[i], n);
  }
  return 0;
}
