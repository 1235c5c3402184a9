/*
** mutate.h - modules that are nearly as they were.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef MUTATE_H
#define MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SPECIMEN_MAX = 128 * 1024 };

/* A guest module, and what is known of its text. */
typedef struct specimen {
  char name[64];
  uint8_t bytes[SPECIMEN_MAX];
  size_t size;
  uint32_t text;      /* offset in the file                                */
  uint32_t text_size; /* whole bundles                                     */
  uint32_t address;   /* where it runs                                     */
  int level;
  uint32_t starts[SPECIMEN_MAX / 32]; /* lawful targets, by bundle          */
  uint32_t hot[SPECIMEN_MAX / 32];    /* bundles that are executed          */
  uint32_t hot_count;
} specimen;

/* Reads the file; false if it is too big or its text is not accepted. */
bool specimen_open(specimen *s, const char *path);

/*
** The bytes of `s` to `to`, with the first instruction of this bundle made
** hlt; false if that cannot be. Who runs it learns if the bundle is executed.
*/
bool specimen_probe(const specimen *s, uint32_t bundle, uint8_t *to);

/* The kinds of mutation, and their names. */
enum {
  MUTATE_INSN,    /* another instruction of the same length, or nops behind */
  MUTATE_BUNDLE,  /* a whole bundle of other instructions                   */
  MUTATE_COPY,    /* a bundle from elsewhere                                */
  MUTATE_TARGET,  /* a branch goes to another start                         */
  MUTATE_FIELD,   /* a displacement or an immediate                         */
  MUTATE_BYTE,    /* of the text                                            */
  MUTATE_BIT,     /* of the text                                            */
  MUTATE_DATA,    /* a byte that is neither text nor header                 */
  MUTATE_HEADER,  /* a field of the ELF header or of a program header       */
  MUTATIONS
};
extern const char *const mutation_names[MUTATIONS];

/* Writes a mutant of `s` to `to`; returns its size, and the kinds as bits. */
size_t mutate(const specimen *s, uint8_t *to, unsigned *kinds);

#endif
