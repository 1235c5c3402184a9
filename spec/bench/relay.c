/*
** relay.c - the stages of a pipeline, by traps alone.
**
** usage: relay copy SIZE        from input to output, SIZE bytes at a time
**        relay make SIZE COUNT  COUNT puts of SIZE bytes
**        relay take SIZE        gets of SIZE bytes to the end
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <string.h>
#include <zvm.h>

static char bytes[1 << 20];


static int copy(int size) {
  int n;
  while ((n = zvm_pread(0, bytes, size, 0)) > 0)
    if (zvm_pwrite(1, bytes, n, 0) != n)
      return 1;
  return n < 0;
}


static int make(int size, long count) {
  for (long i = 0; i < count; i++)
    if (zvm_pwrite(1, bytes, size, 0) != size)
      return 1;
  return 0;
}


static int take(int size) {
  int n;
  while ((n = zvm_pread(0, bytes, size, 0)) == size)
    ;
  return n < 0;
}


int main(int argc, char **argv) {
  int size = argc > 2 ? atoi(argv[2]) : 0;
  if (size <= 0 || size > (int)sizeof bytes)
    return 2;
  if (strcmp(argv[1], "copy") == 0)
    return copy(size);
  if (strcmp(argv[1], "make") == 0 && argc > 3)
    return make(size, atol(argv[3]));
  return strcmp(argv[1], "take") == 0 ? take(size) : 2;
}
