/*
** gate.c - write the pages through which guests come and go: the gate page,
** the springboard and the context.
**
** Their content is constant, so they are written once per process and stay
** mapped between runs. What is not a slot or code is hlt.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "entry.h"

#define HIDDEN __attribute__((visibility("hidden")))

extern const uint8_t zvm__enter_copy[] HIDDEN;
extern const uint8_t zvm__enter_copy_end[] HIDDEN;
extern const uint8_t zvm__leave_copy[] HIDDEN;
extern const uint8_t zvm__leave_copy_exit[] HIDDEN;
extern const uint8_t zvm__leave_copy_end[] HIDDEN;

enum { HLT = 0xF4, PAGES = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED };


/* Bytes between two labels of the assembler's. */
static size_t span(const uint8_t *from, const uint8_t *to) {
  return (uintptr_t)to - (uintptr_t)from;
}


static uint8_t *map_page(uint64_t addr) {
  void *p = mmap((void *)(uintptr_t)addr, ZVM_PAGE_SIZE,
                 PROT_READ | PROT_WRITE, PAGES, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}


static bool make_code(uint8_t *page) {
  return mprotect(page, ZVM_PAGE_SIZE, PROT_READ | PROT_EXEC) == 0;
}


/* mov $slot, %eax; movabs $ZVM__SPRING, %r11; jmp *%r11 */
static void write_slot(uint8_t *at, uint32_t slot) {
  static const uint64_t spring = ZVM__SPRING;
  *at++ = 0xB8;
  memcpy(at, &slot, sizeof slot);
  at += sizeof slot;
  *at++ = 0x49;
  *at++ = 0xBB;
  memcpy(at, &spring, sizeof spring);
  at += sizeof spring;
  memcpy(at, "\x41\xFF\xE3", 3);
}


static bool write_gate(void) {
  uint8_t *page = map_page(ZVM_GATE_BASE);
  if (page == NULL)
    return false;
  memset(page, HLT, ZVM_PAGE_SIZE);
  for (uint32_t slot = 0; slot < ZVM_SLOT_COUNT; slot++)
    write_slot(page + slot * ZVM_BUNDLE_SIZE, slot);
  return make_code(page);
}


static bool write_spring(void) {
  size_t leave = span(zvm__leave_copy, zvm__leave_copy_end);
  size_t enter = span(zvm__enter_copy, zvm__enter_copy_end);
  ZVM_CHECK(leave <= ZVM__SPRING_ENTER);
  ZVM_CHECK(enter <= ZVM_PAGE_SIZE - ZVM__SPRING_ENTER);
  uint8_t *page = map_page(ZVM__SPRING);
  if (page == NULL)
    return false;
  memset(page, HLT, ZVM_PAGE_SIZE);
  memcpy(page, zvm__leave_copy, leave);
  memcpy(page + ZVM__SPRING_ENTER, zvm__enter_copy, enter);
  return make_code(page);
}


zvm_status zvm__gate_prepare(zvm_error *err) {
  static bool ready; /* guarded by the turn */
  if (ready)
    return ZVM_OK;
  if (!write_gate() || !write_spring() || map_page(ZVM__CONTEXT) == NULL)
    return zvm__fail_os(err, ZVM_E_SYSTEM, errno, "cannot write the gate");
  zvm__context *ctx = zvm__context_page();
  ctx->go = ZVM__SPRING + ZVM__SPRING_ENTER;
  ctx->has_avx = zvm__cpu_has_avx();
  ready = true;
  return ZVM_OK;
}


uint64_t zvm__gate_exit(void) {
  return ZVM__SPRING + span(zvm__leave_copy, zvm__leave_copy_exit);
}
