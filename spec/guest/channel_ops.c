/*
** channel_ops.c - does to its channels what its arguments say, in order, and
** prints each result on a line.
**
**   list                      the channel table of the manifest
**   get HANDLE SIZE OFFSET    result and bytes that came
**   put HANDLE OFFSET TEXT    result
**   fill HANDLE COUNT         COUNT puts of 1 KiB of 'x'; the last result
**   drain HANDLE SIZE         gets of SIZE to the end; sum and last result
**   keep SIZE                 writes SIZE bytes of memory, and keeps them
**   exit CODE, fault, loop    ends, badly, or never
**   copy FROM TO SIZE         gets of SIZE to the end, each put; the sum
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zvm.h>

static char buffer[65536];


static void list(void) {
  for (int i = 0; i < MANIFEST->channels_count; i++) {
    const struct ZVMChannel *ch = &MANIFEST->channels[i];
    printf("%d %s type=%u size=%lld limits=%lld,%lld,%lld,%lld\n", i,
           ch->name, (unsigned)ch->type, (long long)ch->size,
           (long long)ch->limits[GetsLimit],
           (long long)ch->limits[GetSizeLimit],
           (long long)ch->limits[PutsLimit],
           (long long)ch->limits[PutSizeLimit]);
  }
}


static void get(int handle, int size, long long offset) {
  int n = zvm_pread(handle, buffer, size, offset);
  printf("%d", n);
  if (n > 0)
    printf(" %.*s", n, buffer);
  printf("\n");
}


static void fill(int handle, int count) {
  int n = 0;
  memset(buffer, 'x', 1024);
  while (count-- > 0)
    n = zvm_pwrite(handle, buffer, 1024, 0);
  printf("%d\n", n);
}


static void drain(int handle, int size) {
  long long sum = 0;
  int n;
  while ((n = zvm_pread(handle, buffer, size, sum)) > 0)
    sum += n;
  printf("%lld %d\n", sum, n);
}


static void copy(int from, int to, int size) {
  long long sum = 0;
  int n;
  while ((n = zvm_pread(from, buffer, size, sum)) > 0 &&
         zvm_pwrite(to, buffer, n, sum) == n)
    sum += n;
  printf("%lld\n", sum);
}


int main(int argc, char **argv) {
  for (int i = 1; i < argc;) {
    const char *what = argv[i];
    if (strcmp(what, "list") == 0) {
      list();
      i += 1;
    } else if (strcmp(what, "get") == 0 && i + 3 < argc) {
      get(atoi(argv[i + 1]), atoi(argv[i + 2]), atoll(argv[i + 3]));
      i += 4;
    } else if (strcmp(what, "put") == 0 && i + 3 < argc) {
      printf("%d\n", zvm_pwrite(atoi(argv[i + 1]), argv[i + 3],
                                (int64_t)strlen(argv[i + 3]),
                                atoll(argv[i + 2])));
      i += 4;
    } else if (strcmp(what, "fill") == 0 && i + 2 < argc) {
      fill(atoi(argv[i + 1]), atoi(argv[i + 2]));
      i += 3;
    } else if (strcmp(what, "drain") == 0 && i + 2 < argc) {
      drain(atoi(argv[i + 1]), atoi(argv[i + 2]));
      i += 3;
    } else if (strcmp(what, "keep") == 0 && i + 1 < argc) {
      size_t size = (size_t)atoll(argv[i + 1]);
      memset(malloc(size), 1, size);
      i += 2;
    } else if (strcmp(what, "exit") == 0 && i + 1 < argc) {
      return atoi(argv[i + 1]);
    } else if (strcmp(what, "fault") == 0) {
      *(volatile char *)0 = 0;
    } else if (strcmp(what, "loop") == 0) {
      for (;;)
        __asm__ volatile("");
    } else if (strcmp(what, "copy") == 0 && i + 3 < argc) {
      copy(atoi(argv[i + 1]), atoi(argv[i + 2]), atoi(argv[i + 3]));
      i += 4;
    } else {
      fprintf(stderr, "what is %s?\n", what);
      return 2;
    }
  }
  return 0;
}
