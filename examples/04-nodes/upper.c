/*
** upper.c - stdin to stdout, in upper case.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <ctype.h>
#include <stdio.h>

int main(void) {
  int c;
  while ((c = getchar()) != EOF)
    putchar(toupper(c));
  return 0;
}
