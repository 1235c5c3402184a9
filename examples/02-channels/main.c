/*
** main.c - number the lines of /dev/input, note the longest in /dev/notes,
** and keep a journal in /dev/journal, if there is one.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <string.h>

int main(void) {
  char line[256], longest[256] = "";
  int n = 0;
  FILE *in = fopen("/dev/input", "r");
  FILE *notes = fopen("/dev/notes", "w");
  FILE *journal = fopen("/dev/journal", "a");
  if (in == NULL || notes == NULL) {
    perror("open");
    return 1;
  }
  while (fgets(line, sizeof line, in) != NULL) {
    printf("%3d  %s", ++n, line);
    if (strlen(line) > strlen(longest))
      strcpy(longest, line);
  }
  fprintf(notes, "longest: %s", longest);
  fclose(notes);
  if (journal != NULL) {
    fprintf(journal, "%d lines\n", n);
    fclose(journal);
  }
  /* Of the host, only what was declared exists. */
  if (fopen("/etc/passwd", "r") == NULL)
    perror("/etc/passwd");
  return 0;
}
