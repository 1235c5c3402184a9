/*
** merge.c - a line of /dev/in/2, a line of /dev/in/1, and so on, numbered.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>

int main(void) {
  char line[256];
  int n = 0;
  FILE *in[2] = {fopen("/dev/in/2", "r"), fopen("/dev/in/1", "r")};
  if (in[0] == NULL || in[1] == NULL) {
    perror("open");
    return 1;
  }
  while (fgets(line, sizeof line, in[n % 2]) != NULL)
    printf("%d  %s", ++n, line);
  return 0;
}
