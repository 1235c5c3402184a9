/*
** elf.h - the part of ELF32 that a module may use, as checked values.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_MODULE_ELF_H
#define ZVM_MODULE_ELF_H

#include "zvm.h"

#define ZVM__LOADS_MAX 16

/* A PT_LOAD entry that satisfied every rule. */
typedef struct zvm__load {
  uint32_t offset;    /* in the file, whole pages                         */
  uint32_t addr;      /* whole pages                                      */
  uint32_t file_size; /* bytes within the file                            */
  uint32_t mem_size;  /* bytes; the rest is zero                          */
  bool write;
  bool execute;
} zvm__load;

typedef struct zvm__elf {
  uint32_t entry;
  int level;          /* ZVM_LEVEL_*                                      */
  uint32_t faults;    /* address of the fault block; 0: none              */
  unsigned text;      /* index of the one executable load                 */
  unsigned load_count;
  zvm__load load[ZVM__LOADS_MAX];
} zvm__elf;

static inline uint32_t zvm__page_up(uint32_t n) {
  return (n + (ZVM_PAGE_SIZE - 1)) & ~(uint32_t)(ZVM_PAGE_SIZE - 1);
}

/*
** Read and check headers, segments and the note. Nothing of `bytes` outside
** [0, size) is touched. ZVM_OK or ZVM_E_FORMAT.
*/
zvm_status zvm__elf_read(const uint8_t *bytes, size_t size, zvm__elf *out,
                         zvm_error *err)
    __attribute__((visibility("hidden")));

#endif
