/*
** test_session.c - runs of small guests: state at entry, exit, faults, and
** nothing left over.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

GUEST(exits, "mov $42, %edi\n finish", "");

/* Exits with 0 if every register but rsp is zero. */
GUEST(looks_around,
      "or %rbx, %rax\n or %rcx, %rax\n or %rdx, %rax\n or %rsi, %rax\n"
      "or %rdi, %rax\n or %rbp, %rax\n or %r8, %rax\n or %r9, %rax\n"
      ".p2align 5\n"
      "or %r10, %rax\n or %r11, %rax\n or %r12, %rax\n or %r13, %rax\n"
      "or %r14, %rax\n or %r15, %rax\n"
      ".p2align 5\n"
      "ptest %xmm0, %xmm0\n setnz %cl\n or %cl, %al\n"
      "ptest %xmm15, %xmm15\n setnz %cl\n or %cl, %al\n"
      ".p2align 5\n"
      "mov $0xffffffe8, %ecx\n cmp %rsp, %rcx\n setne %cl\n or %cl, %al\n"
      ".p2align 5\n"
      "mov %eax, %edi\n xor %edx, %edx\n"
      "stmxcsr 0x21000(%edx)\n"
      ".p2align 5\n"
      "cmpl $0x1f80, 0x21000(%edx)\n setne %cl\n movzbl %cl, %ecx\n"
      "or %ecx, %edi\n"
      "finish",
      "");

GUEST(reads_null, "xor %eax, %eax\n mov (%eax), %ecx", "");
GUEST(writes_text, "mov $0x20000, %eax\n mov %eax, (%eax)", "");
GUEST(writes_manifest,
      "mov $0xfefffffc, %eax\n mov (%eax), %eax\n mov %eax, (%eax)", "");
GUEST(writes_gate, "mov $0x10000, %eax\n mov %eax, (%eax)", "");
GUEST(divides, "xor %ecx, %ecx\n xor %edx, %edx\n div %ecx", "");
GUEST(halts, "nop\n hlt", "");
GUEST(is_undefined, "ud2", "");
GUEST(breaks, "nop\n int3", "");
GUEST(runs_data, "mov $0x21000, %eax\n and $-32, %eax\n jmp *%rax", "");
GUEST(runs_nowhere,
      "mov $0xfffffff0, %eax\n and $-32, %eax\n jmp *%rax", "");
GUEST(runs_past_gate,
      "mov $0x100e0, %eax\n and $-32, %eax\n jmp *%rax", "");
GUEST(returns,
      "testq $0xffffffff8000001f, (%rsp)\n jne 1f\n ret\n 1: hlt", "");
GUEST(overflows, "1: push %rax\n jmp 1b", "");
GUEST(overflows_far,
      "sub $0x2000000, %esp\n movl $0, 16(%rsp)", "");
GUEST(misaligned, "mov $0x21001, %eax\n movaps (%eax), %xmm0", "");
GUEST(unmasks,
      "mov $0x21000, %eax\n movl $0x1d80, (%eax)\n ldmxcsr (%eax)\n"
      "pxor %xmm0, %xmm0\n .p2align 5\n movss 4(%eax), %xmm1\n"
      "divss %xmm0, %xmm1",
      ".long 0, 0x3f800000");
/* Traps with rsp where no stack is: the gate must not trip. */
GUEST(traps_on_null,
      "mov $0x8, %esp\n jmp 1f\n .p2align 5\n"
      "1: .byte 0xe9\n .long 0x10000 + 32 * 1 - 0x20000 - (. + 4 - 771b)",
      "");
GUEST(traps_past_top,
      "mov $0xfffffff8, %esp\n pop %rax\n jmp 1f\n .p2align 5\n"
      "1: .byte 0xe9\n .long 0x10000 + 32 * 1 - 0x20000 - (. + 4 - 771b)",
      "");
