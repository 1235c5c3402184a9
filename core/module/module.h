/*
** module.h - a validated program, ready to be mapped any number of times.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_MODULE_H
#define ZVM_MODULE_H

#include "zvm.h"

#define ZVM__SEGMENTS_MAX 32

/* Whole pages. File-backed ones lie at file_off of the image. */
typedef struct zvm_segment {
  uint32_t addr;
  uint32_t size;
  uint32_t file_off;
  int prot;  /* PROT_* of the guest's mapping                             */
  bool zero; /* anonymous: the part of a segment past its file bytes      */
} zvm_segment;

/*
** image_fd is a memfd sealed against every change before the validator
** reads it: what was validated is what is mapped.
*/
struct zvm_module {
  unsigned refs;
  int image_fd;
  unsigned seg_count;
  zvm_segment seg[ZVM__SEGMENTS_MAX];
  zvm_module_facts facts;
};

/* One more owner; zvm_module_free takes it back. Thread-safe. */
void zvm__module_ref(zvm_module *m) __attribute__((visibility("hidden")));

#endif
