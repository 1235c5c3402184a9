/*
** zvm.h - what a guest can ask of its host.
**
** Source-compatible with ZeroVM's header of this name. A function here is
** an entry of the gate: a call goes straight to the host. Results are
** counts of bytes, 0, or a negated errno. libc has its own idea of where
** each file stands: do not mix both on one sequential channel.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_GUEST_H
#define ZVM_GUEST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- The manifest -------------------------------------------------------- */

/* Index of channels[i].limits. */
enum ChannelLimits {
  GetsLimit,    /* calls that read        */
  GetSizeLimit, /* bytes that are read    */
  PutsLimit,    /* calls that write       */
  PutSizeLimit, /* bytes that are written */
  LimitsNumber
};

/* channels[i].type: s is sequential, r is random; put after RGet appends. */
enum AccessType {
  SGetSPut,
  RGetSPut,
  SGetRPut,
  RGetRPut,
  ChannelTypesNumber
};

struct ZVMChannel {
  int64_t limits[LimitsNumber];
  int64_t size; /* bytes; 0 unless gets are random */
  uint32_t type;
  char *name;
};

struct UserManifest {
  void *heap_ptr;
  uint32_t heap_size;
  uint32_t stack_size;
  int32_t channels_count;
  struct ZVMChannel *channels;
};

#define MANIFEST (*(const struct UserManifest *const *)0xFEFFFFFCu)

/* -- Traps --------------------------------------------------------------- */

/*
** The gate reads whole registers: numbers are declared wide, so that the
** caller widens them.
*/
int32_t zvm_pread(int64_t desc, void *buffer, int64_t size, int64_t offset);
int32_t zvm_pwrite(int64_t desc, const void *buffer, int64_t size,
                   int64_t offset);
int32_t zvm_jail(void *buffer, int64_t size);
int32_t zvm_unjail(void *buffer, int64_t size);
void zvm_exit(int64_t code) __attribute__((__noreturn__));
int32_t zvm_fork(void);

/* The classic way: uint64_t {code, 0, arguments...}. */
enum TrapCalls {
  TrapRead = 0x64616552,
  TrapWrite = 0x74697257,
  TrapJail = 0x6c69614a,
  TrapUnjail = 0x6c6a6e55,
  TrapExit = 0x74697845,
  TrapFork = 0x6b726f46
};

#define TRAP ((int32_t (*)(uint64_t *))0x10000)

#ifdef __cplusplus
}
#endif

#endif