/* Leaves a return address with bits set above and below: both go. */
GUEST(forges_return,
      "movabs $0xdeadbeef0002105f, %rax\n sub $0x1000, %rax\n push %rax\n"
      ".p2align 5\n"
      ".byte 0xe9\n .long 0x10000 + 32 * 6 - 0x20000 - (. + 4 - 771b)\n"
      ".p2align 5\n"
      "cmp $0x20040, %r11d\n sete %dil\n finish\n",
      "");
/* Callee-saved registers survive a trap; the others are cleared. */
GUEST(keeps_registers,
      "mov $1, %ebx\n mov $2, %ebp\n mov $3, %r12d\n mov $4, %r13d\n"
      ".p2align 5\n mov $5, %r14d\n mov $6, %r15d\n pcmpeqd %xmm7, %xmm7\n"
      "gate 6\n"
      "add %ebx, %edi\n add %ebp, %edi\n add %r12d, %edi\n"
      "add %r13d, %edi\n add %r14d, %edi\n add %r15d, %edi\n"
      ".p2align 5\n add %rcx, %rdi\n add %rdx, %rdi\n add %rsi, %rdi\n"
      "add %r8, %rdi\n add %r9, %rdi\n add %r10, %rdi\n"
      ".p2align 5\n movd %xmm7, %ecx\n add %ecx, %edi\n"
      "finish",
      "");
/* Rounding is the guest's: it stays over a trap, and not beyond the run. */
GUEST(rounds_up,
      "mov $0x21000, %eax\n ldmxcsr (%eax)\n"
      "gate 6\n"
      "mov $0x21000, %eax\n stmxcsr 4(%eax)\n mov 4(%eax), %edi\n"
      "finish",
      ".long 0x5f80, 0");
GUEST(dirties,
      "mov $0x23000, %eax\n mov $7, %ecx\n mov %ecx, (%eax)\n"
      "push %rcx\n xor %edi, %edi\n finish",
      "");
/* Sums what lies where `dirties` wrote. */
GUEST(looks_for_dirt,
      "mov $0x23000, %eax\n mov (%eax), %edi\n"
      "add -8(%rsp), %edi\n add -16(%rsp), %edi\n finish",
      "");
/*
** Exits with the sum of words all over its memory, 7 when fresh, and leaves
** another one in each.
*/
GUEST(remembers,
      "mov $0x21000, %eax\n mov (%eax), %edi\n add 0xffc(%eax), %edi\n"
      "add 0x1000(%eax), %edi\n .p2align 5\n"
      "add 0x1ffc(%eax), %edi\n add 0x2000(%eax), %edi\n"
      "add 0x42000(%eax), %edi\n .p2align 5\n"
      "add 0x102000(%eax), %edi\n add -64(%rsp), %edi\n"
      "add -0x3000(%esp), %edi\n .p2align 5\n"
      "add -0x100000(%esp), %edi\n mov $1000, %ecx\n mov %ecx, (%eax)\n"
      "mov %ecx, 0xffc(%eax)\n .p2align 5\n"
      "mov %ecx, 0x1000(%eax)\n mov %ecx, 0x1ffc(%eax)\n"
      "mov %ecx, 0x2000(%eax)\n mov %ecx, 0x42000(%eax)\n .p2align 5\n"
      "mov %ecx, 0x102000(%eax)\n mov %ecx, -64(%rsp)\n"
      "mov %ecx, -0x3000(%esp)\n mov %ecx, -0x100000(%esp)\n"
      "finish",
      ".long 7");

