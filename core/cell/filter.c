/*
** filter.c - the filter of system calls, from filter.def.
**
** There are two. The zygote's allows what it and its workers need, once for
** all; a worker's takes away what only the zygote needs. Together they leave
** a worker what CALL lists. To install a filter costs what the kernel takes
** to compile it: most of that is done when the zygote starts. Its own is a
** binary tree, each leaf of which ends by itself; to fall through is not
** possible. The worker's is a short list, as it is compiled for each of them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cell.h"

typedef enum check {
  ANY,
  MAPPING, /* mmap: MAP_PRIVATE, not PROT_WRITE and PROT_EXEC at once, and not
              MAP_GROWSDOWN, which RLIMIT_DATA does not count; or MAP_SHARED
              alone, address 0, PROT_READ and PROT_WRITE */
  KEEPS,   /* madvise: not MADV_REMOVE, which takes pages out of a file */
  NO_EXEC,    /* mprotect: no PROT_EXEC */
  QUERY,      /* personality: 0xffffffff */
  SELF,       /* prlimit64: pid 0 */
} check;

typedef struct call {
  uint32_t number;
  check check;
} call;

enum { MOST = 256 };

typedef struct program {
  struct sock_filter code[MOST];
  uint32_t count;
} program;

static program for_zygote, for_worker;

#define LOAD(field)                                                      \
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                                     \
           (uint32_t)offsetof(struct seccomp_data, field))
#define LOW(i)                                                           \
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                                     \
           (uint32_t)offsetof(struct seccomp_data, args) + 8 * (i))
#define HIGH(i)                                                          \
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                                     \
           (uint32_t)offsetof(struct seccomp_data, args) + 8 * (i) + 4)
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define AND(mask) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask)
/* Go on if equal, else end the process. */
#define MUST(value)                                                      \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0), KILL


static void add(program *p, const struct sock_filter *code, size_t n) {
  ZVM_CHECK(p->count + n <= MOST);
  for (size_t i = 0; i < n; i++)
    p->code[p->count++] = code[i];
}

#define ADD(p, ...)                                                      \
  do {                                                                   \
    const struct sock_filter code[] = {__VA_ARGS__};                     \
    add(p, code, sizeof code / sizeof code[0]);                          \
  } while (0)


/* Ends in ALLOW or KILL of its own where it is shared. */
static void add_mapping(program *p) {
  ADD(p, HIGH(2), MUST(0), LOW(3),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAP_SHARED, 0, 13));
  ADD(p, HIGH(3), MUST(0), LOW(2), MUST(PROT_READ | PROT_WRITE), LOW(0),
      MUST(0), HIGH(0), MUST(0), ALLOW);
  ADD(p, AND(MAP_TYPE | MAP_GROWSDOWN), MUST(MAP_PRIVATE), LOW(2),
      AND(PROT_WRITE | PROT_EXEC),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_WRITE | PROT_EXEC, 0, 1),
      KILL);
}


/*
** The kernel reads prot, flags and pid as 32 or 64 bits: what is above the
** low half must be zero for those that are wide.
*/
static void add_check(program *p, check c) {
  switch (c) {
  case ANY:
    break;
  case MAPPING:
    add_mapping(p);
    break;
  case KEEPS: /* the advice is an int */
    ADD(p, LOW(2), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MADV_REMOVE, 0, 1),
        KILL);
    break;
  case NO_EXEC:
    ADD(p, HIGH(2), MUST(0), LOW(2), AND(PROT_EXEC), MUST(0));
    break;
  case QUERY:
    ADD(p, LOW(0), MUST(0xffffffff));
    break;
  case SELF:
    ADD(p, LOW(0), MUST(0));
    break;
  }
  ADD(p, ALLOW);
}


/* Calls [from, to), ascending; the number is in the accumulator. */
static void add_tree(program *p, const call *calls, size_t from, size_t to) {
  if (to - from == 1) {
    ADD(p, MUST(calls[from].number));
    add_check(p, calls[from].check);
    return;
  }
  size_t middle = from + (to - from) / 2;
  uint32_t jump = p->count;
  ADD(p, BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, calls[middle].number, 0, 0));
  add_tree(p, calls, from, middle);
  uint32_t over = p->count - jump - 1;
  ZVM_CHECK(over <= 255);
  p->code[jump].jt = (uint8_t)over;
  add_tree(p, calls, middle, to);
}


static int compare(const void *a, const void *b) {
  uint32_t x = ((const call *)a)->number;
  uint32_t y = ((const call *)b)->number;
  return (x > y) - (x < y);
}


/* Numbers of x32 calls are above all others: this tree refuses them. */
static void make_zygote(program *p, call *calls, size_t count) {
  qsort(calls, count, sizeof calls[0], compare);
  ADD(p, LOAD(arch), MUST(AUDIT_ARCH_X86_64), LOAD(nr));
  add_tree(p, calls, 0, count);
}


/* Beside the zygote's, which has looked at the architecture. */
static void make_worker(program *p, const uint32_t *numbers, size_t count) {
  ADD(p, LOAD(nr));
  for (size_t i = 0; i < count; i++)
    ADD(p, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i],
                    (uint8_t)(count - i), 0));
  ADD(p, ALLOW, KILL);
}


static bool install(const program *p) {
  struct sock_fprog f = {(unsigned short)p->count,
                         (struct sock_filter *)(uintptr_t)p->code};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &f) == 0;
}


bool zvm__filter_zygote(void) {
  static call both[] = {
#define CALL(name, check, reason) {SYS_##name, check},
#define ZYGOTE(name) {SYS_##name, ANY},
#include "filter.def"
#undef ZYGOTE
#undef CALL
  };
  static const uint32_t own[] = {
#define CALL(name, check, reason)
#define ZYGOTE(name) SYS_##name,
#include "filter.def"
#undef ZYGOTE
#undef CALL
  };
  make_zygote(&for_zygote, both, sizeof both / sizeof both[0]);
  make_worker(&for_worker, own, sizeof own / sizeof own[0]);
  return install(&for_zygote);
}


bool zvm__filter_worker(void) {
  return install(&for_worker);
}
