/*
** zvm_abi.h - the contract between host and guest.
**
** Constants only, so that C of both sides, assembly and the linker script
** can include it. docs/abi.md explains each; memory/layout.h draws the map.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_ABI_H
#define ZVM_ABI_H

#define ZVM_ABI_VERSION 1

/* -- The low 4 GiB ------------------------------------------------------- */

#define ZVM_PAGE_SIZE 0x1000
#define ZVM_BUNDLE_SIZE 32

#define ZVM_NULL_GUARD 0x10000      /* nothing is mapped below            */
#define ZVM_GATE_BASE 0x10000       /* one r-x page of 32-byte slots       */
#define ZVM_TEXT_BASE 0x20000       /* first byte a module may occupy      */
#define ZVM_MODULE_END 0xF0000000   /* module and heap end below this      */
#define ZVM_MANIFEST_PTR 0xFEFFFFFC /* here lies the manifest's address    */
#define ZVM_STACK_FLOOR 0xFF000000  /* lowest address the stack may reach  */
#define ZVM_STACK_MAX 0x00FFF000    /* 16 MiB less its guard page          */

/* -- The gate ------------------------------------------------------------ */

/*
** Slot n is at ZVM_GATE_BASE + 32 n and is reached by a direct or masked
** call. Slot 0 takes in %edi the address of a classic argument block,
** uint64_t {code, 0, args...}; the others take arguments in registers in
** the order of the System V ABI. The result comes back in %rax: a count of
** bytes, 0, or a negated errno. All caller-saved registers are lost.
*/
#define ZVM_SLOT_TRAP 0
#define ZVM_SLOT_PREAD 1
#define ZVM_SLOT_PWRITE 2
#define ZVM_SLOT_JAIL 3
#define ZVM_SLOT_UNJAIL 4
#define ZVM_SLOT_EXIT 5
#define ZVM_SLOT_FORK 6
#define ZVM_SLOT_COUNT 7

/* Codes of the classic argument block: four letters, first one lowest. */
#define ZVM_TRAP_READ 0x64616552
#define ZVM_TRAP_WRITE 0x74697257
#define ZVM_TRAP_JAIL 0x6c69614a
#define ZVM_TRAP_UNJAIL 0x6c6a6e55
#define ZVM_TRAP_EXIT 0x74697845
#define ZVM_TRAP_FORK 0x6b726f46

/* -- Channels ------------------------------------------------------------ */

#define ZVM_TYPE_SGET_SPUT 0 /* sequential get, sequential put            */
#define ZVM_TYPE_RGET_SPUT 1 /* random get, append put                    */
#define ZVM_TYPE_SGET_RPUT 2 /* sequential get, random put                */
#define ZVM_TYPE_RGET_RPUT 3 /* random get, random put                    */

#define ZVM_LIMIT_GETS 0     /* calls that read                           */
#define ZVM_LIMIT_GET_SIZE 1 /* bytes that are read                       */
#define ZVM_LIMIT_PUTS 2     /* calls that write                          */
#define ZVM_LIMIT_PUT_SIZE 3 /* bytes that are written                    */
#define ZVM_LIMIT_COUNT 4

/* -- The module's note --------------------------------------------------- */

/*
** A PT_NOTE entry of name "zvm" (namesz 4), type ZVM_NOTE_MODULE and an
** 8-byte descriptor {u32 abi version, u32 cpu level}. Without it a module
** is ABI 1, level 2.
*/
#define ZVM_NOTE_MODULE 1

/*
** Another entry of the same name, at most one: an 8-byte descriptor {u32
** address, u32 size} of a zvm_abi_faults in the module's writable data, 8-byte
** aligned. Who has it can be told of its own faults.
*/
#define ZVM_NOTE_FAULTS 2
#define ZVM_FAULTS_SIZE 176
#define ZVM_FAULTS_OFF 0
#define ZVM_FAULTS_UNDO 1    /* as entry: what faults now is the last fault
                                that was given                            */
#define ZVM_FAULTS_ROOM 1024 /* bytes of stack that an entry can count on  */

#define ZVM_LEVEL_V2 2
#define ZVM_LEVEL_V3 3

/* -- The user manifest --------------------------------------------------- */

#ifndef __ASSEMBLER__
#include <stdint.h>

/* As the guest sees it: every pointer is a 32-bit address. */
typedef struct zvm_abi_channel {
  int64_t limits[ZVM_LIMIT_COUNT];
  int64_t size;  /* bytes; 0 unless gets are random */
  uint32_t type; /* ZVM_TYPE_*                      */
  uint32_t name; /* char *, the alias               */
} zvm_abi_channel;

#define ZVM_CLOCK_START 946684800000000000 /* 2000-01-01T00:00:00Z, ns */
#define ZVM_SEED 0x7a766d20736565d         /* where none is given       */

/* What the library OS does with a channel besides naming it. */
#define ZVM_MOUNT_IMAGE 0  /* a tar image seen at `path`, from the start    */
#define ZVM_MOUNT_EXPORT 1 /* at exit `path` and all below is packed to it  */

typedef struct zvm_abi_mount {
  uint32_t kind;    /* ZVM_MOUNT_* */
  uint32_t channel; /* its handle  */
  uint32_t path;    /* char *, an absolute path */
} zvm_abi_mount;

typedef struct zvm_abi_manifest {
  uint32_t heap_ptr;       /* page-aligned, right above the module's bss  */
  uint32_t heap_size;      /* bytes, whole pages, all mapped rw-          */
  uint32_t stack_size;     /* bytes below 4 GiB                           */
  int32_t channels_count;  /* 3 or more                                   */
  uint32_t channels;       /* zvm_abi_channel[channels_count]             */
  /* ZeroVM's manifest ends here; what follows is the start block.        */
  uint32_t abi_version;    /* ZVM_ABI_VERSION                             */
  uint32_t argc;
  uint32_t argv;           /* char *[argc + 1], ends with 0               */
  uint32_t envp;           /* char *[], ends with 0                       */
  uint32_t directory;      /* char *, where the program starts: absolute  */
  uint32_t mounts_count;
  uint32_t mounts;         /* zvm_abi_mount[mounts_count]                 */
  int64_t clock;           /* ns since 1970 when the program starts       */
  uint64_t seed;           /* of all that is random in the guest          */
} zvm_abi_manifest;

/* The guest writes the first two words, the host all. */
typedef struct zvm_abi_faults {
  uint32_t entry;    /* where the next fault goes: a bundle start of code, or
                        ZVM_FAULTS_*; the host writes ZVM_FAULTS_OFF       */
  uint32_t stack;    /* rsp there: 16 n + 8, as after a call              */
  uint32_t kind;     /* as in a report: 1 memory, 2 stack, ...            */
  uint32_t signal;   /* SIGSEGV, SIGILL, SIGFPE or SIGTRAP of Linux       */
  uint32_t access;   /* 'r', 'w', 'x', or 0                               */
  uint32_t mxcsr;
  uint64_t pc;
  uint64_t address;  /* that was touched, or 0                            */
  uint64_t flags;    /* carry, parity, zero, sign and overflow            */
  uint64_t regs[16]; /* rax rcx rdx rbx rsp rbp rsi rdi r8 ... r15        */
} zvm_abi_faults;

_Static_assert(sizeof(zvm_abi_faults) == ZVM_FAULTS_SIZE, "guest layout");
_Static_assert(sizeof(zvm_abi_channel) == 48, "guest layout");
_Static_assert(sizeof(zvm_abi_mount) == 12, "guest layout");
_Static_assert(sizeof(zvm_abi_manifest) == 64, "guest layout");
#endif

#endif