/*
** Exits with 0 if its start block has the clock, seed, directory and mounts
** of test_start_block. The manifest is in ebx, the mounts in esi.
*/
GUEST(reads_start_block,
      "mov $0xfefffffc, %eax\n mov (%eax), %ebx\n xor %edi, %edi\n"
      "mov 36(%ebx), %eax\n cmpl $0x00622f61, 1(%eax)\n setne %cl\n"
      "or %cl, %dil\n .p2align 5\n"
      "cmpl $2, 40(%ebx)\n setne %cl\n or %cl, %dil\n"
      "mov $1000000001, %eax\n cmp 48(%ebx), %rax\n setne %cl\n"
      ".p2align 5\n"
      "or %cl, %dil\n mov $77, %eax\n cmp 56(%ebx), %rax\n setne %cl\n"
      "or %cl, %dil\n .p2align 5\n"
      "mov 44(%ebx), %esi\n cmpl $0, (%esi)\n setne %cl\n or %cl, %dil\n"
      "cmpl $4, 4(%esi)\n setne %cl\n or %cl, %dil\n .p2align 5\n"
      "mov 8(%esi), %eax\n cmpw $0x002f, (%eax)\n setne %cl\n"
      "or %cl, %dil\n .p2align 5\n"
      "cmpl $1, 12(%esi)\n setne %cl\n or %cl, %dil\n"
      "cmpl $3, 16(%esi)\n setne %cl\n or %cl, %dil\n .p2align 5\n"
      "mov 20(%esi), %eax\n cmpl $0x74756f2f, (%eax)\n setne %cl\n"
      "or %cl, %dil\n finish",
      "");
/* The same of a session that says nothing of it. */
GUEST(reads_default_block,
      "mov $0xfefffffc, %eax\n mov (%eax), %ebx\n xor %edi, %edi\n"
      "mov 36(%ebx), %eax\n cmpw $0x002f, (%eax)\n setne %cl\n"
      ".p2align 5\n"
      "or %cl, %dil\n cmpl $0, 40(%ebx)\n setne %cl\n or %cl, %dil\n"
      "movabs $946684800000000000, %rax\n .p2align 5\n"
      "cmp 48(%ebx), %rax\n setne %cl\n or %cl, %dil\n"
      "movabs $0x7a766d20736565d, %rax\n .p2align 5\n"
      "cmp 56(%ebx), %rax\n setne %cl\n or %cl, %dil\n finish",
      "");
/* Exits with the clock's low half. */
GUEST(reads_clock,
      "mov $0xfefffffc, %eax\n mov (%eax), %ebx\n mov 48(%ebx), %edi\n"
      "finish",
      "");


static zvm_fault fault_of(const unsigned char *pages, zvm_fault_kind kind,
                          const char *sentence) {
  zvm_report r = run_guest(pages, NULL);
  ok(r.state == ZVM_STATE_FAULT && r.fault.kind == kind, sentence);
  if (r.state != ZVM_STATE_FAULT || r.fault.kind != kind)
    printf("# state %s kind %s signal %d pc 0x%llx address 0x%llx\n",
           zvm_state_name(r.state), zvm_fault_name(r.fault.kind),
           r.fault.signal, (unsigned long long)r.fault.pc,
           (unsigned long long)r.fault.address);
  return r.fault;
}


static void test_entry(void) {
  zvm_report r = run_guest(exits, NULL);
  ok(r.state == ZVM_STATE_EXIT && r.code == 42,
     "a guest that exits ends with its code");
  is((long long)r.traps[ZVM_SLOT_EXIT], 1, "its only trap is counted");
  is(exit_code(looks_around, NULL), 0,
     "a guest starts with cleared registers and default MXCSR");
}


