/*
** mutate.c - mutations of which many are accepted, and some are not.
**
** Most are made where they are executed, and keep the starts of the other
** instructions, as a validator that refuses all of them shows nothing.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "mutate.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "lines.h"
#include "random.h"
#include "validator/validator.h"

const char *const mutation_names[MUTATIONS] = {
    "instruction", "bundle", "copied bundle", "target", "field",
    "byte",        "bit",    "data",          "header"};

/* -- Specimens ------------------------------------------------------------- */

static bool find_text(specimen *s) {
  Elf32_Ehdr eh;
  Elf32_Phdr ph;
  unsigned i;
  memcpy(&eh, s->bytes, sizeof eh);
  for (i = 0; i < eh.e_phnum; i++) {
    memcpy(&ph, s->bytes + eh.e_phoff + i * sizeof ph, sizeof ph);
    if (ph.p_type != PT_LOAD || (ph.p_flags & PF_X) == 0)
      continue;
    s->text = ph.p_offset;
    s->text_size = ph.p_filesz / 32 * 32;
    s->address = ph.p_vaddr;
    return s->text + s->text_size <= s->size;
  }
  return false;
}


bool specimen_open(specimen *s, const char *path) {
  FILE *f = fopen(path, "rb");
  zvm_module *m;
  if (f == NULL)
    return false;
  memset(s, 0, sizeof *s);
  snprintf(s->name, sizeof s->name, "%s", path);
  s->size = fread(s->bytes, 1, sizeof s->bytes, f);
  (void)fclose(f);
  m = zvm_module_load(s->bytes, s->size, NULL, NULL);
  if (s->size == sizeof s->bytes || m == NULL || !find_text(s))
    return false;
  s->level = zvm_module_about(m)->level;
  zvm_module_free(m);
  return zvm__accepts(s->bytes + s->text, s->text_size, s->address, s->level,
                      s->starts);
}


bool specimen_probe(const specimen *s, uint32_t bundle, uint8_t *to) {
  uint8_t *at = to + s->text + bundle * 32;
  zvm__insn in;
  memcpy(to, s->bytes, s->size);
  if (at[0] == 0xf4 || zvm__decode(at, 0, &in) != ZVM_RULE_NONE)
    return false;
  memset(at, 0xf4, in.length);
  return true;
}

/* -- Places ---------------------------------------------------------------- */

static uint32_t random_bundle(const specimen *s) {
  if (s->hot_count > 0 && !one_in(4))
    return s->hot[random_below(s->hot_count)];
  return random_below(s->text_size / 32);
}


/* An instruction of a bundle of `to`: its offset in the file. */
static uint32_t random_insn(const specimen *s, const uint8_t *to,
                            zvm__insn *in) {
  uint32_t bundle = s->text + random_bundle(s) * 32;
  uint32_t found[32];
  unsigned count = 0;
  uint32_t at = bundle;
  while (at < bundle + 32 &&
         zvm__decode(to + at, 0, in) == ZVM_RULE_NONE) {
    found[count++] = at;
    at += in->length;
  }
  at = count > 0 ? found[random_below(count)] : bundle;
  (void)zvm__decode(to + at, 0, in);
  return at;
}


/* Offset into the text of some lawful target. */
static uint32_t random_start(const specimen *s) {
  for (;;) {
    uint32_t bundle = random_bundle(s);
    unsigned at = random_below(32);
    if ((s->starts[bundle] >> at & 1) != 0)
      return bundle * 32 + at;
  }
}

/* -- Mutations ------------------------------------------------------------- */

/* Branches go to starts, rip-relative operands to somewhere near the text. */
static void aim(const specimen *s, uint8_t *to, uint32_t at,
                const zvm__insn *in) {
  uint32_t end = at - s->text + in->length;
  int32_t disp = (int32_t)random_start(s) - (int32_t)end;
  if (zvm__is_branch(in) && (in->attr & A_IMM) == A_J8)
    to[at + in->length - 1] = (uint8_t)disp;
  else if (zvm__is_branch(in))
    memcpy(to + at + in->length - 4, &disp, 4);
  disp = (int32_t)random_below(2 * s->text_size) - 0x8000;
  if (in->has_mem && zvm__is_rip_relative(in) && !in->addr32)
    memcpy(to + at + in->at + 2, &disp, 4);
}


