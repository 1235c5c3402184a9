/*
** chance.c - goes wherever chance could come in, and writes down what it
** finds: to stdout, and to places all over channel 4.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <zvm.h>

extern char **environ;


/* What earlier calls, or earlier guests, left on the stack. */
static __attribute__((noinline)) unsigned stack_sum(void) {
  volatile unsigned char room[60000];
  unsigned sum = 0;
  for (size_t i = 0; i < sizeof room; i++)
    sum = sum * 31 + room[i];
  return sum;
}


static unsigned heap_sum(void) {
  unsigned sum = 0;
  for (size_t size = 16; size < 3000000; size *= 3) {
    unsigned char *p = malloc(size);
    for (size_t i = 0; i < size; i += 7)
      sum = sum * 31 + p[i];
    memset(p, (int)size, size / 2);
    if (size % 2 == 0)
      free(p);
  }
  return sum;
}


static void places(void) {
  int local;
  void *heap = malloc(100);
  printf("%p %p %p %p\n", (void *)&local, heap, (void *)places,
         (void *)environ);
}


static void clocks(void) {
  struct timeval t;
  gettimeofday(&t, NULL);
  printf("%lld %lld.%06ld %ld %d\n", (long long)time(NULL),
         (long long)t.tv_sec, (long)t.tv_usec, (long)clock(), rand());
}


static void numbers(void) {
  double x = 1;
  for (int i = 1; i < 2000; i++)
    x += sin(x) / i + sqrt(fabs(x)) * 1e-3;
  printf("%.17g %a %.17g\n", x, exp(x), 0.0 / (x - x));
}


int main(int argc, char **argv) {
  char line[256];
  printf("%u %u\n", stack_sum(), heap_sum());
  places();
  clocks();
  numbers();
  for (int i = 0; i < argc; i++)
    printf("%s\n", argv[i]);
  for (char **e = environ; *e != NULL; e++)
    printf("%s\n", *e);
  uint32_t state = 1;
  for (int i = 0, n; (n = zvm_pread(3, line, sizeof line, i)) > 0; i += n) {
    state = state * 1664525 + (unsigned char)line[0];
    zvm_pwrite(4, line, n, state % 100000);
  }
  printf("%u\n", stack_sum());
  return (int)(state & 63);
}
