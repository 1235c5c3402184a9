/*
** measure.c - megabytes a second of the validator on one module's text.
**
** usage: measure <module>
**
** Prints the median of eleven samples of 20 ms or more each.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zvm.h"

#define SAMPLES 11

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

static char *slurp(const char *path, size_t *size) {
  FILE *in = fopen(path, "rb");
  if (in == NULL)
    return NULL;
  fseek(in, 0, SEEK_END);
  *size = (size_t)ftell(in);
  rewind(in);
  char *bytes = malloc(*size);
  if (bytes != NULL && fread(bytes, 1, *size, in) != *size) {
    free(bytes);
    bytes = NULL;
  }
  fclose(in);
  return bytes;
}

int main(int argc, char **argv) {
  zvm_error err;
  size_t size;
  char *bytes = argc == 2 ? slurp(argv[1], &size) : NULL;
  if (bytes == NULL) {
    fputs("usage: measure <module>\n", stderr);
    return 2;
  }
  zvm_module *m = zvm_module_load(bytes, size, NULL, NULL, &err);
  if (m == NULL) {
    fprintf(stderr, "%s: %s\n", argv[1], err.text);
    return 1;
  }
  const zvm_module_facts *facts = zvm_module_about(m);
  /* The loader has checked the headers: the text is where they say. */
  const Elf32_Ehdr *eh = (const void *)bytes;
  const Elf32_Phdr *ph = (const void *)(bytes + eh->e_phoff);
  while (ph->p_type != PT_LOAD || (ph->p_flags & PF_X) == 0)
    ph++;
  const char *text = bytes + ph->p_offset;

  double rate[SAMPLES];
  for (int i = 0; i < SAMPLES; i++) {
    double start = now();
    double end;
    int rounds = 0;
    do {
      if (zvm_validate(text, facts->text_size, facts->text_addr, facts->level,
                       NULL, NULL, &err) != ZVM_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
      }
      rounds++;
      end = now();
    } while (end - start < 0.02);
    rate[i] = rounds * (facts->text_size * 1e-6) / (end - start);
  }
  qsort(rate, SAMPLES, sizeof *rate, ascending);
  printf("%.1f %u\n", rate[SAMPLES / 2], facts->text_size);
  zvm_module_free(m);
  free(bytes);
  return 0;
}
