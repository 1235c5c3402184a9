/*
** deal.c - lines of stdin in turn to /dev/out/2 and /dev/out/3.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>

int main(void) {
  char line[256];
  int n = 0;
  FILE *out[2] = {fopen("/dev/out/2", "w"), fopen("/dev/out/3", "w")};
  if (out[0] == NULL || out[1] == NULL) {
    perror("open");
    return 1;
  }
  while (fgets(line, sizeof line, stdin) != NULL)
    fputs(line, out[n++ % 2]);
  return fclose(out[0]) != 0 || fclose(out[1]) != 0;
}
