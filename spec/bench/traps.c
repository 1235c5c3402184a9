/*
** traps.c - a guest that does nothing but ask the host, ten million times:
** for nothing at all, as a fork without a template, or to write nothing.
**
** usage: traps fork|pwrite
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <zvm.h>

int main(int argc, char **argv) {
  enum { TIMES = 10000000 };
  static char byte;
  int bad = argc != 2;
  if (!bad && argv[1][0] == 'f')
    for (int i = 0; i < TIMES; i++)
      (void)zvm_fork();
  else
    for (int i = 0; i < TIMES; i++)
      bad |= zvm_pwrite(1, &byte, 0, 0) != 0;
  return bad;
}