static void test_faults(void) {
  zvm_fault f = fault_of(reads_null, ZVM_FAULT_MEMORY,
                         "a null read is a memory fault");
  is((long long)f.pc, 0x20002, "it names the instruction");
  is(f.access, 'r', "it says that it was a read");
  f = fault_of(writes_text, ZVM_FAULT_MEMORY,
               "a write to text is a memory fault");
  is((long long)f.address, 0x20000, "it names the address");
  is(f.access, 'w', "it says that it was a write");
  is((long long)f.regs[0], 0x20000, "it holds the registers");
  fault_of(writes_manifest, ZVM_FAULT_MEMORY,
           "a write to the manifest is a memory fault");
  fault_of(writes_gate, ZVM_FAULT_MEMORY,
           "a write to the gate is a memory fault");
  fault_of(divides, ZVM_FAULT_ARITHMETIC,
           "a division by zero is an arithmetic fault");
  fault_of(unmasks, ZVM_FAULT_ARITHMETIC,
           "an unmasked float exception is an arithmetic fault");
  f = fault_of(halts, ZVM_FAULT_HALT, "hlt is a halt fault");
  is((long long)f.pc, 0x20001, "it names the hlt");
  fault_of(is_undefined, ZVM_FAULT_ILLEGAL, "ud2 is an illegal instruction");
  f = fault_of(breaks, ZVM_FAULT_BREAKPOINT, "int3 is a breakpoint");
  is((long long)f.pc, 0x20001, "it names the int3, not what follows");
  f = fault_of(runs_data, ZVM_FAULT_EXECUTE,
               "a jump to data is an execute fault");
  is((long long)f.pc, 0x21000, "its pc is the target");
  fault_of(runs_nowhere, ZVM_FAULT_EXECUTE,
           "a jump to the stack is an execute fault");
  fault_of(runs_past_gate, ZVM_FAULT_HALT,
           "a slot of the gate that is not one halts");
  f = fault_of(returns, ZVM_FAULT_EXECUTE,
               "a return from the entry is an execute fault");
  is((long long)f.pc, 0, "it returns to 0");
  fault_of(misaligned, ZVM_FAULT_PROTECTION,
           "a misaligned vector access is a protection fault");
}


static void test_stack(void) {
  zvm_fault f = fault_of(overflows, ZVM_FAULT_STACK,
                         "endless pushing is a stack fault");
  is((long long)f.address, 0xFF7FFFF8, "right below the default stack");
  zvm_session_options small = {.stack = 1};
  zvm_report r = run_guest(overflows, &small);
  is((long long)r.fault.address, 0xFFFFEFF8, "a stack has one page at least");
  zvm_session_options large = {.stack = ZVM_STACK_MAX};
  r = run_guest(overflows, &large);
  is((long long)r.fault.address, 0xFF000FF8,
     "the largest stack has a guard page too");
  fault_of(overflows_far, ZVM_FAULT_STACK,
           "a frame that jumps over the guard is a stack fault");
}


static void test_gate(void) {
  zvm_fault f = fault_of(traps_on_null, ZVM_FAULT_MEMORY,
                         "a trap on a bad stack is the guest's fault");
  ok(f.pc >= 0x200000000, "its pc is past the guard region");
  fault_of(traps_past_top, ZVM_FAULT_MEMORY,
           "a trap on a stack past the top is the guest's fault");
  is(exit_code(forges_return, NULL), 1,
     "the gate masks the return address");
  is(exit_code(keeps_registers, NULL), 21,
     "a trap keeps callee-saved registers and clears the others");
  is(exit_code(rounds_up, NULL) & 0xE000, 0x4000,
     "a trap keeps the guest's rounding mode");
  unsigned mxcsr;
  __asm__("stmxcsr %0" : "=m"(mxcsr));
  is(mxcsr & 0xFFC0, 0x1F80, "the host gets its own rounding mode back");
}


static void test_leaks(void) {
  run_guest(dirties, NULL);
  is(exit_code(looks_for_dirt, NULL), 0,
     "nothing of an earlier guest is visible");
  int fds = open_descriptors();
  int maps = mappings_below(0x200003000);
  for (int i = 0; i < 100; i++) {
    run_guest(exits, NULL);
    run_guest(overflows, NULL);
  }
  is(open_descriptors(), fds, "200 runs leave no descriptor open");
  is(mappings_below(0x200003000), maps, "200 runs leave no mapping behind");
}


