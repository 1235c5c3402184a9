/*
** callers.c - who called what faulted, by the chain of frames.
**
** A return address is listed only if it is the start of a bundle of the
** text, and a call ends there. The text is read from the module's image.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "callers.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CALL_MAX = 7, FRAME = 16 };

/* The two words of a frame: where the next one is, and the way back. */
typedef struct frame {
  uint64_t next;
  uint64_t back;
} frame;


static const zvm_segment *text_of(const zvm_module *m) {
  const zvm_segment *t = m->seg;
  while ((t->prot & PROT_EXEC) == 0)
    t++;
  return t;
}


/* call rel32; or and $-32,%eX and call *%rX, with REX for r8 to r15 */
static bool is_call(const uint8_t end[CALL_MAX]) {
  unsigned n = end[6] - 0xD0U;
  return end[2] == 0xE8 ||
         (n < 8 && end[5] == 0xFF &&
          ((end[2] == 0x83 && end[3] == 0xE0 + n && end[4] == 0xE0) ||
           (end[0] == 0x41 && end[1] == 0x83 && end[2] == 0xE0 + n &&
            end[3] == 0xE0 && end[4] == 0x41)));
}


static bool is_behind_call(const zvm_module *m, uint64_t address) {
  const zvm_segment *t = text_of(m);
  uint8_t code[CALL_MAX];
  return address % ZVM_BUNDLE_SIZE == 0 && address > t->addr &&
         address - t->addr <= t->size &&
         zvm__module_check(m, NULL) == ZVM_OK &&
         pread(m->image_fd, code, sizeof code,
               (off_t)(t->file_off + (address - t->addr) - CALL_MAX)) ==
             (ssize_t)sizeof code &&
         is_call(code);
}


static bool read_stack(const zvm__left *left, uint64_t address, void *to,
                       size_t size) {
  if (address < left->address || address - left->address > left->size ||
      size > left->size - (address - left->address))
    return false;
  memcpy(to, left->bytes + (address - left->address), size);
  return true;
}


void zvm__callers_fill(zvm_stack *out, const zvm_fault *fault,
                       const zvm_module *m, const zvm__left *left) {
  out->address = left->address;
  out->size = left->size;
  out->bytes = left->bytes;
  uint64_t back;
  /* Where it faulted is no code: a call came there, and did nothing yet. */
  if (fault->pc - m->facts.text_addr >= m->facts.text_size &&
      read_stack(left, fault->regs[4], &back, sizeof back) &&
      is_behind_call(m, back))
    out->callers[out->callers_count++] = (uint32_t)back;
  frame f;
  for (uint64_t at = fault->regs[5]; read_stack(left, at, &f, sizeof f);
       at = f.next) {
    if (out->callers_count == ZVM_CALLERS_MAX || !is_behind_call(m, f.back))
      return;
    out->callers[out->callers_count++] = (uint32_t)f.back;
    if (f.next < at + FRAME)
      return;
  }
}
