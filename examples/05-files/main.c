/*
** main.c - read all poems below /poems, count their lines, write an index,
** and a copy of each in capitals, below /out.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int copy_in_capitals(const char *name) {
  char from_name[300], to_name[300];
  int c, lines = 0;
  FILE *from, *to;
  snprintf(from_name, sizeof from_name, "/poems/%s", name);
  snprintf(to_name, sizeof to_name, "/out/%s", name);
  from = fopen(from_name, "r");
  to = fopen(to_name, "w");
  if (from == NULL || to == NULL) return -1;
  while ((c = getc(from)) != EOF) {
    putc(toupper(c), to);
    if (c == '\n') lines++;
  }
  fclose(from);
  fclose(to);
  return lines;
}

int main(void) {
  FILE *settings = fopen("/etc/index.conf", "r"), *index;
  DIR *poems = opendir("/poems");
  struct dirent *entry;
  char title[80] = "";
  if (settings == NULL || poems == NULL) {
    perror("open");
    return 1;
  }
  fscanf(settings, "title = %79[^\n]", title);
  mkdir("/out", 0755);
  index = fopen("/out/index.tmp", "w");
  fprintf(index, "%s\n", title);
  while ((entry = readdir(poems)) != NULL) {
    if (entry->d_name[0] == '.') continue;
    fprintf(index, "%s %d\n", entry->d_name, copy_in_capitals(entry->d_name));
  }
  fclose(index);
  /* An image can be written to. It is the guest's own view that changes. */
  unlink("/poems/rain");
  printf("rain is %s\n", access("/poems/rain", F_OK) ? "gone" : "there");
  return rename("/out/index.tmp", "/out/index") != 0;
}
