/*
** fuzz_text.c - any bytes as text: three validators, one verdict.
**
** The first byte chooses CPU level and address, the rest is text, filled up
** with hlt. The automaton, the explaining pass and the second validator of
** spec/oracle must agree; the first two also about the lawful targets. The
** text ends with its allocation, so that a read past it is noticed.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "second.h"
#include "validator/validator.h"

enum { BUNDLE = 32, BUNDLES_MAX = 64 };

static const uint32_t addresses[4] = {0x20000, 0x10000, 0x7ffff800,
                                      0xfffff800};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void differ(const char *what) {
  fprintf(stderr, "fuzz_text: %s\n", what);
  abort();
}


static void judge(const uint8_t *text, uint32_t size, uint32_t address,
                  int level) {
  uint32_t fast[BUNDLES_MAX] = {0};
  uint32_t slow[BUNDLES_MAX] = {0};
  bool accepted = zvm__accepts(text, size, address, level, fast);
  if (zvm__explain(text, size, address, level, slow, NULL, NULL) != accepted)
    differ("the two passes come to different verdicts");
  if (accepted && memcmp(fast, slow, sizeof fast) != 0)
    differ("the two passes find different targets");
  if (second_accepts(text, size, address, level) != accepted)
    differ("the second validator comes to another verdict");
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t *text;
  uint32_t whole;
  if (size < 2 || size > BUNDLES_MAX * BUNDLE)
    return 0;
  whole = (uint32_t)(size - 1 + BUNDLE - 1) / BUNDLE * BUNDLE;
  text = malloc(whole);
  if (text == NULL)
    return 0;
  memset(text, 0xf4, whole);
  memcpy(text, data + 1, size - 1);
  judge(text, whole, addresses[data[0] >> 1 & 3],
        data[0] & 1 ? ZVM_LEVEL_V3 : ZVM_LEVEL_V2);
  free(text);
  return 0;
}
