/*
** test_lowmem.c - hosts that have no room below 4 GiB, and guests that are
** at the edges of theirs. Each case is a process of its own, as the
** reservation is made once.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

GUEST(exits, "xor %edi, %edi\n finish", "");
/* Writes the first and last word of its heap, and of its stack. */
GUEST(touches_edges,
      "mov $0xfefffffc, %eax\n mov (%eax), %eax\n"
      "mov (%eax), %ebx\n mov 4(%eax), %ecx\n mov 8(%eax), %edx\n"
      ".p2align 5\n"
      "mov %ebx, (%ebx)\n mov %ebx, -8(%ebx,%ecx)\n"
      "xor %esi, %esi\n sub %edx, %esi\n mov %ebx, (%esi)\n"
      ".p2align 5\n"
      "mov $0xfffffff8, %esi\n mov %ebx, (%esi)\n"
      "xor %edi, %edi\n finish",
      "");
GUEST(touches_past_heap,
      "mov $0xfefffffc, %eax\n mov (%eax), %eax\n"
      "mov (%eax), %ebx\n add 4(%eax), %ebx\n mov %ebx, (%ebx)",
      "");


static bool in_child(bool (*fn)(void)) {
  pid_t pid = fork();
  if (pid == 0)
    _exit(fn() ? 0 : 1);
  int status = -1;
  (void)waitpid(pid, &status, 0);
  return status == 0;
}


static bool runs_with(zvm_status want, const char *part) {
  zvm_error err = {0};
  zvm_report r;
  zvm_module *m = guest(exits);
  zvm_session_options opt = or_inline(NULL);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  zvm_status st = zvm_session_run(s, &r, &err);
  zvm_session_free(s);
  zvm_module_free(m);
  if (st == want && strstr(err.text, part) != NULL)
    return true;
  printf("# %d %s\n", st, err.text);
  return false;
}


static bool map_low(uintptr_t at) {
  return mmap((void *)at, 4096, PROT_READ,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
              0) == (void *)at;
}


static bool something_low(void) {
  return map_low(0x40000000) && runs_with(ZVM_E_LOWMEM, "0x40000000") &&
         munmap((void *)0x40000000, 4096) == 0 && runs_with(ZVM_OK, "");
}


static bool something_in_guard(void) {
  return map_low(0x1FFFFF000) && runs_with(ZVM_E_LOWMEM, "0x1fffff000");
}


static bool something_at_null(void) {
  return map_low(0xF000) && runs_with(ZVM_E_LOWMEM, "0xf000");
}


static bool little_address_space(void) {
  struct rlimit limit = {1ul << 32, 1ul << 32};
  return setrlimit(RLIMIT_AS, &limit) == 0 &&
         runs_with(ZVM_E_LOWMEM, "ulimit");
}


static bool most_memory(void) {
  zvm_session_options opt = {.memory = 0xF0000000 - GUEST_DATA,
                             .stack = ZVM_STACK_MAX};
  return exit_code(touches_edges, &opt) == 0;
}


static bool past_heap(void) {
  zvm_session_options opt = {.memory = 1 << 20};
  zvm_report r = run_guest(touches_past_heap, &opt);
  return r.fault.kind == ZVM_FAULT_MEMORY &&
         r.fault.address == GUEST_DATA + (1 << 20);
}


/* Sizes that differ from run to run must not find each other's mappings. */
static bool changing_sizes(void) {
  for (unsigned i = 1; i < 50; i++) {
    zvm_session_options opt = {.memory = (i * 37 % 50 + 4) << 12,
                               .stack = (i * 13 % 50 + 1) << 12};
    if (exit_code(touches_edges, &opt) != 0)
      return false;
    zvm_report r = run_guest(touches_past_heap, &opt);
    if (r.fault.address != GUEST_DATA + opt.memory)
      return false;
  }
  return true;
}


/* It may come between two runs: what is mapped then would be executable. */
static bool reads_imply_exec(void) {
  static const char *args[] = {"other", NULL};
  zvm_session_options opt = {.args = args};
  if (!runs_with(ZVM_OK, "") || personality(READ_IMPLIES_EXEC) < 0)
    return false;
  zvm_error err = {0};
  zvm_report r;
  zvm_module *m = guest(exits);
  zvm_session_options o = or_inline(&opt);
  zvm_session *s = zvm_session_new(m, &o, &err);
  bool refused = zvm_session_run(s, &r, &err) == ZVM_E_STATE &&
                 strstr(err.text, "READ_IMPLIES_EXEC") != NULL;
  bool later = personality(0) >= 0 &&
               zvm_session_run(s, &r, &err) == ZVM_OK;
  zvm_session_free(s);
  zvm_module_free(m);
  return refused && later;
}


int main(void) {
  ok(in_child(something_low),
     "a mapping in the way is named, and when it is gone all is well");
  ok(in_child(something_in_guard), "one in the guard region is in the way");
  ok(in_child(something_at_null), "one in the null guard is in the way");
  ok(in_child(little_address_space), "a limit of address space is named");
  ok(in_child(most_memory), "the largest memory and stack work, edge to edge");
  ok(in_child(past_heap), "the byte after the heap is not the guest's");
  ok(in_child(changing_sizes), "sizes may change from run to run");
  ok(in_child(reads_imply_exec),
     "nothing is mapped while what is readable would be executable");
  return tap_done();
}