/* An accepted instruction of at most `room` bytes, of the module's level. */
static unsigned put_insn(const specimen *s, uint8_t *to, uint32_t at,
                         unsigned room) {
  unsigned tries;
  for (tries = 0; tries < 64; tries++) {
    uint8_t insn[LINES_ROOM];
    unsigned n = lines_make(random_below(lines_count), insn);
    zvm__insn in;
    if (n == 0 || n > room ||
        zvm__decode(insn, zvm__refused_at(s->level), &in) != ZVM_RULE_NONE)
      continue;
    memcpy(to + at, insn, n);
    if (in.length == n)
      aim(s, to, at, &in);
    return n;
  }
  return 0;
}


static void mutate_insn(const specimen *s, uint8_t *to) {
  zvm__insn in;
  uint32_t at = random_insn(s, to, &in);
  unsigned n = put_insn(s, to, at, in.length);
  memset(to + at + n, 0x90, in.length > n ? in.length - n : 0);
}


static void mutate_bundle(const specimen *s, uint8_t *to) {
  uint32_t bundle = s->text + random_bundle(s) * 32;
  unsigned at = 0;
  while (at < 32) {
    unsigned n = put_insn(s, to, bundle + at, 32 - at);
    if (n == 0)
      break;
    at += n;
  }
  memset(to + bundle + at, 0x90, 32 - at);
}


static void mutate_target(const specimen *s, uint8_t *to) {
  unsigned tries;
  for (tries = 0; tries < 32; tries++) {
    zvm__insn in;
    uint32_t at = random_insn(s, to, &in);
    if (zvm__is_branch(&in)) {
      aim(s, to, at, &in);
      return;
    }
  }
}


static void mutate_field(const specimen *s, uint8_t *to) {
  zvm__insn in;
  uint32_t at = random_insn(s, to, &in);
  unsigned modrm = (in.attr & A_MODRM) != 0 ? zvm__modrm_length(&in) : 0;
  unsigned first = in.at + 1 + (modrm > 2 ? 2 : modrm);
  unsigned n;
  for (n = first; n < in.length; n++)
    if (one_in(2))
      to[at + n] = (uint8_t)random_bits();
}


/* A byte that is neither text nor header. */
static void mutate_data(const specimen *s, uint8_t *to) {
  unsigned n = 1 + random_below(16);
  while (n-- > 0) {
    uint32_t at = 0x1000 + random_below((uint32_t)s->size - 0x1000);
    if (at < s->text || at >= s->text + s->text_size)
      to[at] = (uint8_t)random_bits();
  }
}


/* Mostly a whole field, and what borders are made of. */
static void mutate_header(uint8_t *to) {
  static const uint32_t values[] = {
      0,          1,          0x20,       0x1000,     0xfff,      0x10000,
      0x1ffff,    0x20000,    0x20001,    0x21000,    0x7fffffff, 0x80000000,
      0xeffff000, 0xf0000000, 0xfeff0000, 0xff000000, 0xfffff000, 0xffffffff};
  uint32_t field = random_below(sizeof(Elf32_Ehdr) + 5 * sizeof(Elf32_Phdr));
  uint32_t old;
  if (one_in(4)) {
    to[field] = (uint8_t)random_bits();
    return;
  }
  field &= ~3u;
  memcpy(&old, to + field, 4);
  old = one_in(2) ? values[random_below(sizeof values / sizeof *values)]
        : one_in(2) ? old + 0x1000 * (random_below(9) - 4)
                    : old + random_below(65) - 32;
  memcpy(to + field, &old, 4);
}


static void mutate_once(const specimen *s, uint8_t *to, unsigned kind) {
  uint8_t *bundle = to + s->text + random_bundle(s) * 32;
  switch (kind) {
  case MUTATE_INSN: mutate_insn(s, to); break;
  case MUTATE_BUNDLE: mutate_bundle(s, to); break;
  case MUTATE_COPY:
    memcpy(bundle, s->bytes + s->text + random_bundle(s) * 32, 32);
    break;
  case MUTATE_TARGET: mutate_target(s, to); break;
  case MUTATE_FIELD: mutate_field(s, to); break;
  case MUTATE_BYTE:
    bundle[random_below(32)] = (uint8_t)random_bits();
    break;
  case MUTATE_BIT:
    bundle[random_below(32)] ^= (uint8_t)(1u << random_below(8));
    break;
  case MUTATE_DATA: mutate_data(s, to); break;
  default: mutate_header(to); break;
  }
}


size_t mutate(const specimen *s, uint8_t *to, unsigned *kinds) {
  unsigned times = 1 + random_below(3);
  memcpy(to, s->bytes, s->size);
  *kinds = 0;
  while (times-- > 0) {
    unsigned kind = random_below(MUTATIONS);
    mutate_once(s, to, kind);
    *kinds |= 1u << kind;
  }
  return one_in(64) ? random_below((uint32_t)s->size) : s->size;
}
