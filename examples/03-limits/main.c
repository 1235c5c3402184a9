/*
** main.c - wants more than it gets: of a channel, of memory, of the stack.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


static void write_much(void) {
  char block[1000];
  ssize_t n;
  memset(block, '.', sizeof block);
  while ((n = write(STDOUT_FILENO, block, sizeof block)) > 0)
    fprintf(stderr, "wrote %d\n", (int)n);
  fprintf(stderr, "then: %s\n", strerror(errno));
}


static void allocate_much(void) {
  int mebibytes = 0;
  while (mebibytes < 4096 && malloc(1 << 20) != NULL)
    mebibytes++;
  fprintf(stderr, "malloc said no before %d MiB\n", mebibytes / 8 * 8 + 8);
}


static int __attribute__((noinline)) nest(volatile int depth) {
  if (depth < 0)
    return 0;
  return nest(depth + 1) + depth;
}


int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "write") == 0)
    write_much();
  else if (strcmp(what, "allocate") == 0)
    allocate_much();
  else
    return nest(0);
  return 0;
}
