/*
** step.c - the module zvm.step: a run that is watched bundle by bundle.
**
** The run goes on in a copy of this process, which traces it (ptrace), so that
** neither zvm.so nor the core knows of it: what is seen is what runs
** (watched.c). For people who want to see how it works: no part of the trusted
** base.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lauxlib.h>

#include "interpreter.h"
#include "watched.h"

#define STEP_TYPE  "zvm.step"
#define MEMORY_MAX 4096
#define TOLD_MAX   4096 /* of what the copy says at its end            */
#define LOOK_US    5000 /* between looks whether somebody interrupts   */

static int failed(lua_State *L, const char *what) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", what, strerror(errno));
  lua_pushliteral(L, "SYSTEM");
  return 3;
}


/* -- Steps ----------------------------------------------------------------- */

/* Whether SIGINT came (main.c); it is taken. */
static bool interrupted(lua_State *L) {
  if (lua_gethook(L) == NULL)
    return false;
  lua_sethook(L, NULL, 0, 0);
  return true;
}


static void push_registers(lua_State *L, const struct user_regs_struct *u) {
  const struct {
    const char *name;
    uint64_t value;
  } all[] = {
      {"rax", u->rax}, {"rcx", u->rcx}, {"rdx", u->rdx}, {"rbx", u->rbx},
      {"rsp", u->rsp}, {"rbp", u->rbp}, {"rsi", u->rsi}, {"rdi", u->rdi},
      {"r8", u->r8},   {"r9", u->r9},   {"r10", u->r10}, {"r11", u->r11},
      {"r12", u->r12}, {"r13", u->r13}, {"r14", u->r14}, {"r15", u->r15}};
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


static zvm__watched *check(lua_State *L) {
  zvm__watched *r = luaL_checkudata(L, 1, STEP_TYPE);
  if (r->pid == 0)
    luaL_error(L, "the run is over");
  return r;
}


/* How it ended: nil and why. */
static int ended(lua_State *L, zvm__watched *r) {
  char text[TOLD_MAX];
  ssize_t n = 0;
  if (r->pid == 0 && r->told >= 0)
    n = read(r->told, text, sizeof text);
  lua_pushnil(L);
  if (r->pid != 0)
    lua_pushfstring(L, "it cannot be traced: %s", strerror(errno));
  else if (n > 0)
    lua_pushlstring(L, text, (size_t)n);
  else if (WIFEXITED(r->status))
    lua_pushliteral(L, "the run is over");
  else
    lua_pushfstring(L, "the process ended by signal %d", WTERMSIG(r->status));
  return 2;
}


static void push_fault(lua_State *L, const zvm__watched *r) {
  static const char *const names[] = {[SIGSEGV] = "SIGSEGV",
                                      [SIGBUS] = "SIGBUS",
                                      [SIGILL] = "SIGILL",
                                      [SIGFPE] = "SIGFPE",
                                      [SIGTRAP] = "SIGTRAP"};
  siginfo_t info;
  lua_pushstring(L, names[WSTOPSIG(r->status)]);
  lua_setfield(L, -2, "signal");
  /* Of the processor's other exceptions no address is known. */
  if (ptrace(PTRACE_GETSIGINFO, r->pid, NULL, &info) == 0 &&
      WSTOPSIG(r->status) == SIGSEGV && info.si_code != SI_KERNEL) {
    lua_pushnumber(L, (lua_Number)(uintptr_t)info.si_addr);
    lua_setfield(L, -2, "address");
  }
}


/*
** run:bundle(count): go on by so many bundles, to a fault, or to where somebody
** interrupts. Gives registers, as hex strings, with pc and flags; and a table:
** steps, before (the registers before the last of them), slot of a trap that
** was taken in it, interrupted; of a fault signal, and address if it is known.
** Or nil and how it ended.
*/
static int next_bundle(lua_State *L) {
  zvm__watched *r = check(L);
  lua_Number count = luaL_optnumber(L, 2, 1);
  lua_Number steps = 0;
  struct user_regs_struct before, regs;
  zvm__outcome how;
  int slot;
  bool stop;
  if (ptrace(PTRACE_GETREGS, r->pid, NULL, &regs) != 0)
    return ended(L, r);
  do {
    before = regs;
    how = zvm__watched_bundle(r, &regs, &slot);
    steps += how == ZVM__STOPPED;
    stop = interrupted(L);
  } while (how == ZVM__STOPPED && !stop && steps < count);
  if (how == ZVM__OVER)
    return ended(L, r);
  push_registers(L, &regs);
  lua_createtable(L, 0, 6);
  push_registers(L, &before);
  lua_setfield(L, -2, "before");
  lua_pushnumber(L, steps);
  lua_setfield(L, -2, "steps");
  lua_pushboolean(L, stop && steps < count);
  lua_setfield(L, -2, "interrupted");
  if (slot >= 0) {
    lua_pushinteger(L, slot);
    lua_setfield(L, -2, "slot");
  }
  if (how == ZVM__FAULTED)
    push_fault(L, r);
  return 2;
}


/* run:memory(address, size): bytes of the guest, or nil. */
static int memory(lua_State *L) {
  const zvm__watched *r = check(L);
  lua_Number address = luaL_checknumber(L, 2);
  lua_Integer size = luaL_checkinteger(L, 3);
  char bytes[MEMORY_MAX];
  luaL_argcheck(L, address >= 0 && address < ZVM__WATCHED_END, 2,
                "not the guest's");
  luaL_argcheck(L, size >= 0 && size <= MEMORY_MAX, 3, "too many bytes");
  if (!zvm__watched_read(r, (uint64_t)address, bytes, (size_t)size))
    return 0;
  lua_pushlstring(L, bytes, (size_t)size);
  return 1;
}


static int process(lua_State *L) {
  lua_pushinteger(L, check(L)->pid);
  return 1;
}


/* Waits for the next stop, or stops it where somebody interrupts. */
static bool wait_or_interrupt(lua_State *L, zvm__watched *r, bool *stop) {
  pid_t got;
  useconds_t time = 1;
  while ((got = waitpid(r->pid, &r->status, WNOHANG)) == 0) {
    if (interrupted(L)) {
      *stop = true;
      (void)kill(r->pid, SIGSTOP);
    }
    (void)usleep(time);
    time = time < LOOK_US ? 2 * time : LOOK_US;
  }
  return zvm__watched_note(r, got);
}


/*
** run:finish(): go on to the end, unwatched: nil and how it ended. Or, when it
** was interrupted, registers where it is.
*/
static int finish(lua_State *L) {
  zvm__watched *r = check(L);
  struct user_regs_struct regs;
  bool stop = false;
  (void)zvm__watched_break(r, 0);
  do {
    if (!zvm__watched_let_go(r, PTRACE_CONT) || !wait_or_interrupt(L, r, &stop))
      return ended(L, r);
  } while (!stop || r->fault);
  if (ptrace(PTRACE_GETREGS, r->pid, NULL, &regs) != 0 ||
      zvm__watched_pass_host(r, &regs) != ZVM__STOPPED)
    return ended(L, r);
  push_registers(L, &regs);
  return 1;
}


static int close_run(lua_State *L) {
  zvm__watched *r = luaL_checkudata(L, 1, STEP_TYPE);
  if (r->pid != 0) {
    (void)kill(r->pid, SIGKILL);
    while (zvm__watched_wait(r))
      (void)kill(r->pid, SIGKILL);
  }
  if (r->told >= 0)
    (void)close(r->told);
  r->told = -1;
  return 0;
}


/*
** The copy: it calls f, the first argument, and says what that gives. An
** interrupt is not its to hear.
*/
static _Noreturn void be_watched(lua_State *L, int to) {
  if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
    _exit(1);
  (void)signal(SIGINT, SIG_IGN);
  (void)raise(SIGSTOP);
  lua_pushvalue(L, 1);
  (void)lua_pcall(L, 0, 1, 0);
  size_t size;
  const char *text = lua_tolstring(L, -1, &size);
  if (text != NULL && size > TOLD_MAX)
    size = TOLD_MAX;
  _exit(text != NULL && write(to, text, size) == (ssize_t)size ? 0 : 2);
}


/*
** start(f, entry, faults): call f in a copy of this process, and stop where the
** guest that it runs inline begins, at `entry`. `faults`: address of its
** zvm_abi_faults, or nil. f gives a line that says how the run ended. The run;
** or nil, message, code.
*/
static int start(lua_State *L) {
  lua_settop(L, 3);
  luaL_checktype(L, 1, LUA_TFUNCTION);
  uint64_t entry = (uint64_t)luaL_checknumber(L, 2);
  zvm__watched *r = lua_newuserdata(L, sizeof *r);
  *r = (zvm__watched){.told = -1, .faults = (uint64_t)luaL_optnumber(L, 3, 0)};
  luaL_getmetatable(L, STEP_TYPE);
  lua_setmetatable(L, -2);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return failed(L, "cannot make a pipe");
  r->told = ends[0];
  pid_t pid = fork();
  if (pid == 0)
    be_watched(L, ends[1]);
  (void)close(ends[1]);
  if (pid < 0)
    return failed(L, "cannot make a process");
  r->pid = pid;
  struct user_regs_struct regs;
  if (!zvm__watched_wait(r)) {
    errno = EPERM;
    return failed(L, "this system lets no process be traced");
  }
  (void)ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_EXITKILL);
  if (zvm__watched_run_to(r, entry, &regs) != ZVM__STOPPED)
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
