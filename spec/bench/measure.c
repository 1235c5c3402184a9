/*
** measure.c - the validator's rate on the text of modules, next to Zydis.
**
** usage: measure <module>...
**
** Prints four numbers: megabytes a second of the validator; of Zydis reading
** the same bytes, operands left out; instructions in these bytes; bytes. The
** rates are medians of eleven samples of 20 ms or more, taken in turn.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <Zydis/Zydis.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zvm.h"

enum { SAMPLES = 11, TEXTS_MAX = 64 };

typedef struct text {
  const uint8_t *bytes;
  uint32_t size;
  uint32_t address;
  int level;
} text;

static text texts[TEXTS_MAX];
static int count;
static uint64_t total;  /* bytes of all of them        */
static uint64_t insns;  /* that Zydis found in them    */


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


static void die(const char *what, const char *why) {
  fprintf(stderr, "measure: %s: %s\n", what, why);
  exit(1);
}


static uint8_t *slurp(const char *path, size_t *size) {
  FILE *in = fopen(path, "rb");
  if (in == NULL)
    die(path, "cannot be opened");
  fseek(in, 0, SEEK_END);
  *size = (size_t)ftell(in);
  rewind(in);
  uint8_t *bytes = malloc(*size);
  if (bytes == NULL || fread(bytes, 1, *size, in) != *size)
    die(path, "cannot be read");
  fclose(in);
  return bytes;
}


/* The loader has checked the headers: the text is where they say. */
static void add_text(const char *path) {
  zvm_error err;
  size_t size;
  uint8_t *bytes = slurp(path, &size);
  zvm_module *m = zvm_module_load(bytes, size, NULL, &err);
  if (m == NULL)
    die(path, err.text);
  if (count == TEXTS_MAX)
    die(path, "too many modules");
  const zvm_module_facts *facts = zvm_module_about(m);
  const Elf32_Ehdr *eh = (const void *)bytes;
  const Elf32_Phdr *ph = (const void *)(bytes + eh->e_phoff);
  while (ph->p_type != PT_LOAD || (ph->p_flags & PF_X) == 0)
    ph++;
  texts[count++] = (text){.bytes = bytes + ph->p_offset,
                          .size = facts->text_size,
                          .address = facts->text_addr,
                          .level = facts->level};
  total += facts->text_size;
  zvm_module_free(m);
}


static void validate_all(void) {
  for (int i = 0; i < count; i++) {
    const text *t = &texts[i];
    if (zvm_validate(t->bytes, t->size, t->address, t->level, NULL, NULL,
                     NULL) != ZVM_OK)
      die("validator", "refused what it had accepted");
  }
}


/* Lengths only: the least that a decoder can do. */
static void decode_all(void) {
  static ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
                   ZYDIS_STACK_WIDTH_64);
  insns = 0;
  for (int i = 0; i < count; i++) {
    const text *t = &texts[i];
    for (uint32_t at = 0; at < t->size;) {
      ZydisDecodedInstruction in;
      if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(
              &decoder, ZYAN_NULL, t->bytes + at, t->size - at, &in)))
        die("Zydis", "found no instruction in accepted text");
      at += in.length;
      insns++;
    }
  }
}


/* Megabytes a second. */
static double sample(void (*work)(void)) {
  double start = now();
  double end;
  int rounds = 0;
  do {
    work();
    rounds++;
    end = now();
  } while (end - start < 0.02);
  return rounds * ((double)total * 1e-6) / (end - start);
}


int main(int argc, char **argv) {
  double ours[SAMPLES], theirs[SAMPLES];
  for (int i = 1; i < argc; i++)
    add_text(argv[i]);
  if (count == 0)
    die("usage", "measure <module>...");
  for (int i = 0; i < SAMPLES; i++) {
    ours[i] = sample(validate_all);
    theirs[i] = sample(decode_all);
  }
  qsort(ours, SAMPLES, sizeof *ours, ascending);
  qsort(theirs, SAMPLES, sizeof *theirs, ascending);
  printf("%.1f %.1f %llu %llu\n", ours[SAMPLES / 2], theirs[SAMPLES / 2],
         (unsigned long long)insns, (unsigned long long)total);
  return 0;
}
