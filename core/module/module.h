/*
** module.h - a validated program, ready to be mapped any number of times.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_MODULE_H
#define ZVM_MODULE_H

#include "base/error.h"
#include "base/fd.h"

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
** reads it: what was validated is what is mapped. Which file that is, a
** worker need not know: nobody closes its descriptors.
*/
struct zvm_module {
  unsigned refs;
  int image_fd;
  zvm__identity image; /* of image_fd, or zero */
  unsigned seg_count;
  zvm_segment seg[ZVM__SEGMENTS_MAX];
  zvm_module_facts facts;
};

/* One more owner; zvm_module_free takes it back. Thread-safe. */
void zvm__module_ref(zvm_module *m) __attribute__((visibility("hidden")));

/* Ask before each use of image_fd. */
static inline zvm_status zvm__module_check(const zvm_module *m,
                                           zvm_error *err) {
  if (m->image.file == 0 || zvm__fd_is(m->image_fd, &m->image))
    return ZVM_OK;
  return zvm__fail(err, ZVM_E_STATE,
                   "the host program closed a descriptor that the module "
                   "needs (closefrom? close_range?): load it again");
}

#endif
