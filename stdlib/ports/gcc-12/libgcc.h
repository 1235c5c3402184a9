/*
** libgcc.h - what the unwinder's sources want of a compiler's build and of a
** system. Frames are found as glibc has it found: by a function that knows the
** linker's table of them, which is sorted by address.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config/i386/value-unwind.h" /* registers wider than pointers */

#define HAVE_LD_EH_FRAME_HDR 1
#define TARGET_DL_ITERATE_PHDR 1
#define DLFO_STRUCT_HAS_EH_DBASE 0
#define DWARF_REG_TO_UNWIND_COLUMN(number) (number)

#define gcc_assert(holds) ((holds) ? (void)0 : abort())
#define gcc_unreachable() abort()
#define ATTRIBUTE_UNUSED __attribute__((__unused__))

/* Of the linker script. */
extern const char __zvm_frames[], _end[]
    __attribute__((__visibility__("hidden")));
extern const char __zvm_frames_size[]
    __attribute__((__visibility__("hidden")));

struct dl_find_object {
  void *dlfo_eh_frame;
};

/* There is one object, the program. */
static inline int _dl_find_object(void *pc, struct dl_find_object *found) {
  found->dlfo_eh_frame = __zvm_frames_size ? (void *)__zvm_frames : NULL;
  return (char *)pc < _end ? 0 : -1;
}
