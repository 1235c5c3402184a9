/*
** step.c - the module zvm.step: a run that is watched bundle by bundle.
**
** The run goes on in a copy of this process, which traces it (ptrace), so that
** neither zvm.so nor the core knows of it: what is seen is what runs. A step
** is an instruction; those that stay in a bundle are taken together, and a trap
** is taken as one, by a breakpoint of the processor's behind its call. For
** people who want to see how it works: no part of the trusted base.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lauxlib.h>

#include "interpreter.h"
#include "zvm_abi.h"

#define STEP_TYPE "zvm.step"
#define GUEST_END 0x100000000
#define BREAK_ON_EXECUTE 1u /* DR7: breakpoint 0, of this task */
#define MEMORY_MAX 4096

typedef struct run {
  pid_t pid; /* 0: it is over, and waited for */
  int status;
} run;


static int failed(lua_State *L, const char *what) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", what, strerror(errno));
  lua_pushliteral(L, "SYSTEM");
  return 3;
}


/* -- Waiting --------------------------------------------------------------- */

/* Waits for the next stop; false if there will be none. */
static bool wait_stop(run *r) {
  pid_t got;
  do
    got = waitpid(r->pid, &r->status, 0);
  while (got < 0 && errno == EINTR);
  if (got == r->pid && WIFSTOPPED(r->status))
    return true;
  r->pid = 0;
  return false;
}


/*
** Let it go on with `request`, to its next stop. A signal that is not of ours
** is for the run: a guest's fault, a time limit.
*/
static bool go_on(run *r, int request) {
  int number = WSTOPSIG(r->status);
  if (number == SIGTRAP || number == SIGSTOP)
    number = 0;
  if (ptrace(request, r->pid, NULL, (void *)(intptr_t)number) != 0)
    return false;
  return wait_stop(r);
}


static bool set_break(const run *r, uint64_t address) {
  size_t at = offsetof(struct user, u_debugreg);
  size_t word = sizeof(((struct user *)NULL)->u_debugreg[0]);
  return ptrace(PTRACE_POKEUSER, r->pid, (void *)(at + 7 * word), NULL) == 0 &&
         ptrace(PTRACE_POKEUSER, r->pid, (void *)at, (void *)address) == 0 &&
         ptrace(PTRACE_POKEUSER, r->pid, (void *)(at + 7 * word),
                (void *)(uintptr_t)BREAK_ON_EXECUTE) == 0;
}


/* Run to `address`; false if it ends before. */
static bool run_to(run *r, uint64_t address, struct user_regs_struct *regs) {
  if (!set_break(r, address))
    return false;
  do {
    if (!go_on(r, PTRACE_CONT) ||
        ptrace(PTRACE_GETREGS, r->pid, NULL, regs) != 0)
      return false;
  } while (regs->rip != address);
  return true;
}


static bool read_memory(const run *r, uint64_t address, void *to,
                        size_t size) {
  struct iovec local = {to, size};
  struct iovec remote = {(void *)address, size};
  return process_vm_readv(r->pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}


/* -- Steps ----------------------------------------------------------------- */

static void push_registers(lua_State *L, const struct user_regs_struct *u) {
  const struct {
    const char *name;
    uint64_t value;
  } all[] = {{"rax", u->rax}, {"rcx", u->rcx}, {"rdx", u->rdx},
             {"rbx", u->rbx}, {"rsp", u->rsp}, {"rbp", u->rbp},
             {"rsi", u->rsi}, {"rdi", u->rdi}, {"r8", u->r8},
             {"r9", u->r9},   {"r10", u->r10}, {"r11", u->r11},
             {"r12", u->r12}, {"r13", u->r13}, {"r14", u->r14},
             {"r15", u->r15}};
  lua_createtable(L, 0, 18);
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    char text[20];
    snprintf(text, sizeof text, "%llx", (unsigned long long)all[i].value);
    lua_pushstring(L, text);
    lua_setfield(L, -2, all[i].name);
  }
  lua_pushnumber(L, (lua_Number)u->rip);
  lua_setfield(L, -2, "pc");
  lua_pushnumber(L, (lua_Number)u->eflags);
  lua_setfield(L, -2, "flags");
}


static run *check(lua_State *L) {
  run *r = luaL_checkudata(L, 1, STEP_TYPE);
  if (r->pid == 0)
    luaL_error(L, "the run is over");
  return r;
}


/* How it ended: nil and why. */
static int ended(lua_State *L, const run *r) {
  lua_pushnil(L);
  if (r->pid != 0)
    lua_pushfstring(L, "it cannot be traced: %s", strerror(errno));
  else if (WIFEXITED(r->status))
    lua_pushliteral(L, "the run is over");
  else
    lua_pushfstring(L, "the process ended by signal %d", WTERMSIG(r->status));
  return 2;
}


