/*
** cpu.c - does this processor have what a module's level needs?
**
** cpuid may cost microseconds in a virtual machine: it is asked once.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <cpuid.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "entry.h"

typedef struct feature {
  const char *name;
  uint32_t leaf;
  int reg; /* 0 eax, 1 ebx, 2 ecx, 3 edx */
  int bit;
  int level; /* lowest that needs it */
} feature;

/* clang-format off */
static const feature features[] = {
  {"sse3",     1,          2, 0,  ZVM_LEVEL_V2},
  {"ssse3",    1,          2, 9,  ZVM_LEVEL_V2},
  {"cx16",     1,          2, 13, ZVM_LEVEL_V2},
  {"sse4.1",   1,          2, 19, ZVM_LEVEL_V2},
  {"sse4.2",   1,          2, 20, ZVM_LEVEL_V2},
  {"popcnt",   1,          2, 23, ZVM_LEVEL_V2},
  {"lahf",     0x80000001, 2, 0,  ZVM_LEVEL_V2},
  {"fma",      1,          2, 12, ZVM_LEVEL_V3},
  {"movbe",    1,          2, 22, ZVM_LEVEL_V3},
  {"osxsave",  1,          2, 27, ZVM_LEVEL_V3},
  {"avx",      1,          2, 28, ZVM_LEVEL_V3},
  {"f16c",     1,          2, 29, ZVM_LEVEL_V3},
  {"bmi1",     7,          1, 3,  ZVM_LEVEL_V3},
  {"avx2",     7,          1, 5,  ZVM_LEVEL_V3},
  {"bmi2",     7,          1, 8,  ZVM_LEVEL_V3},
  {"lzcnt",    0x80000001, 2, 5,  ZVM_LEVEL_V3},
};
/* clang-format on */
enum { FEATURES = sizeof features / sizeof features[0] };

static struct {
  pthread_once_t once;
  bool has[FEATURES];
  bool saves_ymm; /* the operating system does */
} cpu = {.once = PTHREAD_ONCE_INIT};


static bool has_feature(const feature *f) {
  uint32_t r[4];
  if (__get_cpuid_count(f->leaf, 0, &r[0], &r[1], &r[2], &r[3]) == 0)
    return false;
  return (r[f->reg] >> f->bit & 1) != 0;
}


static void ask(void) {
  bool osxsave = false;
  for (int i = 0; i < FEATURES; i++) {
    cpu.has[i] = has_feature(&features[i]);
    if (strcmp(features[i].name, "osxsave") == 0)
      osxsave = cpu.has[i];
  }
  if (osxsave) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    cpu.saves_ymm = (low & 6) == 6;
  }
}


bool zvm__cpu_has_avx(void) {
  (void)pthread_once(&cpu.once, ask);
  for (int i = 0; i < FEATURES; i++)
    if (strcmp(features[i].name, "avx") == 0)
      return cpu.has[i] && cpu.saves_ymm;
  return false;
}


zvm_status zvm__cpu_check(int level, zvm_error *err) {
  (void)pthread_once(&cpu.once, ask);
  char lacks[160] = "";
  size_t len = 0;
  for (int i = 0; i < FEATURES; i++)
    if (features[i].level <= level && !cpu.has[i])
      len += (size_t)snprintf(lacks + len, sizeof lacks - len, " %s",
                              features[i].name);
  if (level >= ZVM_LEVEL_V3 && !cpu.saves_ymm)
    len += (size_t)snprintf(lacks + len, sizeof lacks - len, " ymm-state");
  if (len == 0)
    return ZVM_OK;
  return zvm__fail(err, ZVM_E_CPU,
                   "the module needs x86-64-v%d; this processor lacks%s",
                   level, lacks);
}
