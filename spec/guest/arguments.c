/*
** arguments.c - prints argv and the environment, one a line.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>

extern char **environ;

int main(int argc, char **argv) {
  for (int i = 0; i < argc; i++)
    printf("arg %s\n", argv[i]);
  for (char **e = environ; *e != NULL; e++)
    printf("env %s\n", *e);
  return argv[argc] == NULL ? argc : 100;
}