/*
** In a gate slot or beyond: what the trap is to come back to, is on the stack.
** False where the trap has no way back, or cannot be followed.
*/
static bool pass_trap(run *r, struct user_regs_struct *regs) {
  uint64_t back = 0;
  return regs->rsp < GUEST_END &&
         read_memory(r, regs->rsp, &back, sizeof back) &&
         back >= ZVM_TEXT_BASE && back < GUEST_END && run_to(r, back, regs);
}


/*
** run:bundle(): go on to the next bundle, or round a loop in this one. Gives
** registers, as hex strings, with pc and flags; and the slot number of a trap
** that was taken on the way. Or nil and how it ended.
*/
static int next_bundle(lua_State *L) {
  run *r = check(L);
  struct user_regs_struct regs;
  if (ptrace(PTRACE_GETREGS, r->pid, NULL, &regs) != 0)
    return ended(L, r);
  uint64_t bundle = regs.rip / ZVM_BUNDLE_SIZE;
  uint64_t last;
  int slot = -1;
  do {
    last = regs.rip;
    if (!go_on(r, PTRACE_SINGLESTEP) ||
        ptrace(PTRACE_GETREGS, r->pid, NULL, &regs) != 0)
      return ended(L, r);
    if (regs.rip >= ZVM_GATE_BASE && regs.rip < ZVM_TEXT_BASE) {
      slot = (int)((regs.rip - ZVM_GATE_BASE) / ZVM_BUNDLE_SIZE);
      if (!pass_trap(r, &regs)) {
        if (r->pid != 0)
          (void)go_on(r, PTRACE_CONT); /* an exit: to the end */
        return ended(L, r);
      }
    }
    /* A loop within a bundle is a step each time round. */
  } while (regs.rip / ZVM_BUNDLE_SIZE == bundle && regs.rip > last);
  push_registers(L, &regs);
  if (slot < 0)
    lua_pushnil(L);
  else
    lua_pushinteger(L, slot);
  return 2;
}


/* run:memory(address, size): bytes of the guest, or nil. */
static int memory(lua_State *L) {
  const run *r = check(L);
  lua_Number address = luaL_checknumber(L, 2);
  lua_Integer size = luaL_checkinteger(L, 3);
  char bytes[MEMORY_MAX];
  luaL_argcheck(L, address >= 0 && address < GUEST_END, 2, "not the guest's");
  luaL_argcheck(L, size >= 0 && size <= MEMORY_MAX, 3, "too many bytes");
  if (!read_memory(r, (uint64_t)address, bytes, (size_t)size))
    return 0;
  lua_pushlstring(L, bytes, (size_t)size);
  return 1;
}


static int process(lua_State *L) {
  lua_pushinteger(L, check(L)->pid);
  return 1;
}


/* run:finish(): go on to the end, unwatched. */
static int finish(lua_State *L) {
  run *r = check(L);
  (void)set_break(r, 0);
  while (go_on(r, PTRACE_CONT))
    ;
  return ended(L, r);
}


static int close_run(lua_State *L) {
  run *r = luaL_checkudata(L, 1, STEP_TYPE);
  if (r->pid != 0) {
    (void)kill(r->pid, SIGKILL);
    while (wait_stop(r))
      (void)kill(r->pid, SIGKILL);
  }
  return 0;
}


/*
** start(f, entry): call f in a copy of this process, and stop where the guest
** that it runs inline begins, at `entry`. The run; or nil, message, code.
*/
static int start(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  uint64_t entry = (uint64_t)luaL_checknumber(L, 2);
  run *r = lua_newuserdata(L, sizeof *r);
  memset(r, 0, sizeof *r);
  luaL_getmetatable(L, STEP_TYPE);
  lua_setmetatable(L, -2);
  pid_t pid = fork();
  if (pid < 0)
    return failed(L, "cannot make a process");
  if (pid == 0) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
      _exit(1);
    (void)raise(SIGSTOP);
    lua_pushvalue(L, 1);
    _exit(lua_pcall(L, 0, 0, 0) == 0 ? 0 : 2);
  }
  r->pid = pid;
  struct user_regs_struct regs;
  if (!wait_stop(r)) {
    errno = EPERM;
    return failed(L, "this system lets no process be traced");
  }
  (void)ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_EXITKILL);
  if (!run_to(r, entry, &regs))
    return r->pid == 0 ? ended(L, r) : failed(L, "cannot watch the run");
  push_registers(L, &regs);
  return 2;
}


int zvm__step_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"bundle", next_bundle},
                                     {"close", close_run},
                                     {"finish", finish},
                                     {"memory", memory},
                                     {"process", process}};
  luaL_newmetatable(L, STEP_TYPE);
  lua_createtable(L, 0, 5);
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
    lua_pushcfunction(L, methods[i].func);
    lua_setfield(L, -2, methods[i].name);
  }
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, close_run);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, start);
  lua_setfield(L, -2, "start");
  return 1;
}
