/*
** node.c - an instance of a pipeline: does to the channels below /dev what its
** arguments say, in order, and prints a digest of all it has read.
**
**   get NAME SIZE     reads so many bytes, or to the end
**   put NAME SIZE     writes so many, which follow from what it has read
**   copy FROM TO      to the end; pieces of 1000 bytes
**   drain NAME        reads to the end
**   say NAME TEXT     writes a line
**   spin COUNT        computes
**   again COUNT       does all that follows so often
**   exit CODE, fault, loop, quiet (prints no digest)
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zvm.h>

static char buffer[1 << 20];
static uint64_t digest = 14695981039346656037u;
static int quiet;


static int find(const char *name) {
  for (int i = 0; i < MANIFEST->channels_count; i++)
    if (strncmp(MANIFEST->channels[i].name, "/dev/", 5) == 0 &&
        strcmp(MANIFEST->channels[i].name + 5, name) == 0)
      return i;
  fprintf(stderr, "no channel %s\n", name);
  exit(99);
}


static void mix(const char *bytes, int size) {
  for (int i = 0; i < size; i++)
    digest = (digest ^ (uint8_t)bytes[i]) * 1099511628211u;
}


static int get(const char *name, int size) {
  int n = zvm_pread(find(name), buffer, size, 0);
  if (n > 0)
    mix(buffer, n);
  digest += (unsigned)n;
  return n;
}


static void put_all(const char *name, int size) {
  int h = find(name);
  for (int done = 0; done < size;) {
    int n = zvm_pwrite(h, buffer + done, size - done, 0);
    if (n <= 0) {
      fprintf(stderr, "%s: %d\n", name, n);
      exit(98);
    }
    done += n;
  }
}


static void put(const char *name, int size) {
  uint64_t x = digest;
  for (int i = 0; i < size; i++) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    buffer[i] = (char)('a' + (x >> 60));
  }
  put_all(name, size);
}


static void spin(long count) {
  volatile long sum = 0;
  for (long i = 0; i < count; i++)
    sum += i;
}


static char **act(char **at) {
  const char *op = *at++;
  int n;
  if (strcmp(op, "get") == 0) {
    (void)get(at[0], atoi(at[1]));
    return at + 2;
  } else if (strcmp(op, "put") == 0) {
    put(at[0], atoi(at[1]));
    return at + 2;
  } else if (strcmp(op, "copy") == 0) {
    while ((n = get(at[0], 1000)) > 0)
      put_all(at[1], n);
    return at + 2;
  } else if (strcmp(op, "drain") == 0) {
    while (get(at[0], 4000) > 0)
      continue;
    return at + 1;
  } else if (strcmp(op, "say") == 0) {
    snprintf(buffer, sizeof buffer, "%s\n", at[1]);
    put_all(at[0], (int)strlen(buffer));
    return at + 2;
  } else if (strcmp(op, "spin") == 0) {
    spin(atol(at[0]));
    return at + 1;
  } else if (strcmp(op, "exit") == 0) {
    exit(atoi(at[0]));
  } else if (strcmp(op, "fault") == 0) {
    *(volatile int *)16 = 0;
  } else if (strcmp(op, "loop") == 0) {
    for (;;)
      spin(1000);
  } else if (strcmp(op, "quiet") == 0) {
    quiet = 1;
  }
  return at;
}


int main(int argc, char **argv) {
  char **at = argv + 1;
  int times = 1;
  (void)argc;
  while (*at != NULL && strcmp(*at, "again") != 0)
    at = act(at);
  if (*at != NULL) {
    times = atoi(at[1]);
    at += 2;
  }
  for (char **from = at; times > 0; times--)
    for (at = from; *at != NULL;)
      at = act(at);
  if (!quiet)
    printf("%016llx\n", (unsigned long long)digest);
  return 0;
}
