/*
** elf.c - ELF32 headers of an untrusted file, checked one by one.
**
** All sums are made in 64 bits from 32-bit fields, so none can overflow.
** The layout of the structures is that of the System V ABI (gABI chapter 4
** and 5, x86-64 psABI for x32).
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "module/elf.h"

#include <string.h>

#include "base/error.h"

enum { EHDR_SIZE = 52, PHDR_SIZE = 32, PHDRS_MAX = 64 };

/* The return sequence tests addresses for it. */
#define TEXT_END 0x80000000u

enum {
  PT_NULL = 0,
  PT_LOAD = 1,
  PT_DYNAMIC = 2,
  PT_INTERP = 3,
  PT_NOTE = 4,
  PT_PHDR = 6,
  PT_TLS = 7,
  PT_GNU_EH_FRAME = 0x6474e550,
  PT_GNU_STACK = 0x6474e551,
  PT_GNU_PROPERTY = 0x6474e553
};

enum { PF_X = 1, PF_W = 2, PF_R = 4 };

typedef struct phdr {
  uint32_t type, offset, vaddr, filesz, memsz, flags;
} phdr;

typedef struct reader {
  const uint8_t *bytes;
  size_t size;
  zvm__elf *out;
  uint64_t file_end; /* of all segments so far that have bytes there */
  zvm_error *err;
} reader;


static uint32_t le16(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}


static uint32_t le32(const uint8_t *p) {
  return le16(p) | le16(p + 2) << 16;
}


static zvm_status bad(const reader *r, uint64_t offset, const char *why) {
  zvm__fail(r->err, ZVM_E_FORMAT, "at file offset 0x%llx: %s",
            (unsigned long long)offset, why);
  if (r->err != NULL)
    r->err->offset = offset;
  return ZVM_E_FORMAT;
}


/* -- File header --------------------------------------------------------- */

static zvm_status check_ident(const reader *r) {
  const uint8_t *b = r->bytes;
  if (r->size < 4 || memcmp(b, "\177ELF", 4) != 0)
    return bad(r, 0, "not an ELF file; build the program with zvm-cc");
  if (r->size < EHDR_SIZE)
    return bad(r, r->size, "the file ends within its ELF header");
  if (b[4] == 2)
    return bad(r, 4, "a 64-bit ELF file; modules are ELF32: use zvm-cc");
  if (b[4] != 1)
    return bad(r, 4, "unknown ELF class");
  if (b[5] != 1)
    return bad(r, 5, "not little-endian");
  if (b[6] != 1)
    return bad(r, 6, "unknown ELF version");
  return ZVM_OK;
}


static zvm_status check_header(const reader *r) {
  const uint8_t *b = r->bytes;
  if (le16(b + 18) != 62)
    return bad(r, 18, "not a program for x86-64");
  if (le16(b + 16) == 3)
    return bad(r, 16, "dynamic or position-independent; link with -static");
  if (le16(b + 16) != 2)
    return bad(r, 16, "not an executable; link it with zvm-cc");
  if (le32(b + 20) != 1)
    return bad(r, 20, "unknown ELF version");
  if (le16(b + 40) != EHDR_SIZE)
    return bad(r, 40, "wrong ELF header size");
  if (le16(b + 42) != PHDR_SIZE)
    return bad(r, 42, "wrong program header size");
  if (le16(b + 44) == 0 || le16(b + 44) > PHDRS_MAX)
    return bad(r, 44, "no program headers, or more than 64");
  if ((uint64_t)le32(b + 28) + le16(b + 44) * (uint64_t)PHDR_SIZE > r->size)
    return bad(r, 28, "the file ends within its program headers");
  return ZVM_OK;
}


/* -- Segments ------------------------------------------------------------ */

