/*
** replay.c - run a fuzz target on a corpus, without a fuzzer.
**
** usage: replay <corpus>...
**
** A corpus is a text: one input a line, bytes in hex; "xx*n" is a byte n
** times; a line that begins with # is a comment. Made by corpus.lua.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t input[INPUT_MAX];


/* Bytes of a line, or -1. */
static long parse(const char *p) {
  long size = 0;
  while (*p != '\0' && *p != '\n') {
    unsigned byte;
    unsigned long times = 1;
    int used = 0;
    if (sscanf(p, "%2x%n", &byte, &used) != 1 || used != 2)
      return -1;
    p += used;
    if (*p == '*') {
      char *end;
      times = strtoul(p + 1, &end, 10);
      p = *end == ' ' ? end + 1 : end;
    }
    if (times > (unsigned long)(INPUT_MAX - size))
      return -1;
    memset(input + size, (int)byte, times);
    size += (long)times;
  }
  return size;
}


/* The input lies in an allocation of its own size: reads past it show. */
static void run(long size) {
  uint8_t *own = malloc((size_t)size + (size == 0));
  if (own == NULL)
    exit(1);
  memcpy(own, input, (size_t)size);
  (void)LLVMFuzzerTestOneInput(own, (size_t)size);
  free(own);
}


static unsigned long replay(const char *path) {
  FILE *in = fopen(path, "r");
  char *line = NULL;
  size_t room = 0;
  unsigned long count = 0;
  while (in != NULL && getline(&line, &room, in) > 0) {
    long size = line[0] == '#' ? -2 : parse(line);
    if (size == -1) {
      printf("not ok 1 - %s: a line that is no input: %s", path, line);
      exit(1);
    }
    if (size >= 0) {
      run(size);
      count++;
    }
  }
  free(line);
  if (in != NULL)
    fclose(in);
  return count;
}


int main(int argc, char **argv) {
  unsigned long count = 0;
  printf("1..1\n");
  (void)fflush(stdout);
  for (int i = 1; i < argc; i++)
    count += replay(argv[i]);
  printf("# %lu inputs\n", count);
  printf("%s 1 - nothing that a fuzzer found goes wrong again\n",
         count > 0 ? "ok" : "not ok");
  return count == 0;
}
