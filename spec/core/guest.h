/*
** guest.h - small guests, assembled into the test itself.
**
** GUEST(name, text, data) gives a guest of one page of text and one of
** data, assembled for 0x20000 and 0x21000. In `text`, `gate n` calls slot n
** as the toolchain would: at the end of a bundle.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef GUEST_H
#define GUEST_H

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "zvm.h"

enum {
  GUEST_TEXT = 0x20000,
  GUEST_DATA = 0x21000,
  GUEST_BSS = 0x22000, /* one page of zeros */
  GUEST_HEAP = 0x23000,
};

__asm__(".macro gate slot\n"
        ".p2align 5\n"
        ".nops 27\n"
        ".byte 0xe8\n"
        ".long 0x10000 + 32 * \\slot - 0x20000 - (. + 4 - 771b)\n"
        ".endm\n"
        /* exit with the code in edi */
        ".macro finish\n"
        "gate 5\n"
        ".endm\n");

#define GUEST(name, text, data)                                          \
  extern const unsigned char name[];                                     \
  __asm__(".section guests, \"ax\", @progbits\n"                          \
          ".balign 4096, 0xf4\n"                                         \
          ".globl " #name "\n" #name ":\n"                               \
          "771:\n" text "\n"                                             \
          ".org " #name " + 4096, 0xf4\n"                                \
          data "\n.balign 4096, 0\n.previous\n")


/* `notes`: what its note segment has, if it is to have one. */
static inline zvm_module *load_noted(const unsigned char *pages,
                                     const void *notes, size_t size,
                                     zvm_error *err) {
  enum { HEAD = 4096, FILE_SIZE = HEAD + 2 * 4096, NOTES = 1024 };
  unsigned char file[FILE_SIZE] = {0};
  Elf32_Ehdr eh = {
      .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
      .e_type = ET_EXEC,
      .e_machine = EM_X86_64,
      .e_version = EV_CURRENT,
      .e_entry = GUEST_TEXT,
      .e_phoff = sizeof(Elf32_Ehdr),
      .e_ehsize = sizeof(Elf32_Ehdr),
      .e_phentsize = sizeof(Elf32_Phdr),
      .e_phnum = size > 0 ? 3 : 2,
  };
  Elf32_Phdr ph[3] = {
      {PT_LOAD, HEAD, GUEST_TEXT, GUEST_TEXT, 4096, 4096, PF_R | PF_X, 4096},
      {PT_LOAD, HEAD + 4096, GUEST_DATA, GUEST_DATA, 4096, 8192, PF_R | PF_W,
       4096},
      {PT_NOTE, NOTES, 0, 0, (Elf32_Word)size, 0, PF_R, 4},
  };
  memcpy(file, &eh, sizeof eh);
  memcpy(file + sizeof eh, ph, sizeof ph);
  if (size > 0)
    memcpy(file + NOTES, notes, size);
  memcpy(file + HEAD, pages, 2 * 4096);
  return zvm_module_load(file, sizeof file, NULL, err);
}


static inline zvm_module *load_guest(const unsigned char *pages,
                                     zvm_error *err) {
  return load_noted(pages, NULL, 0, err);
}


/* A module that must load, for tests of what comes after. */
static inline zvm_module *guest(const unsigned char *pages) {
  zvm_error err;
  zvm_module *m = load_guest(pages, &err);
  if (m == NULL) {
    printf("Bail out! guest: %s\n", err.text);
    exit(1);
  }
  return m;
}


/* New, run, free; the report's pointers are dead afterwards. */
/* Most of these tests look at this process while a guest runs in it. */
static inline zvm_session_options or_inline(const zvm_session_options *opt) {
  zvm_session_options o = {0};
  if (opt != NULL)
    o = *opt;
  if (o.isolation == ZVM_ISOLATION_DEFAULT)
    o.isolation = ZVM_ISOLATION_INLINE;
  return o;
}


/* Inline, if the options do not say else. */
static inline zvm_report run_guest(const unsigned char *pages,
                                   const zvm_session_options *opt) {
  zvm_error err;
  zvm_report r = {0};
  zvm_module *m = guest(pages);
  zvm_session_options o = or_inline(opt);
  zvm_session *s = zvm_session_new(m, &o, &err);
  if (s == NULL || zvm_session_run(s, &r, &err) != ZVM_OK) {
    printf("Bail out! session: %s\n", err.text);
    exit(1);
  }
  zvm_session_free(s);
  zvm_module_free(m);
  return r;
}

/* What the guest exited with, or a number no test wants. */
static inline long long exit_code(const unsigned char *pages,
                                  const zvm_session_options *opt) {
  zvm_report r = run_guest(pages, opt);
  return r.state == ZVM_STATE_EXIT ? r.code : -1000000 - (int)r.fault.kind;
}

#endif
