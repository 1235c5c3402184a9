/*
** filter.c - the filter of system calls, from filter.def.
**
** There is one, which the zygote installs and its workers inherit. To install
** one costs what the kernel takes to compile it, and to free it: for each
** worker that would be a tenth of a short run. What only the zygote may do
** needs a secret of 64 bits in the sixth argument, which none of these calls
** has. The kernel's program holds it, and a page of the zygote's; a worker
** wipes its copy when it needs no such call any more, before there is a job.
** Whoever guesses has one try, as a wrong guess ends the process: so the secret
** is compared behind the number of the call and not before. A call that is
** allowed anyway would else tell by its time how much of a guess is right.
**
** A binary tree, each leaf of which ends by itself; to fall through is not
** possible.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "cell.h"

#ifdef ZVM_TEST_HOOK /* never in the library: spec/core/test_lockdown.c */
#include "hook.h"
#else
#define zvm__hook_note_secret() ((void)0)
#endif

typedef enum check {
  ANY,
  MAPPING, /* mmap: MAP_PRIVATE, not PROT_WRITE and PROT_EXEC at once, and not
              MAP_GROWSDOWN, which RLIMIT_DATA does not count; or MAP_SHARED
              alone, address 0, PROT_READ and PROT_WRITE */
  MOVES,   /* mremap: MREMAP_MAYMOVE alone, so to no address of its choice */
  KEEPS,   /* madvise: not MADV_REMOVE, which takes pages out of a file */
  NO_EXEC,    /* mprotect: no PROT_EXEC */
  QUERY,      /* personality: 0xffffffff */
  SELF,       /* prlimit64: pid 0 */
  KNOWS,      /* the secret, in an argument that the call has not */
} check;

typedef struct call {
  uint32_t number;
  check check;
} call;

enum { MOST = 512, SECRET = 5 /* which argument: from 0 */ };

typedef struct program {
  struct sock_filter code[MOST];
  uint32_t count;
} program;

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
  case MOVES:
    ADD(p, HIGH(3), MUST(0), LOW(3), MUST(MREMAP_MAYMOVE));
    break;
  case KEEPS: /* the advice is an int */
    ADD(p, LOW(2), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MADV_REMOVE, 0, 1),
        KILL);
    break;
  case NO_EXEC:
    ADD(p, HIGH(2), MUST(0), LOW(2), AND(PROT_EXEC), MUST(0));
    break;
  case KNOWS: /* until put_secret it is 0 */
    ADD(p, LOW(SECRET), MUST(0), HIGH(SECRET), MUST(0));
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
static void make(program *p) {
  static call calls[] = {
#define CALL(name, check, reason) {SYS_##name, check},
#define ZYGOTE(name) {SYS_##name, KNOWS},
#include "filter.def"
#undef ZYGOTE
#undef CALL
  };
  size_t count = sizeof calls / sizeof calls[0];
  qsort(calls, count, sizeof calls[0], compare);
  ADD(p, LOAD(arch), MUST(AUDIT_ARCH_X86_64), LOAD(nr));
  add_tree(p, calls, 0, count);
}


/* Straight from its place into the program, which is wiped afterwards. */
static void put_secret(program *p) {
  const uint32_t *half = (const uint32_t *)(uintptr_t)ZVM__CELL_SECRET;
  const struct sock_filter low = LOW(SECRET), high = HIGH(SECRET);
  for (uint32_t i = 0; i + 1 < p->count; i++)
    if (p->code[i].code == low.code && p->code[i].k == low.k)
      p->code[i + 1].k = half[0];
    else if (p->code[i].code == high.code && p->code[i].k == high.k)
      p->code[i + 1].k = half[1];
}


static bool install(const program *p) {
  struct sock_fprog f = {(unsigned short)p->count,
                         (struct sock_filter *)(uintptr_t)p->code};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &f) == 0;
}


bool zvm__filter_install(void) {
  static program p;
  make(&p);
  volatile uint64_t *secret = (void *)(uintptr_t)ZVM__CELL_SECRET;
  while (*secret == 0) /* which is what a worker has */
    if (getrandom((void *)(uintptr_t)ZVM__CELL_SECRET, sizeof *secret, 0) !=
        sizeof *secret)
      return false;
  zvm__hook_note_secret();
  put_secret(&p);
  bool done = install(&p);
  explicit_bzero(&p, sizeof p);
  return done;
}
