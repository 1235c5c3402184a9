/*
** traps.c - a guest that does nothing but ask the host, ten million times.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <zvm.h>

int main(void) {
  static char byte;
  int bad = 0;
  for (int i = 0; i < 10000000; i++)
    bad |= zvm_pwrite(1, &byte, 0, 0) != 0;
  return bad;
}