static zvm_status check_load_place(const reader *r, const phdr *p,
                                   uint64_t at) {
  const zvm__elf *e = r->out;
  if (p->vaddr % ZVM_PAGE_SIZE != 0 || p->offset % ZVM_PAGE_SIZE != 0)
    return bad(r, at, "segment is not aligned to pages of 4096 bytes");
  if (p->filesz > p->memsz)
    return bad(r, at, "segment has more bytes in the file than in memory");
  if ((uint64_t)p->offset + p->filesz > r->size)
    return bad(r, at, "segment reaches past the end of the file");
  if (p->vaddr < ZVM_TEXT_BASE ||
      (uint64_t)p->vaddr + p->memsz > ZVM_MODULE_END)
    return bad(r, at, "segment lies outside [0x20000, 0xf0000000)");
  if (e->load_count > 0) {
    const zvm__load *last = &e->load[e->load_count - 1];
    if (p->vaddr < last->addr + (uint64_t)zvm__page_up(last->mem_size))
      return bad(r, at, "segment overlaps the one before, or out of order");
  }
  if (p->filesz != 0 && p->offset < r->file_end)
    return bad(r, at, "segment shares bytes of the file with one before, "
                      "or out of order");
  if (e->load_count == ZVM__LOADS_MAX)
    return bad(r, at, "more than 16 segments");
  return ZVM_OK;
}


static zvm_status check_load_rights(const reader *r, const phdr *p,
                                    uint64_t at) {
  if ((p->flags & PF_R) == 0 || (p->flags & ~(uint32_t)(PF_R | PF_W | PF_X)))
    return bad(r, at, "segment rights must be r--, rw- or r-x");
  if ((p->flags & (PF_W | PF_X)) == (PF_W | PF_X))
    return bad(r, at, "segment is both writable and executable");
  if ((p->flags & PF_X) == 0)
    return ZVM_OK;
  if (r->out->text < r->out->load_count)
    return bad(r, at, "more than one executable segment");
  if (p->filesz != p->memsz || p->filesz % ZVM_PAGE_SIZE != 0)
    return bad(r, at, "text is not whole pages; pad it with hlt");
  if ((uint64_t)p->vaddr + p->memsz > TEXT_END)
    return bad(r, at, "text lies above 2 GiB, where no function returns to");
  return ZVM_OK;
}


static zvm_status read_load(reader *r, const phdr *p, uint64_t at) {
  zvm__elf *e = r->out;
  zvm_status st;
  if (p->memsz == 0 && p->filesz == 0)
    return ZVM_OK;
  st = check_load_place(r, p, at);
  if (st == ZVM_OK)
    st = check_load_rights(r, p, at);
  if (st != ZVM_OK)
    return st;
  if ((p->flags & PF_X) != 0)
    e->text = e->load_count;
  if (p->filesz != 0)
    r->file_end = (uint64_t)p->offset + p->filesz;
  e->load[e->load_count++] = (zvm__load){.offset = p->offset,
                                         .addr = p->vaddr,
                                         .file_size = p->filesz,
                                         .mem_size = p->memsz,
                                         .write = (p->flags & PF_W) != 0,
                                         .execute = (p->flags & PF_X) != 0};
  return ZVM_OK;
}


/* -- The note ------------------------------------------------------------ */

static zvm_status read_module_note(reader *r, const uint8_t *desc,
                                   uint64_t at) {
  if (le32(desc) != ZVM_ABI_VERSION)
    return bad(r, at, "built for another version of the guest ABI");
  if (le32(desc + 4) != ZVM_LEVEL_V2 && le32(desc + 4) != ZVM_LEVEL_V3)
    return bad(r, at + 4, "CPU level in the note must be 2 or 3");
  r->out->level = (int)le32(desc + 4);
  return ZVM_OK;
}


static zvm_status read_faults_note(reader *r, const uint8_t *desc,
                                   uint64_t at) {
  if (r->out->faults != 0)
    return bad(r, at, "more than one note of a fault block");
  if (le32(desc) == 0 || le32(desc) % 8 != 0)
    return bad(r, at, "address of the fault block must be a multiple of 8");
  if (le32(desc + 4) != ZVM_FAULTS_SIZE)
    return bad(r, at + 4, "fault block of another version of the guest ABI");
  r->out->faults = le32(desc);
  return ZVM_OK;
}


static zvm_status read_zvm_note(reader *r, uint32_t type, const uint8_t *desc,
                                uint64_t at) {
  if (type == ZVM_NOTE_MODULE)
    return read_module_note(r, desc, at);
  if (type == ZVM_NOTE_FAULTS)
    return read_faults_note(r, desc, at);
  return ZVM_OK;
}


static bool is_zvm_note(const uint8_t *n) {
  return le32(n) == 4 && memcmp(n + 12, "zvm", 4) == 0 &&
         (le32(n + 8) == ZVM_NOTE_MODULE || le32(n + 8) == ZVM_NOTE_FAULTS);
}


