/*
** puts.c - write 64 bytes to standard output, over and over: a guest by the
** trap itself, and it or a native program as programs do.
**
** usage: puts trap|write|fwrite <times>
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __ILP32__ /* a guest */
#include <zvm.h>
#else
#define zvm_pwrite(handle, from, size, offset) write(handle, from, size)
#endif

enum { SIZE = 64 };


int main(int argc, char **argv) {
  static char line[SIZE] = "what the guest has to say, in sixty-four bytes";
  int bad = argc != 3;
  int times = bad ? 0 : atoi(argv[2]);
  if (!bad && argv[1][0] == 't')
    for (int i = 0; i < times; i++)
      bad |= zvm_pwrite(1, line, SIZE, 0) != SIZE;
  else if (!bad && argv[1][0] == 'w')
    for (int i = 0; i < times; i++)
      bad |= write(1, line, SIZE) != SIZE;
  else
    for (int i = 0; i < times; i++)
      bad |= fwrite(line, 1, SIZE, stdout) != SIZE;
  return bad;
}