/* The same module again and again: some of its pages stay (warm.c). */
static void test_warm(void) {
  zvm_session_options small = {.stack = 1 << 20 | 1 << 13};
  const zvm_session_options *opt[] = {NULL, &small, NULL};
  for (int i = 0; i < 3; i++) {
    int fresh = 0;
    for (int k = 0; k < 6; k++)
      fresh += exit_code(remembers, opt[i]) == 7;
    is(fresh, 6, "a module that runs again finds its memory as at first");
  }
  ok(mlock((void *)0x123000, 4096) == 0 &&
         exit_code(remembers, NULL) == 7 && exit_code(remembers, NULL) == 7,
     "so does one of which the host locked a page in memory");
  exit_code(remembers, NULL);
  run_guest(exits, NULL);
  is(exit_code(looks_for_dirt, NULL), 0,
     "and the next module finds nothing of it");
}


static void test_states(void) {
  zvm_error err;
  zvm_report r;
  zvm_module *m = guest(exits);
  zvm_session_options opt = or_inline(NULL);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  zvm_module_free(m);
  is(zvm_session_run(s, &r, &err), ZVM_OK,
     "a module that was freed goes when its session goes");
  is(zvm_session_run(s, &r, &err), ZVM_E_STATE, "a session runs once");
  zvm_session_free(s);
  zvm_session_free(NULL);
  ok(true, "freeing NULL is fine");
}


static void refuse(zvm_module *m, const zvm_session_options *opt,
                   const char *part, const char *sentence) {
  zvm_error err = {0};
  zvm_session *s = zvm_session_new(m, opt, &err);
  if (!ok(s == NULL && err.status == ZVM_E_OPTION &&
              strstr(err.text, part) != NULL,
          sentence))
    printf("# %d %s\n", err.status, err.text);
  zvm_session_free(s);
}


static void test_options(void) {
  zvm_module *m = guest(exits);
  refuse(m, &(zvm_session_options){.memory = 4096}, "memory: 4096",
         "memory below the module's own data is refused");
  refuse(m, &(zvm_session_options){.memory = 1ull << 32},
         "memory: 4294967296", "memory above the low 4 GiB is refused");
  refuse(m, &(zvm_session_options){.memory = UINT64_MAX}, "memory: ",
         "memory that would wrap is refused");
  refuse(m, &(zvm_session_options){.stack = ZVM_STACK_MAX + 1}, "stack: ",
         "a stack above the maximum is refused");
  refuse(m, &(zvm_session_options){.stack = UINT64_MAX}, "stack: ",
         "a stack that would wrap is refused");
  char *big = malloc((1 << 20) + 1);
  memset(big, 'x', 1 << 20);
  big[1 << 20] = '\0';
  refuse(m, &(zvm_session_options){.args = (const char *[]){big, NULL}},
         "args and env take", "a megabyte of arguments is refused");
  free(big);
  zvm_module_free(m);
}


/* -- The start block ----------------------------------------------------- */

static zvm_channel_options image_channel(const char *alias) {
  return (zvm_channel_options){
      .alias = alias,
      .type = ZVM_TYPE_RGET_SPUT,
      .source = ZVM_SOURCE_MEMORY,
      .data = "tar",
      .size = 3,
      .limits = {ZVM_UNLIMITED, ZVM_UNLIMITED},
  };
}


static zvm_channel_options out_channel(const char *alias) {
  return (zvm_channel_options){
      .alias = alias,
      .source = ZVM_SOURCE_BUFFER,
      .limits = {[ZVM_LIMIT_PUTS] = ZVM_UNLIMITED,
                 [ZVM_LIMIT_PUT_SIZE] = ZVM_UNLIMITED},
  };
}