static zvm_status read_notes(reader *r, const phdr *p, uint64_t at) {
  uint64_t pos = p->offset;
  uint64_t end = pos + p->filesz;
  if (end > r->size)
    return bad(r, at, "notes reach past the end of the file");
  while (end - pos >= 12) {
    const uint8_t *n = r->bytes + pos;
    uint64_t name = ((uint64_t)le32(n) + 3) & ~(uint64_t)3;
    uint64_t desc = ((uint64_t)le32(n + 4) + 3) & ~(uint64_t)3;
    if (name + desc > end - pos - 12)
      return bad(r, pos, "note reaches past its segment");
    if (is_zvm_note(n)) {
      zvm_status st;
      if (le32(n + 4) != 8)
        return bad(r, pos, "note of the module has a wrong size");
      st = read_zvm_note(r, le32(n + 8), n + 16, pos + 16);
      if (st != ZVM_OK)
        return st;
    }
    pos += 12 + name + desc;
  }
  return ZVM_OK;
}


/* -- Program headers ----------------------------------------------------- */

static zvm_status read_phdr(reader *r, const phdr *p, uint64_t at) {
  switch (p->type) {
  case PT_LOAD:
    return read_load(r, p, at);
  case PT_NOTE:
    return read_notes(r, p, at);
  case PT_NULL:
  case PT_PHDR:
  case PT_GNU_EH_FRAME:
  case PT_GNU_PROPERTY:
    return ZVM_OK;
  case PT_GNU_STACK:
    if ((p->flags & PF_X) != 0)
      return bad(r, at, "asks for an executable stack");
    return ZVM_OK;
  case PT_DYNAMIC:
  case PT_INTERP:
    return bad(r, at, "dynamically linked; link with -static");
  case PT_TLS:
    return bad(r, at, "has a thread-local segment; build with zvm-cc");
  default:
    return bad(r, at, "program header of a type that is not accepted");
  }
}


/* Whole in one segment that the guest may write. */
static bool holds_faults(const zvm__load *l, uint32_t faults) {
  return l->write && faults >= l->addr &&
         (uint64_t)faults + ZVM_FAULTS_SIZE <= (uint64_t)l->addr + l->mem_size;
}


static zvm_status check_faults(const reader *r) {
  const zvm__elf *e = r->out;
  for (unsigned i = 0; i < e->load_count; i++)
    if (holds_faults(&e->load[i], e->faults))
      return ZVM_OK;
  return bad(r, 28, "fault block is not in writable data of the module");
}


static zvm_status check_whole(const reader *r) {
  const zvm__elf *e = r->out;
  const zvm__load *t;
  if (e->text >= e->load_count)
    return bad(r, 28, "no executable segment");
  t = &e->load[e->text];
  if (e->entry % ZVM_BUNDLE_SIZE != 0)
    return bad(r, 24, "entry is not at a bundle start (a multiple of 32)");
  if (e->entry < t->addr || e->entry - t->addr >= t->file_size)
    return bad(r, 24, "entry is outside the text");
  return e->faults != 0 ? check_faults(r) : ZVM_OK;
}


zvm_status zvm__elf_read(const uint8_t *bytes, size_t size, zvm__elf *out,
                         zvm_error *err) {
  reader r = {.bytes = bytes, .size = size, .out = out, .err = err};
  zvm_status st;
  unsigned i;
  memset(out, 0, sizeof *out);
  out->level = ZVM_LEVEL_V2;
  out->text = ZVM__LOADS_MAX;
  if (size > INT32_MAX)
    return bad(&r, INT32_MAX, "larger than 2 GiB");
  st = check_ident(&r);
  if (st == ZVM_OK)
    st = check_header(&r);
  if (st != ZVM_OK)
    return st;
  out->entry = le32(bytes + 24);
  for (i = 0; i < le16(bytes + 44); i++) {
    uint64_t at = le32(bytes + 28) + i * (uint64_t)PHDR_SIZE;
    const uint8_t *h = bytes + at;
    phdr p = {.type = le32(h),
              .offset = le32(h + 4),
              .vaddr = le32(h + 8),
              .filesz = le32(h + 16),
              .memsz = le32(h + 20),
              .flags = le32(h + 24)};
    st = read_phdr(&r, &p, at);
    if (st != ZVM_OK)
      return st;
  }
  return check_whole(&r);
}