static void test_start_block(void) {
  zvm_channel_options channels[] = {image_channel("/dev/z"),
                                    out_channel("/dev/a")};
  zvm_mount_options mounts[] = {{ZVM_MOUNT_IMAGE, "/dev/z", "/"},
                                {ZVM_MOUNT_EXPORT, "/dev/a", "/out"}};
  zvm_session_options opt = {.directory = "/a/b",
                             .mounts = mounts,
                             .mounts_count = 2,
                             .channels = channels,
                             .channels_count = 2,
                             .clock_ns = 1000000001,
                             .seed = 77};
  is(exit_code(reads_start_block, &opt), 0,
     "a guest is told directory, mounts, clock and seed");
  opt.isolation = ZVM_ISOLATION_PROCESS;
  is(exit_code(reads_start_block, &opt), 0, "in a worker too");
  is(exit_code(reads_default_block, NULL), 0,
     "a guest that is given none of them starts in / in the year 2000");
  opt = (zvm_session_options){.clock_ns = ZVM_CLOCK_1970};
  is(exit_code(reads_clock, &opt), 0, "a clock can start in 1970");
  opt = (zvm_session_options){.clock_ns = ZVM_CLOCK_MAX};
  is(exit_code(reads_clock, &opt), (int32_t)ZVM_CLOCK_MAX,
     "and as late as 2200");
  zvm_mount_options standard = {ZVM_MOUNT_EXPORT, "/dev/stdout", "/"};
  opt = (zvm_session_options){.mounts = &standard, .mounts_count = 1};
  is(exit_code(exits, &opt), 42,
     "an export may go to a standard channel that was not given");
}


static void test_paths(zvm_module *m) {
  static const struct {
    const char *path, *part;
  } bad[] = {
      {"", "directory: path is not absolute"},
      {"tmp", "path is not absolute: \"tmp\""},
      {"//", "an empty part"},
      {"/tmp/", "an empty part"},
      {"/tmp//x", "an empty part"},
      {"/./x", "a part that is . or .."},
      {"/x/..", "a part that is . or .."},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    refuse(m, &(zvm_session_options){.directory = bad[i].path}, bad[i].part,
           "a directory that is no clean absolute path is refused");
  char name[4098];
  memset(name, 'x', sizeof name);
  name[0] = '/';
  name[257] = '\0';
  refuse(m, &(zvm_session_options){.directory = name}, "more than 255 bytes",
         "so is one with a name of 256 bytes");
  for (int i = 0; i < 4096; i += 64)
    name[i] = '/';
  name[257] = 'x';
  name[4096] = '\0';
  refuse(m, &(zvm_session_options){.directory = name},
         "longer than 4095 bytes", "and a path of 4096 bytes");
  name[4095] = '\0';
  zvm_session_options longest = {.directory = name};
  is(exit_code(exits, &longest), 42, "4095 bytes are fine");
}


static void refuse_mount(zvm_module *m, int kind, const char *channel,
                         const char *path, const char *part,
                         const char *sentence) {
  zvm_channel_options channels[] = {
      image_channel("/dev/image"), out_channel("/dev/out"),
      image_channel("/dev/none"), out_channel("/dev/shut")};
  zvm_mount_options mounts[] = {{ZVM_MOUNT_IMAGE, "/dev/image", "/"},
                                {kind, channel, path}};
  channels[2].limits[ZVM_LIMIT_GET_SIZE] = 0;
  channels[3].limits[ZVM_LIMIT_PUTS] = 0;
  refuse(m,
         &(zvm_session_options){.channels = channels,
                                .channels_count = 4,
                                .mounts = mounts,
                                .mounts_count = 2},
         part, sentence);
}


static void test_mounts(zvm_module *m) {
  refuse_mount(m, 2, "/dev/image", "/", "unknown kind",
               "a mount of no known kind is refused");
  refuse_mount(m, ZVM_MOUNT_IMAGE, NULL, "/", "mount 2: no channel",
               "so is one without a channel");
  refuse_mount(m, ZVM_MOUNT_IMAGE, "/dev/image", NULL, "mount 2: no path",
               "and one without a path");
  refuse_mount(m, ZVM_MOUNT_IMAGE, "/dev/image", "mnt", "not absolute",
               "and one with a path that is not absolute");
  refuse_mount(m, ZVM_MOUNT_IMAGE, "/dev/imag", "/",
               "mount 2: there is no channel /dev/imag",
               "and one of a channel that is not there");
  refuse_mount(m, ZVM_MOUNT_IMAGE, "/dev/out", "/", "read at random",
               "an image that is a stream is refused");
  refuse_mount(m, ZVM_MOUNT_IMAGE, "/dev/stdin", "/", "read at random",
               "so is one on the standard input that is always there");
  refuse_mount(m, ZVM_MOUNT_IMAGE, "/dev/none", "/", "readable",
               "and one that may not be read");
  refuse_mount(m, ZVM_MOUNT_EXPORT, "/dev/image", "/", "writable",
               "an export to what is only read is refused");
  refuse_mount(m, ZVM_MOUNT_EXPORT, "/dev/shut", "/", "writable",
               "so is one to what may not be written");
  refuse_mount(m, ZVM_MOUNT_EXPORT, "/dev/stdin", "/", "writable",
               "and one to the standard input");
  refuse(m, &(zvm_session_options){.mounts_count = ZVM_MOUNTS_MAX + 1},
         "1025 mounts", "more than 1024 mounts are refused");
  refuse(m, &(zvm_session_options){.mounts_count = 1}, "missing",
         "a count without mounts is refused");
}


static void test_start_options(void) {
  zvm_module *m = guest(exits);
  test_paths(m);
  test_mounts(m);
  refuse(m, &(zvm_session_options){.clock_ns = -1}, "clock: -1",
         "a clock before 1970 is refused");
  refuse(m, &(zvm_session_options){.clock_ns = ZVM_CLOCK_MAX + 1}, "clock: ",
         "and one after 2200");
  zvm_module_free(m);
}


/* -- A host whose files may not be long ---------------------------------- */

static void limit_files(rlim_t size) {
  struct rlimit files;
  (void)getrlimit(RLIMIT_FSIZE, &files);
  files.rlim_cur = size;
  (void)setrlimit(RLIMIT_FSIZE, &files);
}


/* What comes of a session of `opt`. */
static zvm_error run_limited(zvm_module *m, const zvm_session_options *opt) {
  zvm_error err = {.status = ZVM_OK};
  zvm_report r;
  zvm_session *s = zvm_session_new(m, opt, &err);
  if (s != NULL)
    (void)zvm_session_run(s, &r, &err);
  zvm_session_free(s);
  return err;
}


/* 0, or the first step of which it did not hear as an error. */
static int try_limited(void) {
  static char large[50000];
  memset(large, 'x', sizeof large - 1);
  zvm_session_options plain = {0};
  zvm_session_options watched = {.progress = true};
  zvm_session_options full = {.args = (const char *const[]){large, NULL}};
  zvm_error err;
  zvm_module *m = guest(exits);
  limit_files(100);
  if (run_limited(m, &plain).os != EFBIG)
    return 1;
  limit_files(RLIM_INFINITY);
  if (run_limited(m, &plain).status != ZVM_OK)
    return 2;
  limit_files(60);
  if (run_limited(m, &plain).status != ZVM_OK)
    return 3;
  if (run_limited(m, &watched).os != EFBIG)
    return 4;
  if (run_limited(m, &full).os != EFBIG)
    return 5;
  if (zvm_pipe_new(1, &err) != NULL || err.os != EFBIG)
    return 6;
  zvm_module_free(m);
  m = load_guest(exits, &err);
  return m == NULL && err.os == EFBIG ? 0 : 7;
}


static void test_short_files(void) {
  int status = -1;
  pid_t pid = fork();
  if (pid == 0)
    _exit(try_limited());
  (void)waitpid(pid, &status, 0);
  is(status, 0, "a host that may not make long files hears of it, and goes on");
}


int main(void) {
  test_entry();
  test_faults();
  test_stack();
  test_gate();
  test_leaks();
  test_warm();
  test_states();
  test_options();
  test_start_block();
  test_start_options();
  test_short_files();
  return tap_done();
}
